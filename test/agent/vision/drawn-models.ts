import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { type OnnxNode, type OnnxTensor, onnxBytes } from './onnx-bytes.ts'

/**
 * Two networks that know colours only, real ONNX for the real runtime: a stem screen (green healthy, brown spot, violet
 * rot, blue background) of the shapes that training exports, and a leaf model with a head for durian and one for mango.
 */
export function putModels(
  folder: string,
  /** The leaf model says where, too: a second output a crop, named in its manifest. */
  { withMap = false } = {},
): {
  readonly folder: string
  readonly stem: string
  readonly leaf: string
} {
  return { folder, stem: putStem(folder), leaf: putLeaf(folder, withMap) }
}

const COLOURS = {
  healthy: [60, 150, 50],
  spot: [120, 70, 20],
  rot_or_canker: [120, 40, 130],
  background: [90, 130, 220],
}

type Rgb = readonly [number, number, number]

/** Of linear logits x·c − |c|²/2 the largest is that of the nearest colour; in hundredths of a grey step. */
const classifier = (colours: readonly (readonly number[])[]) => ({
  weight: colours.flatMap((colour) => colour.map((each) => each / 1000)),
  bias: colours.map((colour) => -colour.reduce((sum, each) => sum + each * each, 0) / 2000),
})

function putStem(folder: string): string {
  const { weight, bias } = classifier(Object.values(COLOURS))
  // Each cell looks beyond itself, so that a cut without a margin would show: means over 5 × 5, then 11 × 11.
  const blur = (name: string, side: number): OnnxTensor => ({
    name,
    dims: [3, 1, side, side],
    values: Array.from({ length: 3 * side * side }, (_, at) => (1 + (at % 5)) / (3 * side * side)),
  })
  const nodes: OnnxNode[] = [
    { op: 'Cast', inputs: ['photo'], output: 'floats', int: { to: 1 } },
    { op: 'Transpose', inputs: ['floats'], output: 'planes', ints: { perm: [0, 3, 1, 2] } },
    {
      ...{ op: 'Conv', inputs: ['planes', 'near'], output: 'quarter', int: { group: 3 } },
      ints: { kernel_shape: [5, 5], strides: [4, 4], pads: [2, 2, 2, 2] },
    },
    {
      ...{ op: 'Conv', inputs: ['quarter', 'far'], output: 'cell', int: { group: 3 } },
      ints: { kernel_shape: [11, 11], strides: [8, 8], pads: [5, 5, 5, 5] },
    },
    { op: 'Conv', inputs: ['cell', 'weight', 'bias'], output: 'cells', ints: { kernel_shape: [1, 1] } },
    {
      op: 'AveragePool',
      inputs: ['cells'],
      output: 'tiles',
      ints: { kernel_shape: [5, 5], strides: [1, 1] },
    },
  ]
  const constants = [
    ...[blur('near', 5), blur('far', 11)],
    { name: 'weight', dims: [4, 3, 1, 1], values: weight },
    { name: 'bias', dims: [4], values: bias },
  ]
  const model = onnxBytes({ input: 'photo', nodes, constants, outputs: [{ name: 'tiles', rank: 4 }] })
  return putModel(folder, 'dragon-fruit-stem', model, {
    organ: 'stem',
    crops: ['dragon-fruit'],
    screen: { vi: 'Sàng lọc, không phải chẩn đoán bệnh.', en: 'A screen, not a diagnosis.' },
    input: { name: 'photo', type: 'uint8', layout: 'NHWC', longSidePx: 640, multipleOfPx: 32 },
    tiles: { output: 'tiles', tilePx: 160, stridePx: 32, plantShareFrom: 0.15, lesionCellsFrom: 2 },
    outputs: [
      {
        ...{ output: 'tiles', crop: 'dragon-fruit', temperature: 1 },
        ...{ lesionFrom: 0.5, backgroundFrom: 0.5, answerFrom: 0.6 },
        labels: labelsOf(Object.keys(COLOURS)),
      },
    ],
  })
}

function putLeaf(folder: string, withMap: boolean): string {
  const green: Rgb = [60, 150, 50]
  const heads: Record<string, readonly Rgb[]> = {
    // The last colour is "not this crop".
    durian: [green, [120, 70, 20], [90, 130, 220]],
    mango: [
      [230, 210, 60],
      [20, 20, 20],
      [60, 140, 60],
    ],
  }
  const nodes: OnnxNode[] = [
    { op: 'Cast', inputs: ['photo'], output: 'floats', int: { to: 1 } },
    { op: 'Transpose', inputs: ['floats'], output: 'planes', ints: { perm: [0, 3, 1, 2] } },
    { op: 'GlobalAveragePool', inputs: ['planes'], output: 'pooled' },
    { op: 'Flatten', inputs: ['pooled'], output: 'features', int: { axis: 1 } },
    ...Object.keys(heads).map((crop) => ({
      ...{ op: 'Gemm', inputs: ['features', `${crop}.weight`, `${crop}.bias`], output: crop },
      int: { transB: 1 },
    })),
    ...(withMap ? mapNodes(Object.keys(heads)) : []),
  ]
  const constants = Object.entries(heads).flatMap(([crop, colours]) => {
    const { weight, bias } = classifier(colours)
    return [
      { name: `${crop}.weight`, dims: [colours.length, 3], values: weight },
      ...(withMap ? [{ name: `${crop}.kernel`, dims: [colours.length, 3, 1, 1], values: weight }] : []),
      { name: `${crop}.bias`, dims: [colours.length], values: bias },
    ]
  })
  const outputs = Object.keys(heads).flatMap((name) => [
    { name, rank: 2 },
    ...(withMap ? [{ name: `${name}_map`, rank: 4 }] : []),
  ])
  return putModel(folder, 'leaf', onnxBytes({ input: 'photo', nodes, constants, outputs }), {
    organ: 'leaf',
    crops: Object.keys(heads),
    input: { name: 'photo', type: 'uint8', layout: 'NHWC', widthPx: 64, heightPx: 64 },
    outputs: Object.keys(heads).map((crop) => ({
      ...{ output: crop, crop, temperature: 1, answerFrom: 0.7, refuseFrom: 0.5 },
      ...(withMap ? { map: `${crop}_map` } : {}),
      labels: labelsOf(['healthy', 'leaf_spot', 'not-this-plant']),
    })),
  })
}

/** Each head at each of 8 × 8 positions: the mean of the map is what the head says of the whole. */
const mapNodes = (crops: readonly string[]): OnnxNode[] => [
  {
    ...{ op: 'AveragePool', inputs: ['planes'], output: 'places' },
    ints: { kernel_shape: [8, 8], strides: [8, 8] },
  },
  ...crops.map((crop) => ({
    ...{ op: 'Conv', inputs: ['places', `${crop}.kernel`, `${crop}.bias`], output: `${crop}_map` },
    ints: { kernel_shape: [1, 1] },
  })),
]

function putModel(folder: string, id: string, onnx: Uint8Array, rest: object): string {
  const own = join(folder, id)
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, 'model.onnx'), onnx)
  const sha256 = createHash('sha256').update(onnx).digest('hex')
  const manifest = { format: 'vuon/model/1', id, version: '1.0.0', sha256, file: 'model.onnx', ...rest }
  writeFileSync(join(own, 'manifest.json'), JSON.stringify(manifest))
  return own
}

const labelsOf = (keys: readonly string[]) =>
  keys.map((key) => ({ key, vi: VI[key] ?? key, en: key.replaceAll('_', ' '), organism: null }))

const VI: Readonly<Record<string, string>> = {
  healthy: 'không thấy vết bệnh',
  spot: 'có đốm',
  rot_or_canker: 'thối hoặc loét',
  leaf_spot: 'đốm lá',
}

/** A photo for these networks: a stem of the colour before a sky, `spots` of other colours on it, and grain. */
export function drawnStem(
  spots: readonly {
    readonly colour: keyof typeof COLOURS
    readonly x: number
    readonly y: number
    readonly r: number
  }[] = [],
  { widthPx = 640, heightPx = 480, stem = 'healthy' as keyof typeof COLOURS } = {},
): Promise<Buffer> {
  const rgb = (colour: keyof typeof COLOURS) => `rgb(${COLOURS[colour].join(',')})`
  const circles = spots.map(
    ({ colour, x, y, r }) => `<circle cx="${x}" cy="${y}" r="${r}" fill="${rgb(colour)}"/>`,
  )
  // Fine lines, or the gate would call it blurred.
  const lines = Array.from(
    { length: 60 },
    (_, at) =>
      `<path d="M0 ${at * 11}H${widthPx}" stroke="rgba(0,0,0,.25)"/><path d="M${at * 17} 0V${heightPx}" stroke="rgba(255,255,255,.25)"/>`,
  )
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}"><rect width="100%" height="100%" fill="${rgb('background')}"/>
    <rect x="0" y="${heightPx * 0.1}" width="100%" height="${heightPx * 0.8}" fill="${rgb(stem)}"/>${circles.join('')}${lines.join('')}</svg>`
  return sharp(Buffer.from(svg)).png().toBuffer()
}

import { ORGANS, type Organ } from '#contract/wire/finding.ts'

/** What a model's `manifest.json` says of it, as far as running it needs it. `models/training/manifest.ts` writes it. */
export interface ModelManifest {
  readonly id: string
  readonly version: string
  /** Hex sha256 of the model's file. */
  readonly sha256: string
  /** Name of the model's file in the folder of the manifest. */
  readonly file: string
  readonly organ: Organ
  readonly crops: readonly string[]
  /** What has to be said with every answer of a model that is no diagnosis. */
  readonly screen: Words | null
  readonly input: { readonly name: string; readonly shape: InputShape }
  readonly heads: readonly ModelHead[]
}

export interface Words {
  readonly vi: string
  readonly en: string
}

export type InputShape =
  /** The whole photo drawn to one size, whatever its proportions are. */
  | { readonly kind: 'fixed'; readonly widthPx: number; readonly heightPx: number }
  /** The whole photo at `longSidePx`, both sides multiples of `multipleOfPx`; a tile classifier slides over it. */
  | {
      readonly kind: 'tiles'
      readonly longSidePx: number
      readonly multipleOfPx: number
      readonly tilePx: number
      /** How far beyond a tile the network looks, px: what two strips of one photo have to share. */
      readonly haloPx: number
      /** Memory of the two largest activations that live at once, for each pixel of the photo. */
      readonly activationBytesPerPx: number
    }

export interface ModelLabel extends Words {
  readonly key: string
  /** URI of the organism, where the label names one. */
  readonly organism: string | null
}

interface HeadBase {
  /** Name of the ONNX output. */
  readonly output: string
  readonly crop: string
  readonly labels: readonly ModelLabel[]
  readonly temperature: number
  /** From this probability of the verdict on it is said. */
  readonly answerFrom: number
}

export type ModelHead =
  /** A logit a label; the last one says "not this crop". */
  | (HeadBase & {
      readonly kind: 'photo'
      readonly refuseFrom: number
      /** Output with the same logits at each position of the photo, before they are averaged; null where there is none. */
      readonly map: string | null
    })
  /** A plane of logits a label; `healthy` and `background` are labels of it, all others are lesions. */
  | (HeadBase & {
      readonly kind: 'tiles'
      readonly lesionFrom: number
      readonly backgroundFrom: number
      readonly plantShareFrom: number
      readonly lesionCellsFrom: number
    })

// MobileNetV2 looks 491 px wide, the widest of the backbones that are trained for this: 246 px to each side.
const WIDEST_HALO_PX = 256
// MobileNetV2 in int8: 96 planes at half the sides, twice (before and after the depthwise step of stride 2, a quarter
// of it) and the 32 of the stem: 24 + 6 + 8, rounded up.
const USUAL_ACTIVATION_BYTES = 48
const MAX_LABELS = 60
const MAX_HEADS = 20

/** Throws an Error that names the field, for what is no manifest of a model that this program can run. */
export function parseManifest(text: string): ModelManifest {
  const whole = object(JSON.parse(text), 'the manifest')
  if (whole['format'] !== 'vuon/model/1') throw new Error('"format" is not "vuon/model/1"')
  const input = object(whole['input'], 'input')
  const tiles = whole['tiles'] === undefined ? null : object(whole['tiles'], 'tiles')
  if (input['type'] !== 'uint8' || input['layout'] !== 'NHWC')
    throw new Error('"input" is not uint8 in NHWC; other kinds are not run here')
  const organ = ORGANS.find((each) => each === whole['organ'])
  if (!organ) throw new Error('"organ" is not stem, leaf or fruit')
  return {
    id: name(whole['id'], 'id'),
    version: name(whole['version'], 'version'),
    sha256: matching(whole['sha256'], 'sha256', /^[0-9a-f]{64}$/),
    file: matching(whole['file'] ?? 'model.onnx', 'file', /^[\w-][\w.-]{0,99}$/),
    organ,
    crops: list(whole['crops'], 'crops', MAX_HEADS).map((each) => matching(each, 'crops', CROP)),
    screen: whole['screen'] === undefined ? null : words(object(whole['screen'], 'screen'), 'screen'),
    input: { name: name(input['name'], 'input.name'), shape: shapeOf(input, tiles) },
    heads: list(whole['outputs'], 'outputs', MAX_HEADS).map((each) => headOf(object(each, 'outputs'), tiles)),
  }
}

function shapeOf(input: Fields, tiles: Fields | null): InputShape {
  if (!tiles) {
    const side = (key: string) => within(input[key], `input.${key}`, 32, 1024)
    return { kind: 'fixed', widthPx: side('widthPx'), heightPx: side('heightPx') }
  }
  const multipleOfPx = within(input['multipleOfPx'], 'input.multipleOfPx', 1, 256)
  const tilePx = within(tiles['tilePx'], 'tiles.tilePx', multipleOfPx, 1024)
  if (tilePx % multipleOfPx !== 0) throw new Error('"tiles.tilePx" is no multiple of "input.multipleOfPx"')
  if ((tiles['stridePx'] ?? multipleOfPx) !== multipleOfPx)
    throw new Error('"tiles.stridePx" is not "input.multipleOfPx"')
  return {
    kind: 'tiles',
    longSidePx: within(input['longSidePx'], 'input.longSidePx', tilePx, 4096),
    multipleOfPx,
    tilePx,
    haloPx: within(tiles['haloPx'] ?? WIDEST_HALO_PX, 'tiles.haloPx', 0, 1024),
    activationBytesPerPx: within(
      tiles['activationBytesPerPx'] ?? USUAL_ACTIVATION_BYTES,
      'tiles.activationBytesPerPx',
      1,
      4096,
    ),
  }
}

function headOf(fields: Fields, tiles: Fields | null): ModelHead {
  const labels = list(fields['labels'], 'labels', MAX_LABELS).map((each): ModelLabel => {
    const label = object(each, 'labels')
    const { organism } = label
    return {
      key: name(label['key'], 'labels.key'),
      ...words(label, 'labels'),
      organism: typeof organism === 'string' && organism.length <= 300 ? organism : null,
    }
  })
  const base = {
    output: name(fields['output'], 'outputs.output'),
    crop: matching(fields['crop'], 'outputs.crop', CROP),
    labels,
    temperature: within(fields['temperature'], 'outputs.temperature', 0.01, 100),
    answerFrom: share(fields['answerFrom'], 'outputs.answerFrom'),
  }
  if (new Set(labels.map(({ key }) => key)).size !== labels.length)
    throw new Error(`"labels" of ${base.output} name one twice`)
  if (labels.length < 2) throw new Error(`"labels" of ${base.output} are fewer than two`)
  if (!tiles)
    return {
      ...{ kind: 'photo', ...base, refuseFrom: share(fields['refuseFrom'], 'outputs.refuseFrom') },
      map: fields['map'] === undefined ? null : name(fields['map'], 'outputs.map'),
    }
  for (const needed of [HEALTHY, BACKGROUND])
    if (!labels.some(({ key }) => key === needed)) throw new Error(`"labels" of tiles lack "${needed}"`)
  return {
    kind: 'tiles',
    ...base,
    lesionFrom: share(fields['lesionFrom'], 'outputs.lesionFrom'),
    backgroundFrom: share(fields['backgroundFrom'], 'outputs.backgroundFrom'),
    plantShareFrom: share(tiles['plantShareFrom'], 'tiles.plantShareFrom'),
    lesionCellsFrom: within(tiles['lesionCellsFrom'], 'tiles.lesionCellsFrom', 1, 1000),
  }
}

/** The labels of a tile classifier that are no lesion. */
export const HEALTHY = 'healthy'
export const BACKGROUND = 'background'

type Fields = Readonly<Record<string, unknown>>

export const CROP = /^[a-z0-9]+(-[a-z0-9]+)*$/

function object(value: unknown, field: string): Fields {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error(`"${field}" is no object`)
  return value as Fields
}

function list(value: unknown, field: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > most)
    throw new Error(`"${field}" is no list of 1 to ${most}`)
  return value
}

function matching(value: unknown, field: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw new Error(`"${field}" is not as it should be`)
  return value
}

const name = (value: unknown, field: string): string => matching(value, field, /^[^\0]{1,64}$/)

const words = (fields: Fields, field: string): Words => ({
  vi: matching(fields['vi'], `${field}.vi`, /^[^\0]{1,300}$/),
  en: matching(fields['en'], `${field}.en`, /^[^\0]{1,300}$/),
})

function within(value: unknown, field: string, from: number, to: number): number {
  if (typeof value !== 'number' || !(value >= from && value <= to))
    throw new Error(`"${field}" is no number from ${from} to ${to}`)
  return value
}

const share = (value: unknown, field: string): number => within(value, field, 0, 1)

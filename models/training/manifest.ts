import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HeadFigures } from './leaf-figures.ts'
import type { PackPhoto } from './photo-pack.ts'
import { LEAF_SIDE_PX, PHOTO_SIDE_PX, STRIDE_PX, TILE_PX } from './plan.ts'
import { STEM_OUTPUTS, type StemSettings } from './stem-figures.ts'
import { LESION_CELLS_FROM, PLANT_SHARE_FROM } from './stem-run.ts'

/** What a person reads for a label. `organism` is a URI where the label names one organism that a laboratory confirmed. */
interface Label {
  readonly key: string
  readonly vi: string
  readonly en: string
  readonly organism: string | null
}

/** For every crop at once: what the last output of a head says. */
const OUTSIDE: Label = {
  key: 'not-this-plant',
  vi: 'không phải lá của cây này',
  en: 'not a leaf of this crop',
  organism: null,
}

const STEM_LABELS: readonly Label[] = [
  {
    key: 'healthy',
    vi: 'không thấy vết bệnh',
    en: 'no lesion seen',
    organism: null,
  },
  {
    key: 'spot',
    vi: 'có đốm (nâu, đen hoặc ghẻ sần)',
    en: 'spots (brown, black or scab)',
    organism: null,
  },
  {
    key: 'rot_or_canker',
    vi: 'thối hoặc loét nhạt màu',
    en: 'rot or pale canker',
    organism: null,
  },
  {
    key: 'background',
    vi: 'không phải cành thanh long',
    en: 'not a dragon-fruit stem',
    organism: null,
  },
]

const INPUT = {
  name: 'photo',
  type: 'uint8',
  layout: 'NHWC',
  colour: 'sRGB',
  kernel: 'cubic',
  normalisation: 'in the graph: pixel / 127.5 - 1',
}

const LICENCE = {
  weights: 'Apache-2.0, made from Apache-2.0 backbones (google-coral/test_data)',
  use: 'trial use only: the owners of some training photos have stated no licence or have not been asked, and must clear them before these weights are distributed',
}

/** The ONNX output that has a crop's logits cell by cell, [1, labels, rows, columns]; their mean is the crop's output. */
export const mapOf = (output: string): string => `${output}_map`

export interface Written {
  readonly id: string
  readonly version: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** Copies the int8 model into its folder and writes manifest.json beside it. */
export function writeLeafManifest(
  out: string,
  version: string,
  int8: string,
  figures: readonly HeadFigures[],
  photos: readonly PackPhoto[],
  backbones: readonly [trained: string, untouched: string],
): Written {
  const labelsOf = (crop: string, keys: readonly string[]): Label[] =>
    keys.map((key) => {
      const photo = photos.find((each) => each.crop === crop && each.organ === 'leaf' && each.label === key)
      return {
        key,
        vi: photo?.labelVi ?? key,
        en: photo?.labelEn ?? key,
        organism: null,
      }
    })
  return write(join(out, 'leaf'), int8, {
    id: 'leaf',
    version,
    organ: 'leaf',
    crops: figures.map(({ crop }) => crop),
    backbone: backbones.join(' + '),
    input: {
      ...INPUT,
      widthPx: LEAF_SIDE_PX,
      heightPx: LEAF_SIDE_PX,
      fit: 'fill',
    },
    // A head's probabilities are softmax(output / temperature); refused, else answered, else uncertain.
    outputs: figures.map(({ crop, labels, settings }) => ({
      output: crop,
      map: mapOf(crop),
      crop,
      ...settings,
      labels: [...labelsOf(crop, labels), OUTSIDE],
    })),
    licence: {
      ...LICENCE,
      photos: licencesOf(photos.filter(({ set }) => set !== 'dragonfruit_stem_tiles')),
    },
  })
}

export function writeStemManifest(
  out: string,
  version: string,
  int8: string,
  settings: StemSettings,
  photos: readonly PackPhoto[],
  backbone: string,
): Written {
  return write(join(out, 'dragon-fruit-stem'), int8, {
    id: 'dragon-fruit-stem',
    version,
    organ: 'stem',
    crops: ['dragon-fruit'],
    backbone,
    // A screen on every screen: what it is not must be said with each answer.
    screen: {
      vi: 'Sàng lọc từ ít ảnh của một vùng, không phải chẩn đoán bệnh.',
      en: 'A screen from few photos of one region, not a diagnosis.',
    },
    input: {
      ...INPUT,
      longSidePx: PHOTO_SIDE_PX,
      multipleOfPx: STRIDE_PX,
      fit: 'fill',
    },
    tiles: {
      // Output (row, column) is the square of `tilePx` whose top-left corner is at (row, column) × `stridePx`.
      ...{ output: 'tiles', tilePx: TILE_PX, stridePx: STRIDE_PX },
      ...{
        plantShareFrom: PLANT_SHARE_FROM,
        lesionCellsFrom: LESION_CELLS_FROM,
      },
    },
    outputs: [
      {
        output: 'tiles',
        crop: 'dragon-fruit',
        ...settings,
        labels: STEM_LABELS,
      },
    ],
    licence: {
      ...LICENCE,
      photos: licencesOf(photos.filter(({ organ, crop }) => organ !== 'leaf' || crop !== '')),
    },
  })
}

const licencesOf = (photos: readonly PackPhoto[]): Record<string, string> =>
  Object.fromEntries(photos.map(({ set, licence }) => [set, licence]))

function write(
  folder: string,
  int8: string,
  manifest: Readonly<Record<string, unknown>> & {
    readonly id: string
    readonly version: string
  },
): Written {
  if (manifest.id === 'dragon-fruit-stem' && STEM_LABELS.some(({ key }, at) => key !== STEM_OUTPUTS[at]))
    throw new Error('the labels of the stem screen are not in the order of its outputs')
  mkdirSync(folder, { recursive: true })
  copyFileSync(int8, join(folder, 'model.onnx'))
  const bytes = readFileSync(join(folder, 'model.onnx'))
  const { id, version, ...rest } = manifest
  const written = {
    id,
    version,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sizeBytes: bytes.length,
  }
  const whole = {
    format: 'vuon/model/1',
    ...written,
    file: 'model.onnx',
    ...rest,
  }
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(whole, null, 2)}\n`)
  return written
}

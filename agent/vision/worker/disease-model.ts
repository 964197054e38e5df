import sharp from 'sharp'
import type { InstalledModel } from './model-folder.ts'
import type { ModelHead, ModelManifest } from './model-manifest.ts'
import { type Logits, type ModelSession, openSession } from './model-session.ts'
import { answerOf, answerOfAll } from './photo-heads.ts'
import type { DecodeSize, Look, PhotoModel, PhotoSize, RgbImage } from './photo-model.ts'
import { type Strip, stripsOf } from './strips.ts'
import { screenOf, type TilePlanes } from './tile-screen.ts'

// Of an activation at once; more would be felt on a box with 1 GB. A photo of 1,280 × 1,024 passes whole in int8.
const ACTIVATION_BYTES = 64_000_000
// Two: the stem screen and the leaf model. Each keeps 20 to 40 MB.
const MAX_OPEN = 2

/** Opens models when they are first needed, and keeps the last few open. */
export class OpenModels {
  readonly #sessions = new Map<string, Promise<ModelSession>>()

  /** `crop` empty: every crop of the model is asked. */
  model(installed: InstalledModel, crop: string): PhotoModel {
    const { manifest } = installed
    const { id, version, sha256 } = manifest
    return {
      ...{ id, version, sha256 },
      sizeOf: (photo) => sizeFor(manifest, photo),
      draw: (picture) => drawnFor(manifest, picture),
      rest: () => this.#rest(),
      look: async (picture) => lookAt(manifest, await this.#session(installed), crop, picture),
    }
  }

  /** Opens a model before it is asked, so that its own time is not that of its opening. */
  async ready(installed: InstalledModel): Promise<void> {
    await this.#session(installed)
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const session of sessions) await session.then((each) => each.close())
  }

  async #rest(): Promise<void> {
    const opened = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const session of opened) await session.then((each) => each.close())
  }

  async #session(installed: InstalledModel): Promise<ModelSession> {
    const { sha256 } = installed.manifest
    const found = this.#sessions.get(sha256)
    if (found) {
      // To the end of the row: the one that was not used for longest is closed first.
      this.#sessions.delete(sha256)
      this.#sessions.set(sha256, found)
      return found
    }
    const [oldest] = this.#sessions
    if (oldest && this.#sessions.size >= MAX_OPEN) {
      this.#sessions.delete(oldest[0])
      await oldest[1].then((session) => session.close())
    }
    const opening = openSession(installed)
    this.#sessions.set(sha256, opening)
    try {
      return await opening
    } catch (error) {
      this.#sessions.delete(sha256)
      throw error
    }
  }
}

// Below it the pixels are those of training, which reads photos of this size as they are.
const AS_IT_IS_PX = 1280
// Nearly twice a fixed input of 224 px, and enough for the gate. A ninth of 4,000 px: the least reduction at which the
// decoder reads a JPEG of twelve megapixels at an eighth of its size.
const DECODED_PX = 440
const DECODED_PER_INPUT = 1.96
// Halving in the decoder loses nothing that a reduction by more would keep.
const REDUCED_FROM = 2

/**
 * For a whole-photo input: the photo as it is, or much reduced by the decoder. For tiles: the long side that the
 * manifest names, both sides in whole cells. A photo no larger than two tiles is an excerpt, as the squares that the
 * screen was trained on are (320 px, drawn at 160): its short side becomes one tile.
 */
export function sizeFor({ input: { shape } }: ModelManifest, { widthPx, heightPx }: PhotoSize): DecodeSize {
  const long = Math.max(widthPx, heightPx)
  if (shape.kind === 'fixed') {
    if (long <= AS_IT_IS_PX) return { widthPx, heightPx }
    const decodedPx = Math.max(DECODED_PX, Math.max(shape.widthPx, shape.heightPx) * DECODED_PER_INPUT)
    const side = (px: number): number => Math.max(1, Math.round((px * Math.min(long, decodedPx)) / long))
    return { widthPx: side(widthPx), heightPx: side(heightPx), isMuchReduced: true }
  }
  const { tilePx, longSidePx, multipleOfPx } = shape
  const scale = long <= 2 * tilePx ? tilePx / Math.min(widthPx, heightPx) : longSidePx / long
  const side = (px: number): number => {
    const cells = Math.round((px * scale) / multipleOfPx)
    return Math.min(longSidePx, Math.max(tilePx, cells * multipleOfPx))
  }
  const size = { widthPx: side(widthPx), heightPx: side(heightPx) }
  return scale * REDUCED_FROM <= 1 ? { ...size, isMuchReduced: true } : size
}

/** A picture as the input of the model wants it. */
const drawnFor = async ({ input: { shape } }: ModelManifest, picture: RgbImage): Promise<RgbImage> =>
  shape.kind === 'fixed' ? drawn(picture, shape.widthPx, shape.heightPx) : picture

async function lookAt(
  manifest: ModelManifest,
  session: ModelSession,
  crop: string,
  picture: RgbImage,
): Promise<Look> {
  const { shape } = manifest.input
  const heads = manifest.heads.filter((head) => crop === '' || head.crop === crop)
  const [first] = heads
  if (!first) throw new Error(`${manifest.id} has no output for ${crop}`)
  if (shape.kind === 'fixed') {
    const answer = await session.run(await drawnFor(manifest, picture))
    const answers = heads.filter(isPhotoHead).map((head) => ({
      ...{ head, logits: vectorOf(answer, head) },
      ...(head.map === null ? {} : { map: outputOf(answer, head.map) }),
    }))
    return crop === '' ? answerOfAll(answers) : answerOf(answers[0] as (typeof answers)[number])
  }
  if (first.kind !== 'tiles') throw new Error(`${manifest.id} has tiles without a tile output`)
  const { tilePx, multipleOfPx } = shape
  const tileCells = tilePx / multipleOfPx
  const rows = picture.heightPx / multipleOfPx
  const maxRows = Math.floor(ACTIVATION_BYTES / (shape.activationBytesPerPx * picture.widthPx * multipleOfPx))
  const strips = stripsOf(rows, tileCells, Math.ceil(shape.haloPx / multipleOfPx), maxRows)
  const planes = await tilePlanes(session, first, picture, { strips, cellPx: multipleOfPx, tileCells })
  const look = screenOf(planes, first, tileCells)
  return crop === '' ? namingCrop(look, first.crop) : look
}

const isPhotoHead = (head: ModelHead): head is Extract<ModelHead, { kind: 'photo' }> => head.kind === 'photo'

/** Exactly as training drew it: cubic, without keeping the proportions. */
async function drawn({ rgb, ...size }: RgbImage, widthPx: number, heightPx: number): Promise<RgbImage> {
  if (size.widthPx === widthPx && size.heightPx === heightPx) return { rgb, widthPx, heightPx }
  const raw = { width: size.widthPx, height: size.heightPx, channels: 3 as const }
  const pixels = await sharp(rgb, { raw })
    .resize(widthPx, heightPx, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
  return { rgb: new Uint8Array(pixels), widthPx, heightPx }
}

/** Runs strip after strip and puts what each keeps into one plane a label. */
export async function tilePlanes(
  session: ModelSession,
  head: ModelHead,
  picture: RgbImage,
  plan: { readonly strips: readonly Strip[]; readonly cellPx: number; readonly tileCells: number },
): Promise<TilePlanes> {
  const { cellPx, tileCells } = plan
  const rows = picture.heightPx / cellPx - tileCells + 1
  const columns = picture.widthPx / cellPx - tileCells + 1
  const labels = head.labels.length
  const logits = new Float32Array(labels * rows * columns)
  for (const { from, to, keepFrom, keepTo } of plan.strips) {
    const rowBytes = picture.widthPx * cellPx * 3
    const answer = await session.run({
      widthPx: picture.widthPx,
      heightPx: (to - from) * cellPx,
      rgb: picture.rgb.subarray(from * rowBytes, to * rowBytes),
    })
    const { dims, values } = outputOf(answer, head.output)
    const stripRows = to - from - tileCells + 1
    if (dims.length !== 4 || dims[1] !== labels || dims[2] !== stripRows || dims[3] !== columns)
      throw new Error(
        `"${head.output}" is ${dims.join(' × ')}, not 1 × ${labels} × ${stripRows} × ${columns}`,
      )
    for (let label = 0; label < labels; label++) {
      const start = (label * stripRows + keepFrom - from) * columns
      const kept = values.subarray(start, start + (keepTo - keepFrom) * columns)
      logits.set(kept, (label * rows + keepFrom) * columns)
    }
  }
  return { rows, columns, logits: finite(logits, head) }
}

function vectorOf(answer: Readonly<Record<string, Logits>>, head: ModelHead): number[] {
  const { values } = outputOf(answer, head.output)
  if (values.length !== head.labels.length)
    throw new Error(`"${head.output}" has ${values.length} values for ${head.labels.length} labels`)
  return [...finite(values, head)]
}

function outputOf(answer: Readonly<Record<string, Logits>>, output: string): Logits {
  const found = answer[output]
  if (!found) throw new Error(`the model has no output "${output}"`)
  return found
}

function finite(values: Float32Array, { output }: ModelHead): Float32Array {
  if (!values.every(Number.isFinite)) throw new Error(`"${output}" holds what is no number`)
  return values
}

const namingCrop = (look: Look, crop: string): Look => ({
  ...look,
  verdict: look.verdict && `${crop}/${look.verdict}`,
  labels: look.labels.map(({ label, probability }) => ({ label: `${crop}/${label}`, probability })),
})

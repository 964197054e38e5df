import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import sharp, { type Metadata, type Sharp } from 'sharp'
import { MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'
import { takenAtOf } from './exif-time.ts'
import { greyOf, greyOfFile } from './grey-picture.ts'
import { writeHeatOverlay } from './heat-overlay.ts'
import type { Diagnosis, NoPhotoReason, PhotoAnswer, PhotoRequest, WrittenImage } from './photo-answer.ts'
import { formatOf, SIGNATURE_BYTES } from './photo-format.ts'
import type { DecodeSize, ModelShelf, PhotoModel, RgbImage } from './photo-model.ts'
import { gateReason, measureQuality } from './quality-gate.ts'

/**
 *   file ─► size, first bytes ─► header ─► one decode, at the model's size ─► grey copy ─► quality gate ─► model ─► answer
 *                                   └─► cleaned photo and thumbnail, when they are to be kept
 *
 * What is kept is drawn anew from the pixels: EXIF, GPS, colour profiles, and whatever else a file carries behind its
 * picture stay behind. It is turned upright, because nobody can look up the orientation later.
 */
export async function examinePhoto(request: PhotoRequest, shelf: ModelShelf): Promise<PhotoAnswer> {
  const startedMs = performance.now()
  const spent = (decode = 0, infer = 0) => ({
    decode: Math.round(decode),
    infer: Math.round(infer),
    total: Math.round(performance.now() - startedMs),
  })
  const noPhoto = (reason: NoPhotoReason, detail: string): PhotoAnswer => ({
    kind: 'no-photo',
    reason,
    detail,
    ms: spent(),
  })
  const bad = refuseByBytes(request.path)
  if (bad) return noPhoto(bad.reason, bad.detail)
  try {
    const header = await open(request.path).metadata()
    const { widthPx, heightPx } = upright(header)
    if (widthPx * heightPx > MAX_PIXELS)
      return noPhoto('too-large', `${widthPx} × ${heightPx} pixels; at most ${MAX_PIXELS / 1e6} million`)
    const chosen = await chosenModel(request, shelf)
    const picture = chosen.model && (await decoded(request.path, chosen.model.sizeOf({ widthPx, heightPx })))
    // Drawn in another thread while this one measures.
    const drawing = picture && chosen.model?.draw?.(picture)
    drawing?.catch(() => {})
    const grey = picture
      ? await greyOf(picture, Math.max(widthPx, heightPx))
      : await greyOfFile(open(request.path).autoOrient())
    const quality = measureQuality(grey, Math.min(widthPx, heightPx))
    const decodedMs = performance.now() - startedMs
    const diagnosis = await diagnose(request, chosen, { picture, drawing }, gateReason(quality, grey))
    const inferredMs = performance.now() - startedMs - decodedMs
    // To draw a large photo takes as much as the model keeps from it.
    if (request.keep && widthPx * heightPx > LARGE_PIXELS) await chosen.model?.rest?.()
    const takenAt = takenAtOf(header.exif)
    return {
      kind: 'photo',
      widthPx,
      heightPx,
      ...(takenAt === undefined ? {} : { takenAt }),
      quality,
      diagnosis,
      ...(request.keep ? await keep(request.path) : {}),
      ms: spent(decodedMs, inferredMs),
    }
  } catch (error) {
    const detail = (error as Error).message.split('\n')[0]?.slice(0, 200) ?? ''
    if (/pixel limit|too large|out of memory/i.test(detail)) return noPhoto('too-large', detail)
    return noPhoto(/unsupported image format/i.test(detail) ? 'unsupported-format' : 'unreadable', detail)
  }
}

// The largest sensors that phones use without binning have 50 million pixels (8,160 × 6,144); as three bytes each
// that is 150 MB, the most that a box with 1 GB can give for a moment.
const MAX_PIXELS = 55_000_000
// Phones take 12 megapixels and more, cameras on the farm 2 to 5.
const LARGE_PIXELS = 8_000_000
// 12 megapixels and a little: what a lens resolves, at 1 to 3 MB a photo over a rural link.
const KEPT_SIDE_PX = 4096
const KEPT_QUALITY = 88
// Wide enough for the agronomist's screen to see what it is about; 10 to 40 kB.
const THUMBNAIL_SIDE_PX = 480
const THUMBNAIL_QUALITY = 72

const open = (path: string): Sharp =>
  sharp(path, {
    limitInputPixels: MAX_PIXELS,
    // A picture that ends early is no photo; odd bytes between markers, which some phones write, do no harm.
    failOn: 'error',
    sequentialRead: true,
    // The first frame of what moves.
    pages: 1,
  })

const inside = (sidePx: number) =>
  ({ width: sidePx, height: sidePx, fit: 'inside', withoutEnlargement: true }) as const

/** Four of the eight EXIF orientations lie on their side. */
function upright({ width = 0, height = 0, orientation = 1 }: Metadata): {
  widthPx: number
  heightPx: number
} {
  return orientation >= 5 ? { widthPx: height, heightPx: width } : { widthPx: width, heightPx: height }
}

/** What can be refused without asking a decoder. */
function refuseByBytes(path: string): { reason: NoPhotoReason; detail: string } | undefined {
  let file: number
  try {
    // A pipe would make a plain open wait for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    return { reason: 'unreadable', detail: `can't be opened (${(error as { code?: string }).code})` }
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return { reason: 'unreadable', detail: 'is not a file' }
    if (stat.size === 0) return { reason: 'unreadable', detail: 'is empty' }
    if (stat.size > MAX_PHOTO_BYTES)
      return { reason: 'too-large', detail: `${stat.size} bytes; at most ${MAX_PHOTO_BYTES}` }
    const head = new Uint8Array(SIGNATURE_BYTES)
    const format = formatOf(head.subarray(0, readSync(file, head, 0, SIGNATURE_BYTES, 0)))
    if (format === 'heic') return { reason: 'unsupported-format', detail: 'HEIC; set the camera to JPEG' }
    if (format === null) return { reason: 'unsupported-format', detail: 'is no JPEG, PNG, WebP or AVIF' }
    return undefined
  } catch (error) {
    return { reason: 'unreadable', detail: `can't be read (${(error as { code?: string }).code})` }
  } finally {
    closeSync(file)
  }
}

interface Chosen {
  readonly model?: PhotoModel
  readonly fault?: string
}

async function chosenModel({ crop, organ, withoutModel }: PhotoRequest, shelf: ModelShelf): Promise<Chosen> {
  if (withoutModel !== undefined) return { fault: withoutModel }
  try {
    const model = await shelf(crop, organ)
    return model ? { model } : {}
  } catch (error) {
    return { fault: firstLine(error) }
  }
}

const NOTHING = { verdict: null, labels: [], lesionShare: null, heat: null } as const

async function diagnose(
  { heatmap }: PhotoRequest,
  { model, fault }: Chosen,
  {
    picture,
    drawing,
  }: { readonly picture: RgbImage | undefined; readonly drawing: Promise<RgbImage> | undefined },
  gate: Diagnosis['abstained'],
): Promise<Diagnosis> {
  const named = model ? { id: model.id, version: model.version, sha256: model.sha256 } : null
  const broken = (detail: string): Diagnosis => ({
    ...NOTHING,
    model: null,
    abstained: gate ?? 'uncertain',
    fault: detail,
  })
  if (fault !== undefined) return broken(fault)
  if (gate !== null) return { ...NOTHING, model: named, abstained: gate }
  // Without a model for this crop and organ nothing can be said, and nothing is.
  if (!model || !picture) return { ...NOTHING, model: null, abstained: 'uncertain' }
  try {
    const look = await model.look((await drawing) ?? picture)
    if (heatmap !== undefined && look.heat) await writeHeatOverlay(picture, look.heat, heatmap)
    return { model: named, ...look }
  } catch (error) {
    // The photo is as good as it was: it is kept, and a person looks at it.
    return broken(firstLine(error))
  }
}

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0]?.slice(0, 200) ?? ''

/** The one decode, as `models/training/pixels.ts` does it: no second look at a file of twelve megapixels. */
async function decoded(
  path: string,
  { widthPx, heightPx, isMuchReduced = false }: DecodeSize,
): Promise<RgbImage> {
  const { data, info } = await open(path)
    .autoOrient()
    .resize(widthPx, heightPx, { fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: isMuchReduced })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { widthPx: info.width, heightPx: info.height, rgb: new Uint8Array(data) }
}

async function keep(path: string): Promise<{ kept: WrittenImage; thumbnail: WrittenImage }> {
  const draw = (sidePx: number) =>
    open(path).autoOrient().resize(inside(sidePx)).flatten({ background: 'white' }).toColourspace('srgb')
  return {
    // Best Huffman tables would make the file 5 % smaller, but the encoder then holds the whole picture: 74 MB.
    kept: await written(
      draw(KEPT_SIDE_PX).jpeg({ quality: KEPT_QUALITY, optimiseCoding: false }),
      `${path}.kept.jpg`,
    ),
    thumbnail: await written(
      draw(THUMBNAIL_SIDE_PX).webp({ quality: THUMBNAIL_QUALITY }),
      `${path}.thumbnail.webp`,
    ),
  }
}

async function written(picture: Sharp, path: string): Promise<WrittenImage> {
  const { size, width, height } = await picture.toFile(path)
  return { path, sizeBytes: size, widthPx: width, heightPx: height }
}

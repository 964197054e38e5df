import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import sharp, { type Metadata, type Sharp } from 'sharp'
import { MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'
import { takenAtOf } from './exif-time.ts'
import type { Diagnosis, NoPhotoReason, PhotoAnswer, PhotoRequest, WrittenImage } from './photo-answer.ts'
import { formatOf, SIGNATURE_BYTES } from './photo-format.ts'
import type { ModelShelf } from './photo-model.ts'
import { gateReason, MEASURED_SIDE_PX, measureQuality } from './quality-gate.ts'

/**
 *   file ─► size, first bytes ─► header ─► grey copy ─► quality gate ─► model ─► answer
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
    const grey = await open(request.path)
      .autoOrient()
      .resize(inside(MEASURED_SIDE_PX))
      .flatten({ background: 'white' })
      .toColourspace('b-w')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    const luma = firstChannel(grey.data, grey.info.channels)
    const quality = measureQuality(
      { widthPx: grey.info.width, heightPx: grey.info.height, luma },
      Math.min(widthPx, heightPx),
    )
    const decodedMs = performance.now() - startedMs
    const diagnosis = await diagnose(request, gateReason(quality), shelf)
    const inferredMs = performance.now() - startedMs - decodedMs
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

async function diagnose(
  { path, crop, organ }: PhotoRequest,
  gate: Diagnosis['abstained'],
  shelf: ModelShelf,
): Promise<Diagnosis> {
  const nothing = { verdict: null, labels: [], lesionShare: null }
  const model = await shelf(crop, organ)
  const named = model ? { id: model.id, version: model.version, sha256: model.sha256 } : null
  if (gate !== null) return { ...nothing, model: named, abstained: gate }
  // Without a model for this crop and organ nothing can be said, and nothing is.
  if (!model) return { ...nothing, model: null, abstained: 'uncertain' }
  const { data, info } = await open(path)
    .autoOrient()
    .resize(inside(KEPT_SIDE_PX))
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return {
    model: named,
    ...(await model.look({ widthPx: info.width, heightPx: info.height, rgb: new Uint8Array(data) })),
  }
}

async function keep(path: string): Promise<{ kept: WrittenImage; thumbnail: WrittenImage }> {
  const draw = (sidePx: number) =>
    open(path).autoOrient().resize(inside(sidePx)).flatten({ background: 'white' }).toColourspace('srgb')
  return {
    kept: await written(draw(KEPT_SIDE_PX).jpeg({ quality: KEPT_QUALITY }), `${path}.kept.jpg`),
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

function firstChannel(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return data
  const luma = new Uint8Array(data.length / channels)
  for (let at = 0; at < luma.length; at++) luma[at] = data[at * channels] as number
  return luma
}

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'
import { examinePhoto } from '../../../agent/vision/worker/examine-photo.ts'
import type { PhotoAnswer } from '../../../agent/vision/worker/photo-answer.ts'
import type { ModelShelf } from '../../../agent/vision/worker/photo-model.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { drawLeaf, leafJpeg, pngOfSize, put } from './drawn-photos.ts'

const folder = temporaryFolder()
const noModels: ModelShelf = async () => undefined

const look = (path: string, keep = false, shelf = noModels): Promise<PhotoAnswer> =>
  examinePhoto({ path, crop: 'mango', organ: 'leaf', keep }, shelf)

const lookAt = (name: string, bytes: Uint8Array, keep = false): Promise<PhotoAnswer> =>
  look(put(folder, name, bytes), keep)

let leaf: Buffer
beforeAll(async () => {
  leaf = await leafJpeg()
})

function photoOf(answer: PhotoAnswer): Extract<PhotoAnswer, { kind: 'photo' }> {
  if (answer.kind !== 'photo') throw new Error(`no photo: ${answer.reason}, ${answer.detail}`)
  return answer
}

const reasonOf = (answer: PhotoAnswer): string | null =>
  answer.kind === 'photo' ? answer.diagnosis.abstained : answer.reason

describe('a photo that can be judged', () => {
  test('gets no diagnosis while there is no model for it, and says so', async () => {
    const answer = photoOf(await lookAt('leaf.jpg', leaf))
    expect(answer.diagnosis).toEqual({
      model: null,
      verdict: null,
      abstained: 'uncertain',
      labels: [],
      lesionShare: null,
      heat: null,
    })
    expect(answer).toMatchObject({ widthPx: 1200, heightPx: 900, quality: { shortSidePx: 900 } })
    expect(answer.quality.sharpness).toBeGreaterThan(20)
  })

  test.each(['jpeg', 'png', 'webp', 'avif'] as const)(
    'is taken as %s, whatever its name is',
    async (format) => {
      const bytes = await drawLeaf({ widthPx: 640, heightPx: 480 }).toFormat(format).toBuffer()
      expect(reasonOf(await lookAt('photo.exe', bytes))).toBe('uncertain')
    },
  )

  test('may have 16 bits, one channel, four inks, or see-through parts', async () => {
    const [wide, grey, inks, clear] = await Promise.all([
      drawLeaf().toColourspace('rgb16').png().toBuffer(),
      drawLeaf().greyscale().jpeg().toBuffer(),
      drawLeaf().toColourspace('cmyk').jpeg().toBuffer(),
      drawLeaf().ensureAlpha(0.5).png().toBuffer(),
    ])
    for (const [name, bytes] of Object.entries({ wide, grey, inks, clear })) {
      const answer = photoOf(await lookAt(name, bytes, true))
      expect([name, answer.diagnosis.abstained]).toEqual([name, 'uncertain'])
      expect(await sharp(answer.kept?.path ?? '').metadata()).toMatchObject({ space: 'srgb', channels: 3 })
    }
  })

  test('is given to the model of its crop, upright, in colour and as large as it wants it', async () => {
    const seen: number[][] = []
    const shelf: ModelShelf = async (crop) =>
      crop === 'mango'
        ? {
            ...{ id: 'm', version: '1', sha256: 'ab'.repeat(32) },
            sizeOf: ({ widthPx, heightPx }) => ({ widthPx: widthPx / 2, heightPx: heightPx / 2 }),
            look: async ({ widthPx, heightPx, rgb }) => {
              seen.push([widthPx, heightPx, rgb.length])
              const labels = [{ label: 'anthracnose', probability: 0.8 }]
              return { verdict: 'anthracnose', abstained: null, labels, lesionShare: 0.1, heat: null }
            },
          }
        : undefined
    const sideways = await drawLeaf({ widthPx: 800, heightPx: 600 })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    const answer = photoOf(await look(put(folder, 'm.jpg', sideways), false, shelf))
    expect(seen).toEqual([[300, 400, 300 * 400 * 3]])
    expect(answer.diagnosis).toMatchObject({ model: { id: 'm' }, verdict: 'anthracnose', abstained: null })
  })

  test('that the gate refuses never reaches the model', async () => {
    const shelf: ModelShelf = async () => ({
      ...{ id: 'm', version: '1', sha256: 'ab'.repeat(32) },
      sizeOf: (photo) => photo,
      look: async () => Promise.reject(new Error('the model was asked')),
    })
    const dark = await drawLeaf().linear(0.1, 0).jpeg().toBuffer()
    const answer = photoOf(await look(put(folder, 'dark.jpg', dark), false, shelf))
    expect(answer.diagnosis).toMatchObject({ abstained: 'too-dark', verdict: null, model: { id: 'm' } })
  })
})

describe('the quality gate', () => {
  test.each([
    ['too-dark', () => drawLeaf().linear(0.15, 0)],
    ['too-bright', () => drawLeaf().linear(0.2, 215)],
    ['too-bright', () => drawLeaf().linear(6, 0)],
    ['blurred', () => drawLeaf().blur(12)],
    ['too-small', () => drawLeaf({ widthPx: 100, heightPx: 70 })],
    ['uncertain', () => drawLeaf().linear(0.5, 0)],
    ['uncertain', () => drawLeaf().linear(1, 40)],
    ['uncertain', () => drawLeaf().blur(1.5)],
    ['uncertain', () => drawLeaf({ widthPx: 110, heightPx: 90 })],
  ])('says %s', async (reason, draw) => {
    expect(reasonOf(await lookAt('gate.png', await draw().png().toBuffer()))).toBe(reason)
  })

  test('tells a leaf that is small before a wall from one that is blurred, with or without the date in a corner', async () => {
    const wall = (over: Buffer, left: number, top: number) =>
      sharp({ create: { width: 1200, height: 900, channels: 3, background: '#9a9a94' } })
        .composite([{ input: over, left, top }])
        .jpeg()
        .toBuffer()
    const small = await drawLeaf({ widthPx: 160, heightPx: 120 }).png().toBuffer()
    expect(reasonOf(await lookAt('far.jpg', await wall(small, 520, 390)))).toBe('too-far')
    const date = Buffer.from(
      '<svg width="300" height="40"><text x="4" y="30" font-size="28" fill="white">2026-11-27 07:00:00</text></svg>',
    )
    const blurred = await drawLeaf()
      .blur(12)
      .composite([{ input: date, left: 880, top: 10 }])
      .png()
      .toBuffer()
    expect(reasonOf(await lookAt('date.png', blurred))).toBe('blurred')
  })

  test('refuses a lens cap, a white wall and a grey one', async () => {
    const plain = (background: string) =>
      sharp({ create: { width: 800, height: 600, channels: 3, background } })
        .jpeg()
        .toBuffer()
    expect(reasonOf(await lookAt('cap.jpg', await plain('#050505')))).toBe('too-dark')
    expect(reasonOf(await lookAt('white.jpg', await plain('#fefefe')))).toBe('too-bright')
    expect(reasonOf(await lookAt('grey.jpg', await plain('#808080')))).toBe('blurred')
  })

  test('measures a photo of 2 and one of 12 megapixels alike', async () => {
    const at = async (widthPx: number, heightPx: number) =>
      photoOf(await lookAt('scaled.jpg', await leafJpeg({ widthPx, heightPx }))).quality
    const [small, large] = [await at(1600, 1200), await at(4000, 3000)]
    expect(large.brightness).toBeCloseTo(small.brightness, 1)
    expect(large.sharpness / small.sharpness).toBeGreaterThan(0.5)
    expect(large.sharpness / small.sharpness).toBeLessThan(2)
  })
})

describe('what is kept', () => {
  const withExif = () =>
    drawLeaf({ widthPx: 800, heightPx: 600 })
      .withExif({
        IFD0: { Make: 'PHONE-MAKER' },
        IFD2: { DateTimeOriginal: '2026:11:20 07:15:30', OffsetTimeOriginal: '+07:00' },
        IFD3: {
          GPSLatitudeRef: 'N',
          GPSLatitude: '10/1 55/1 0/1',
          GPSLongitudeRef: 'E',
          GPSLongitude: '108/1 6/1 0/1',
        },
      })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()

  test('is upright and carries no EXIF, no GPS and no profile; only the moment is read', async () => {
    const bytes = await withExif()
    expect(bytes.includes('PHONE-MAKER')).toBe(true)
    const answer = photoOf(await lookAt('exif.jpg', bytes, true))
    expect(answer).toMatchObject({ widthPx: 600, heightPx: 800 })
    for (const image of [answer.kept, answer.thumbnail]) {
      const path = image?.path ?? ''
      const { exif, icc, xmp, orientation, width, height } = await sharp(path).metadata()
      expect([exif, icc, xmp, orientation ?? 1]).toEqual([undefined, undefined, undefined, 1])
      expect([width, height]).toEqual([image?.widthPx, image?.heightPx])
      expect((width as number) < (height as number)).toBe(true)
      expect(readFileSync(path).includes('PHONE-MAKER')).toBe(false)
    }
    expect(answer.takenAt).toBe(Date.parse('2026-11-20T07:15:30+07:00'))
  })

  test('says no moment where the camera names no offset from UTC', async () => {
    const bytes = await drawLeaf()
      .withExif({ IFD2: { DateTimeOriginal: '2026:11:20 07:15:30' } })
      .jpeg()
      .toBuffer()
    expect(photoOf(await lookAt('zone.jpg', bytes)).takenAt).toBeUndefined()
  })

  test('has at most 4,096 px, its thumbnail 480', async () => {
    const answer = photoOf(await lookAt('big.jpg', await leafJpeg({ widthPx: 6000, heightPx: 3000 }), true))
    expect(answer.kept).toMatchObject({ widthPx: 4096, heightPx: 2048 })
    expect(answer.thumbnail).toMatchObject({ widthPx: 480, heightPx: 240 })
    expect(answer.thumbnail?.sizeBytes).toBeLessThan(60_000)
  })

  test('has nothing of what was hidden behind the picture', async () => {
    const zip = Buffer.from('PK\x03\x04<script>alert(1)</script>')
    const answer = photoOf(await lookAt('polyglot.jpg', Buffer.concat([leaf, zip]), true))
    const kept = readFileSync(answer.kept?.path ?? '')
    expect(kept.includes('script')).toBe(false)
    expect(kept.includes('PK\x03\x04')).toBe(false)
  })

  test('is the same bytes for the same file, so that a photo sent twice is one photo', async () => {
    const kept = async (name: string) =>
      readFileSync(photoOf(await lookAt(name, leaf, true)).kept?.path ?? '')
    expect((await kept('one.jpg')).equals(await kept('two.jpg'))).toBe(true)
  })
})

describe('hostile and broken files', () => {
  test.each<[string, string, () => Uint8Array | Promise<Uint8Array>]>([
    ['unreadable', 'nothing', () => new Uint8Array()],
    ['unreadable', 'three bytes of a JPEG', () => Uint8Array.of(0xff, 0xd8, 0xff)],
    ['unreadable', 'a JPEG cut in half', () => leaf.subarray(0, leaf.length >> 1)],
    ['unreadable', 'a PNG cut in half', async () => (await drawLeaf().png().toBuffer()).subarray(0, 20_000)],
    [
      'unreadable',
      'a WebP cut in half',
      async () => (await drawLeaf().webp().toBuffer()).subarray(0, 10_000),
    ],
    [
      'unreadable',
      'a JPEG whose header lies',
      () => Buffer.concat([leaf.subarray(0, 20), Buffer.alloc(5000, 0x41)]),
    ],
    ['unsupported-format', 'a ZIP', () => Buffer.from('PK\x03\x04 and more of it')],
    [
      'unsupported-format',
      'an SVG',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    ],
    ['unsupported-format', 'a GIF', async () => drawLeaf({ widthPx: 200, heightPx: 200 }).gif().toBuffer()],
    ['unsupported-format', 'a TIFF', async () => drawLeaf({ widthPx: 200, heightPx: 200 }).tiff().toBuffer()],
    ['unsupported-format', 'a PDF', () => Buffer.from('%PDF-1.7\n')],
    ['unsupported-format', 'a web page', () => Buffer.from('<!doctype html><script>1</script>')],
    [
      'unsupported-format',
      'a photo of an iPhone as HEIC',
      () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
    ],
    ['unsupported-format', 'a video', () => Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1')],
    [
      'too-large',
      'more bytes than a phone writes',
      () => Buffer.concat([leaf, Buffer.alloc(MAX_PHOTO_BYTES)]),
    ],
    ['too-large', 'a PNG of 4 thousand million pixels', () => pngOfSize(65_000, 65_000)],
    [
      'too-large',
      'a PNG of 60 million pixels in 60 kB',
      () => pngOfSize(10_000, 6_000, deflateSync(Buffer.alloc(60_000_000))),
    ],
    ['unreadable', 'a PNG with less in it than it says', () => pngOfSize(1000, 1000)],
  ])('%s: %s', async (reason, _what, bytes) => {
    expect(await lookAt('hostile', await bytes())).toMatchObject({ kind: 'no-photo', reason })
  })

  test('a folder, a pipe and nothing at all are unreadable, at once', async () => {
    execFileSync('mkfifo', [`${folder}/pipe`])
    for (const path of [folder, `${folder}/pipe`, `${folder}/none`])
      expect(await look(path)).toMatchObject({ kind: 'no-photo', reason: 'unreadable' })
  })

  test('whatever bytes are changed or cut, the answer is a photo or a reason', async () => {
    const small = await leafJpeg({ widthPx: 240, heightPx: 180 })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: small.length }),
        fc.array(fc.tuple(fc.nat(small.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
        async (length, changes) => {
          const bytes = Buffer.from(small)
          for (const [at, value] of changes) bytes[at] = value
          const answer = await lookAt('changed.jpg', bytes.subarray(0, length))
          expect(['photo', 'no-photo']).toContain(answer.kind)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a refused file leaves nothing behind', async () => {
    const path = put(folder, 'refused.jpg', leaf.subarray(0, 3000))
    await look(path, true)
    expect([existsSync(`${path}.kept.jpg`), existsSync(`${path}.thumbnail.webp`)]).toEqual([false, false])
  })
})

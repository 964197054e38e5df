import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { ABSTAIN_REASONS, MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'
import type { PhotoDoor } from '../../../agent/page/photo-door.ts'
import { reasonText } from '../../../agent/page/photo-verdict.ts'
import { PhotoDesk } from '../../../agent/photo-desk.ts'
import { drawnStem, putModels } from '../vision/drawn-models.ts'
import { drawLeaf, leafJpeg } from '../vision/drawn-photos.ts'
import { Phone, type PretendBox, pretendBox, signedInPhone } from './pretend-box.ts'

const ORIGIN = 'http://192.168.1.20:8080'

let box: PretendBox
let desk: PhotoDesk
let phone: Phone
let waiting: PhotoDoor['waiting']

/** The page of a box with a real journal, a real photo store and the real decoding process. */
beforeEach(async () => {
  waiting = undefined
  box = await pretendBox()
  desk = openDesk()
  // The room may be exchanged while the page stands.
  const door: PhotoDoor = {
    takeStream: (stream, note) => desk.takeStream(stream, note),
    recent: (limit) => desk.recent(limit),
    photo: (sha256) => desk.photo(sha256),
    isHeld: (finding) => desk.isHeld(finding),
    modelWords: (sha256) => desk.modelWords(sha256),
    get waiting() {
      return waiting ?? desk.waiting
    },
  }
  Object.assign(box.sources, { photos: door })
  // The page was composed before: it is composed again with the photos.
  await box.page.close()
  Object.assign(box, { app: await box.page.serve() })
  phone = await signedInPhone(box)
  await phone.get('/photos')
})

function openDesk(models = ''): PhotoDesk {
  const opened = new PhotoDesk({
    ...{ folder: `${box.dataDir}/photos`, quotaBytes: 50_000_000, models },
    ...{ clock: systemClock, journal: box.journal },
  })
  opened.open()
  return opened
}

afterEach(async () => {
  await desk.stop()
  await box.close()
})

interface Sent {
  readonly fields?: Record<string, string>
  readonly bytes?: Uint8Array
  /** Further photos of the same form. */
  readonly more?: readonly Uint8Array[]
  readonly name?: string
  readonly headers?: Record<string, string>
}

/** The form with its photo, as a browser sends it. */
async function send({
  fields = {},
  bytes,
  more = [],
  name = 'IMG_1.jpg',
  headers = { origin: ORIGIN },
}: Sent) {
  const boundary = '----vuon7'
  const all = { ...phone.hidden, plot: 'lo-a', organ: 'stem', ...fields }
  const parts = Object.entries(all).map(
    ([key, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`,
  )
  const file = `--${boundary}\r\ncontent-disposition: form-data; name="photo"; filename="${name}"\r\ncontent-type: image/jpeg\r\n\r\n`
  const payload = Buffer.concat([
    Buffer.from(parts.join('') + file),
    bytes ?? Buffer.alloc(0),
    ...more.flatMap((each) => [Buffer.from(`\r\n${file}`), each]),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  const cookie = [...phone.cookies].map(([key, value]) => `${key}=${value}`).join('; ')
  return box.app.inject({
    ...{ method: 'POST', url: '/photos', payload },
    headers: {
      ...{ host: '192.168.1.20:8080', 'content-type': `multipart/form-data; boundary=${boundary}` },
      ...{ 'content-length': String(payload.length), cookie },
      ...headers,
    },
  })
}

const recent = () => desk.recent(10)

describe('a photo by hand', () => {
  test('is kept before the page says so, and shown with what to do', async () => {
    const answer = await send({ bytes: await leafJpeg() })
    expect(answer.statusCode, answer.body).toBe(303)
    const [finding] = await recent()
    expect(finding).toMatchObject({
      crop: 'dragon-fruit',
      organ: 'stem',
      plot: 'lo-a',
      abstained: 'uncertain',
    })
    expect(finding?.person).not.toBe('')
    expect(answer.headers.location).toBe(`/photos/${finding?.findingId}?saved=1`)
    const page = await phone.get(String(answer.headers.location))
    for (const part of ['Đã lưu ảnh', 'Chưa có mô hình cho cây này', 'Lô A', '/photos/file/'])
      expect(page.body).toContain(part)
    const image = await phone.get(/\/photos\/file\/[0-9a-f]{64}/.exec(page.body)?.[0] ?? '')
    expect([image.headers['content-type'], image.rawPayload.subarray(0, 2).toString('hex')]).toEqual([
      'image/jpeg',
      'ffd8',
    ])
    expect((await phone.get('/photos')).body).toContain(`/photos/${finding?.findingId}`)
  })

  test('is shown with what the model says in words, how sure, how much, where, and that it is no diagnosis', async () => {
    const models = `${box.dataDir}/models`
    putModels(models)
    desk = openDesk(models)
    await desk.openModels()
    const spots = [{ colour: 'spot', x: 200, y: 240, r: 110 }] as const
    const answer = await send({ bytes: await drawnStem(spots) })
    const page = await phone.get(String(answer.headers.location))
    for (const part of [
      'Máy nhận thấy: có đốm',
      'Sàng lọc, không phải chẩn đoán bệnh',
      'Vết bệnh chiếm khoảng',
    ])
      expect(page.body).toContain(part)
    for (const part of ['<svg class="photo"', 'Mô hình dragon-fruit-stem 1.0.0', 'không thấy vết bệnh: '])
      expect(page.body).toContain(part)
    expect((await phone.get('/photos?lang=en')).body).toContain('The machine sees: spot')
  })

  test('with others of the same plant is judged together with them, and one that is none is counted', async () => {
    const models = `${box.dataDir}/models`
    putModels(models)
    desk = openDesk(models)
    await desk.openModels()
    const spot = (x: number) => drawnStem([{ colour: 'spot', x, y: 240, r: 110 }])
    const more = [await spot(300), await drawnStem(), Buffer.from('no photo')]
    const answer = await send({ bytes: await spot(200), more })
    expect([answer.statusCode, String(answer.headers.location).endsWith('&refused=1')]).toEqual([303, true])
    expect(new Set((await recent()).map(({ plant }) => plant)).size).toBe(1)
    const { body } = await phone.get(String(answer.headers.location))
    for (const part of ['Cùng một cây: 3 ảnh', '1 ảnh không được lưu', 'Ảnh này'])
      expect(body).toContain(part)
    // The plant first, then the photo.
    expect(body.match(/Máy nhận thấy: có đốm/g)?.length).toBeGreaterThan(2)
  })

  test('and another that shows another disease are ill together, without a name for it', async () => {
    const models = `${box.dataDir}/models`
    putModels(models)
    desk = openDesk(models)
    const of = (colour: 'spot' | 'rot_or_canker') => drawnStem([{ colour, x: 200, y: 240, r: 110 }])
    const answer = await send({ bytes: await of('spot'), more: [await of('rot_or_canker')] })
    const { body } = await phone.get(String(answer.headers.location))
    expect(body).toContain('Máy thấy có vết bệnh nhưng không chắc là loại nào')
  })

  test('is taken up to six at once; the seventh is said not to be', async () => {
    const small = (seed: number) => leafJpeg({ widthPx: 200, heightPx: 150, seed })
    const more = await Promise.all([2, 3, 4, 5, 6, 7].map(small))
    const answer = await send({ bytes: await small(1), more })
    expect([answer.statusCode, String(answer.headers.location).endsWith('&refused=1')]).toEqual([303, true])
    expect(await recent()).toHaveLength(6)
  })

  test('that is blurred is kept, and the page says how to take a better one', async () => {
    const answer = await send({ bytes: await drawLeaf().blur(15).jpeg().toBuffer() })
    const page = await phone.get(String(answer.headers.location))
    expect(page.body).toContain('Ảnh mờ')
    expect(page.body).toContain('Giữ chắc tay')
  })

  test.each([
    ['unreadable', 'Không đọc được', async () => (await leafJpeg()).subarray(0, 4000)],
    ['unreadable', 'Không đọc được', async () => Buffer.alloc(0)],
    ['unsupported-format', 'không phải loại ảnh', async () => Buffer.from('<svg/>')],
    ['too-large', 'quá lớn', async () => Buffer.concat([await leafJpeg(), Buffer.alloc(MAX_PHOTO_BYTES)])],
  ])('of which no picture comes (%s) is not kept, and the page says so', async (_reason, sentence, bytes) => {
    const answer = await send({ bytes: await bytes() })
    expect(answer.statusCode).toBe(422)
    expect(answer.body).toContain(sentence)
    expect(await recent()).toEqual([])
    // The form is there again, for the next try.
    expect(answer.body).toContain('type="file"')
  })

  test('needs a person, and comes back to the photos after the PIN', async () => {
    phone = new Phone(box.app)
    const page = await phone.get('/photos')
    expect(page.body).toContain('/sign-in?next=%2Fphotos')
    const answer = await send({ bytes: await leafJpeg() })
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/sign-in?next=%2Fphotos'])
    expect(await recent()).toEqual([])
  })

  test('from a form that is not ours, or from another site, is not taken', async () => {
    const bytes = await leafJpeg()
    expect((await send({ bytes, fields: { form: 'forged' } })).statusCode).toBe(403)
    expect((await send({ bytes, headers: { origin: 'http://evil.example' } })).statusCode).toBe(403)
    expect(await recent()).toEqual([])
  })

  test('without a file says that none was chosen', async () => {
    const answer = await send({ name: '' })
    expect([answer.statusCode, answer.body.includes('Chưa chọn ảnh')]).toEqual([400, true])
  })

  test('of a plot that is not there is not kept under it', async () => {
    const answer = await send({ bytes: await leafJpeg(), fields: { plot: 'lo-x' } })
    expect([answer.statusCode, (await recent()).length]).toEqual([400, 0])
    expect((await send({ bytes: await leafJpeg(), fields: { plot: '', organ: 'root' } })).statusCode).toBe(
      303,
    )
    expect(await recent()).toMatchObject([{ plot: '', crop: '', organ: '' }])
  })

  test('sent twice, or twice at once, is one photo; another one by the same form is another', async () => {
    const bytes = await leafJpeg()
    const [first, again] = [await send({ bytes }), await send({ bytes })]
    expect(again.headers.location).toBe(first.headers.location)
    const atOnce = await Promise.all([send({ bytes }), send({ bytes })])
    expect(new Set(atOnce.map(({ headers }) => headers.location)).size).toBe(1)
    const other = await send({ bytes: await leafJpeg({ seed: 9 }) })
    expect(other.headers.location).not.toBe(first.headers.location)
    expect(await recent()).toHaveLength(2)
  })

  test('that the disk has no room for is not said to be kept', async () => {
    await desk.stop()
    desk = new PhotoDesk({
      folder: `${box.dataDir}/tiny`,
      quotaBytes: 1000,
      clock: systemClock,
      journal: box.journal,
    })
    desk.open()
    const answer = await send({ bytes: await leafJpeg() })
    expect([answer.statusCode, answer.body.includes('đã đầy')]).toEqual([507, true])
    expect(await recent()).toEqual([])
  })

  test('no name of a file, plot or organ gets into the page as anything but text', async () => {
    const nasty = '"><script>alert(1)</script>'
    const answer = await send({
      bytes: Buffer.from('x'),
      name: 'a<script>.jpg',
      fields: { organ: nasty, plot: nasty },
    })
    expect(answer.body).not.toContain('<script>alert')
    expect((await phone.get(`/photos/${encodeURIComponent(nasty)}`)).statusCode).toBe(404)
    expect((await phone.get('/photos/file/..%2f..%2fkeys%2fagent.key')).statusCode).toBe(404)
  })

  test('whatever bytes stand in for the form, the page answers and lives on', async () => {
    const cookie = [...phone.cookies].map(([key, value]) => `${key}=${value}`).join('; ')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (bytes, isFramed) => {
        const payload = isFramed
          ? Buffer.concat([
              Buffer.from('--b\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\n\r\n'),
              bytes,
            ])
          : Buffer.from(bytes)
        const headers = {
          host: '192.168.1.20:8080',
          origin: ORIGIN,
          'content-type': 'multipart/form-data; boundary=b',
          cookie,
        }
        const answer = await box.app.inject({ method: 'POST', url: '/photos', headers, payload })
        expect(answer.statusCode).toBeGreaterThanOrEqual(300)
        expect(answer.statusCode).toBeLessThan(500)
      }),
      { numRuns: 40 },
    )
    expect((await phone.get('/photos')).statusCode).toBe(200)
  })
})

describe('the photo room of the box', () => {
  test('is off where the box takes no photos, and says so', async () => {
    const plain = await pretendBox()
    const answer = await new Phone(plain.app).get('/photos')
    expect([answer.statusCode, answer.body.includes('không nhận ảnh')]).toEqual([200, true])
    await plain.close()
  })

  test('says for every reason what is wrong and what to do, in both languages', () => {
    for (const reason of [...ABSTAIN_REASONS, 'no-model']) {
      const [vi, en] = [reasonText('vi', reason), reasonText('en', reason)]
      expect(vi.what).not.toBe(en.what)
      expect(Math.min(vi.todo.length, en.todo.length)).toBeGreaterThan(15)
      expect(vi.what).not.toContain('{')
    }
    expect(reasonText('vi', 'upside-down').what).toContain('upside-down')
  })

  test('says that photos wait because the box is hot, how hot it is, and what to do', async () => {
    expect((await phone.get('/photos')).body).not.toContain('°C')
    waiting = { photos: 3, isTooHot: true, tempC: 84.4 }
    const page = (await phone.get('/photos')).body
    for (const part of ['84', '°C', '3 ảnh', 'chỗ mát']) expect(page).toContain(part)
  })

  test('of a model that has a map says what it looked at, and that this is no share of lesions', async () => {
    const models = `${box.dataDir}/models`
    putModels(models, { withMap: true })
    await desk.stop()
    desk = openDesk(models)
    await desk.openModels()
    const photo = await drawnStem([{ colour: 'spot', x: 320, y: 240, r: 900 }])
    const looked = await desk.takeStream(Readable.from([photo]), {
      ...{ crop: 'durian', organ: 'leaf', plot: 'lo-a', person: '' },
    })
    if (!('finding' in looked)) throw new Error(looked.refused)
    const page = (await phone.get(`/photos/${looked.finding.findingId}`)).body
    for (const part of ['Máy để ý khoảng 100 %', 'không phải tỉ lệ vết bệnh', '<svg class="photo"'])
      expect(page).toContain(part)
    expect(page).not.toContain('Vết bệnh chiếm')
  })

  test('passes a busy worker on, and keeps nothing then', async () => {
    const busy = new PhotoDesk({
      ...{ folder: `${box.dataDir}/busy`, quotaBytes: 1e6, clock: systemClock, journal: box.journal },
      worker: { examine: () => Promise.reject(new VuonError('vision-busy')), stop: async () => {} } as never,
    })
    busy.open()
    const note = { crop: '', organ: '' as const, plot: '', person: '' }
    await expect(busy.takeStream(Readable.from([Buffer.from('x')]), note)).rejects.toMatchObject({
      code: 'vision-busy',
    })
    expect(busy.state.store.count).toBe(0)
  })
})

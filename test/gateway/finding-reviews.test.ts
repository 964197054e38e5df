import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { eventMistakes } from '#contract/trace/epcis-mistakes.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import type { FindingReviewEntry } from '#contract/wire/province-decisions.ts'
import { gatewayMigrations } from '../../gateway/gateway.ts'
import { findingList } from '../../gateway/insight/finding-list.ts'
import { lotDiary } from '../../gateway/insight/lot-history-diary.ts'
import type { LotStory } from '../../gateway/insight/lot-history-story.ts'
import { migrate, openSqliteStore } from '../../gateway/store/open-store.ts'
import { lotSightings } from '../../gateway/web/lot-diary.ts'
import type { PublicView } from '../../gateway/web/public-frame.ts'
import type { Page } from '../world/form-visitor.ts'
import { EpcisClient, eventsIn } from './epcis-client.ts'
import { FARM, NOW, type Orchard } from './orchard.ts'
import { ORGANISM, PhotographedFarm, SPOTTED, STEM_MODEL, shares, visitorOf } from './photographed-farm.ts'
import { temporaryFolder } from './province-store.ts'
import { EVERYTHING } from './running-gateway.ts'
import { hashOf, photoBytes } from './sent-photo.ts'
import type { SignedBox } from './signed-box.ts'
import { Book } from './told-book.ts'

const photo = (fill: number) => ({
  photo: photoBytes(3000, fill),
  thumbnail: photoBytes(700, fill, 'webp'),
})

async function projected({ gateway }: Orchard): Promise<Record<string, string[]>> {
  const dump: Record<string, string[]> = {}
  for (const table of ['finding', 'finding_review', 'photo_request', 'event_index', 'downlink'])
    dump[table] = (await sql`SELECT * FROM ${sql.table(table)}`.execute(gateway.db)).rows
      .map((row) => JSON.stringify(row))
      .sort()
  return dump
}

/** One spotted stem of which the model is sure, and a signed-in agronomist before it. */
async function spotted() {
  const farm = await PhotographedFarm.open()
  await farm.sends(photo(1), { ...SPOTTED, findingId: 'find/1', at: NOW - 3_600_000 })
  const visitor = await visitorOf(farm.orchard)
  const path = `/findings/${farm.box.agent}/find%2F1`
  const decide = async (values: Record<string, string>, from?: Page): Promise<Page> =>
    visitor.submit(from ?? (await visitor.open(path)), path, values)
  const rows = async <Row>(columns: string): Promise<Row[]> => {
    const query = `SELECT ${columns} FROM finding_review ORDER BY agent, finding_id, no`
    return (await sql.raw<Row>(query).execute(farm.orchard.gateway.db)).rows
  }
  return { ...farm, farm, orchard: farm.orchard, box: farm.box, visitor, path, decide, rows }
}

describe('a finding at the province', () => {
  it('is confirmed, corrected, called something else and not usable; the last word stands, every word stays', async () => {
    const { visitor, path, decide, orchard, rows } = await spotted()
    const first = await visitor.open(path)
    for (const part of ['Có đốm, khả năng 90 %', '12 % bề mặt', 'sha256 070707070707', 'Chưa có ai của tỉnh'])
      expect(first.html).toContain(part)
    const confirmed = await decide({ decision: 'confirmed', note: 'Đốm nâu\r\nviền vàng' })
    expect(confirmed.html).toContain('Đã lưu quyết định')
    expect(confirmed.html).toContain('Đã xác nhận: có đốm')
    expect(confirmed.html).toContain('Nguyễn Thị Lan (cán bộ nông nghiệp)')
    const corrected = await decide({ decision: 'corrected', label: 'dragon-fruit/rot_or_canker' })
    expect(corrected.html).toContain('Đã sửa thành: thối hoặc loét')
    expect(corrected.html).toContain('đã được thay')
    await decide({ decision: 'other', words: 'Cháy nắng' })
    const last = await decide({ decision: 'not-usable', note: '' })
    for (const part of ['Ảnh không dùng được.', 'Khác: Cháy nắng', 'Đã xác nhận: có đốm'])
      expect(last.html).toContain(part)
    const kept = await rows<Record<string, unknown>>('no, stands, decision, label, vi, note, role')
    expect(kept).toMatchObject([
      {
        no: 1,
        stands: 0,
        decision: 'confirmed',
        label: 'spot',
        note: 'Đốm nâu\nviền vàng',
        role: 'agronomist',
      },
      { no: 2, stands: 0, decision: 'corrected', label: 'rot_or_canker', vi: 'thối hoặc loét' },
      { no: 3, stands: 0, decision: 'other', label: '', vi: 'Cháy nắng' },
      { no: 4, stands: 1, decision: 'not-usable', vi: '' },
    ])
    // Decisions are in the log: everything comes again from it.
    const before = await projected(orchard)
    await orchard.gateway.rebuild()
    expect(await projected(orchard)).toEqual(before)
  })

  it('is not decided over something that was not seen, and tells what is wrong with a form', async () => {
    const { visitor, path, decide, farm, rows } = await spotted()
    const stale = await visitor.open(path)
    const wrong: [Record<string, string>, string][] = [
      [{}, 'Hãy chọn một trong các câu trả lời'],
      [{ decision: 'corrected', label: 'mango/spot' }, 'Hãy chọn nhãn đúng trong danh sách'],
      [{ decision: 'corrected' }, 'Hãy chọn nhãn đúng trong danh sách'],
      [{ decision: 'other', words: '  ' }, 'Hãy ghi tên bệnh'],
      [{ decision: 'other', words: 'x'.repeat(101) }, 'Hãy ghi tên bệnh'],
      [{ decision: 'confirmed', note: 'x'.repeat(501) }, 'Ghi chú dài nhất 500 chữ'],
      [{ decision: 'confirmed', organism: 'Colletotrichum' }, 'mã số NCBI'],
      [
        { decision: 'confirmed', regions: '[{"shape":"box","points":[[0,0],[2,1]]}]' },
        'Hình vẽ không đọc được',
      ],
      [{ decision: 'confirmed', regions: '[[' }, 'Hình vẽ không đọc được'],
    ]
    for (const [values, sentence] of wrong) {
      const answer = await decide(values)
      expect([answer.status, answer.html.includes(sentence)], sentence).toEqual([400, true])
    }
    expect(await rows('no')).toEqual([])
    // What was typed is not lost with the refusal.
    const again = await decide({ decision: 'other', words: 'Cháy nắng', organism: '!' })
    expect(again.html).toContain('value="Cháy nắng"')
    await decide({ decision: 'confirmed' })
    const late = await decide({ decision: 'not-usable' }, stale)
    expect([late.status, late.html.includes('Đã có người quyết định')]).toEqual([400, true])
    // A newer model looked again while somebody read the page.
    const open = await visitor.open(path)
    const newer = { ...STEM_MODEL, sha256: new Uint8Array(32).fill(8) }
    await farm.sends(photo(1), { ...SPOTTED, findingId: 'find/1', model: newer, t: NOW } as never, [])
    expect((await decide({ decision: 'confirmed' }, open)).status).toBe(400)
    expect(await rows('no')).toHaveLength(1)
  })

  it('of another farm does not exist, and a form from another site is refused', async () => {
    const { visitor, path, decide, orchard, rows } = await spotted()
    await orchard.addFarm('f-other', 'Vườn Khác')
    await orchard.addPerson({ email: 'kha@tinh.example', farmIds: ['f-other'] })
    const other = await visitorOf(orchard, { email: 'kha@tinh.example' })
    expect((await other.open(path)).status).toBe(404)
    expect((await other.open('/findings/find%2F1')).status).toBe(404)
    expect((await other.open('/findings?state=all')).html).not.toContain('find%2F1')
    const own = await visitor.open(path)
    await expect(other.submit(own, path, { decision: 'confirmed' })).resolves.toMatchObject({ status: 403 })
    const stranger = await orchard.app.inject({ method: 'POST', url: `${path}/photo`, payload: '' })
    expect([stranger.statusCode, stranger.headers.location]).toEqual([
      302,
      expect.stringContaining('/sign-in'),
    ])
    await expect(decide({ decision: 'confirmed', csrf: 'x' })).resolves.toMatchObject({ status: 403 })
    expect(await rows('no')).toEqual([])
    expect((await visitor.open('/findings/find%2F1')).path).toBe(path)
  })

  it('waits in a list that begins with what the model is least sure of', async () => {
    const { farm, visitor, decide } = await spotted()
    const unsure = { ...SPOTTED, verdict: null, abstained: 'uncertain' as const, labels: shares(0.5, 0.4) }
    await farm.sends(photo(2), { ...unsure, findingId: 'unsure', at: NOW - 9e6 })
    await farm.sends(photo(3), {
      findingId: 'blurred',
      abstained: 'blurred',
      crop: 'mango',
      at: NOW - 60_000,
    })
    const order = async (query: string): Promise<string[]> => {
      const { html } = await visitor.open(`/findings${query}`)
      return [...html.matchAll(/<h2><a href="\/findings\/[^/]+\/([^"]+)"/g)].map(([, id]) => String(id))
    }
    expect(await order('')).toEqual(['unsure', 'find%2F1', 'blurred'])
    expect(await order('?order=newest')).toEqual(['blurred', 'find%2F1', 'unsure'])
    expect(await order('?verdict=none')).toEqual(['unsure', 'blurred'])
    expect(await order('?verdict=spot')).toEqual(['find%2F1'])
    expect(await order('?crop=mango')).toEqual(['blurred'])
    expect(await order(`?farm=${FARM}&page=99`)).toHaveLength(3)
    expect(await order('?farm=f-none')).toEqual([])
    await decide({ decision: 'confirmed' })
    const { html } = await visitor.open('/findings')
    for (const part of ['Chờ xem 2', 'Đã xác nhận 1', 'Tất cả 3', '>có đốm</option>'])
      expect(html).toContain(part)
    expect(await order('?state=confirmed')).toEqual(['find%2F1'])
    // The farm's page says what stands, and leads there.
    const page = await visitor.open(`/farms/${FARM}`)
    expect(page.html).toContain('Đã xác nhận: có đốm')
    expect(page.html).toContain(`/findings?farm=${FARM}`)
  })

  it('of one plant shows the others and what they say together', async () => {
    const { farm, visitor } = await spotted()
    for (const [at, labels] of [shares(0.8, 0.1), shares(0.7, 0.2), shares(0.1, 0.2)].entries()) {
      const verdict = at < 2 ? 'spot' : 'healthy'
      await farm.sends(photo(10 + at), { ...SPOTTED, verdict, labels, findingId: `p${at}`, plant: 'tree' })
    }
    const { html } = await visitor.open(`/findings/${farm.box.agent}/p0`)
    expect(html).toContain('Cùng một cây: 3 ảnh')
    expect(html).toContain('Tính chung: có đốm (từ 3 ảnh xét được)')
  })
})

describe('an alarm of a finding', () => {
  it('says what the model calls it: as the box says, or of an older one as the finding does', async () => {
    const { orchard, box, visitor } = await spotted()
    const alarm = (alarmId: string, facts: Record<string, string>) => ({
      ...{ kind: 'alarm', t: NOW - 60_000, alarmId, state: 'raised', severity: 'warning', rule: 'finding' },
      ...{ name: 'spot', device: '', quantity: '', facts: { crop: 'dragon-fruit', ...facts } },
    })
    const told = { nameVi: 'đốm nâu', nameEn: 'brown spots' }
    const older = { photo: hashOf(photo(1).photo) }
    await orchard.send(box.records(alarm('a1', told), alarm('a2', older), alarm('a3', { photo: 'ab' })))
    const { html } = await visitor.open(`/farms/${FARM}`)
    for (const name of ['đốm nâu', 'có đốm', 'spot']) expect(html).toContain(`cho thấy “${name}”`)
    expect(html).not.toContain('Quy tắc: <bdi>spot')
  })
})

describe('a full photo', () => {
  it('is asked for once, and its page says how far it has come', async () => {
    const { farm, visitor, orchard, box } = await spotted()
    const named = photo(5)
    await farm.sends(named, { ...SPOTTED, findingId: 'small' }, ['thumbnail'])
    const path = `/findings/${box.agent}/small`
    const asked = await visitor.submit(await visitor.open(path), `${path}/photo`, {})
    expect(asked.html).toContain('Đã xin ảnh lớn')
    expect(asked.html).not.toContain('Xin ảnh lớn từ hộp')
    const [message, ...more] = await orchard.gateway.downlinks(box.agent)
    expect([message?.body['command'], more]).toEqual(['photo-upload', []])
    const outcome = { kind: 'downlink', no: message!.no, of: 'command' }
    await orchard.send(box.records({ ...outcome, outcome: 'refused', reason: 'no such photo on the box' }))
    const refused = await visitor.open(path)
    expect(refused.html).toContain('Hộp không còn ảnh này')
    await visitor.submit(refused, `${path}/photo`, {})
    await orchard.send(box.records({ ...outcome, no: 2, outcome: 'applied', reason: '' }))
    expect((await visitor.open(path)).html).toContain('gửi ảnh lớn khi mạng rảnh')
    await farm.uploads(named.photo)
    const here = await visitor.open(path)
    expect(here.html).toContain('Mở ảnh lớn')
    expect(here.html).not.toContain('ảnh thu nhỏ')
  })
})

describe('an EPCIS event of a finding', () => {
  it('is there when a person puts it on record, names the organism, and is taken back by the next word', async () => {
    const { orchard, decide, rows } = await spotted()
    const client = await EpcisClient.at(orchard, 'so')
    const all = async () => eventsIn(await client.request('GET', '/events?EQ_bizStep=inspecting'))
    expect(JSON.stringify(await all())).not.toContain('taxonomy')
    await decide({ decision: 'corrected', label: 'dragon-fruit/rot_or_canker' })
    expect(await all()).toEqual([])
    await decide({ decision: 'corrected', label: 'dragon-fruit/rot_or_canker', record: '1' })
    const [event] = await all()
    expect(event).toMatchObject({
      type: 'ObjectEvent',
      eventTime: '2026-11-23T14:04:00.000+07:00',
      readPoint: { id: 'https://id.gs1.org/414/9521234567899/254/VN-LDOR-0042' },
      'vuon:what': 'thối hoặc loét',
      'vuon:findingId': 'find/1',
      sensorElementList: [
        { sensorReport: [{ microorganism: ORGANISM, dataProcessingMethod: 'urn:vuon:method:photo-review' }] },
      ],
    })
    expect(event!['eventID']).toBe(eventHash(event as never, sha256))
    expect(eventMistakes(event, 'event', { isForCapture: true })).toEqual([])
    // A finding that was confirmed names the model, and its own share of lesions.
    await decide({ decision: 'confirmed', record: '1', organism: '5450' })
    const later = await all()
    const wrong = later.filter((each) => each['errorDeclaration'] !== undefined)
    const standing = later.filter((each) => each['vuon:what'] === 'có đốm')
    expect(wrong).toMatchObject([
      { eventID: event!['eventID'], errorDeclaration: { correctiveEventIDs: [standing[0]!['eventID']] } },
    ])
    expect(standing).toMatchObject([
      {
        sensorElementList: [
          {
            sensorReport: [
              {
                ...{
                  percValue: 12,
                  uom: 'P1',
                  dataProcessingMethod: 'urn:vuon:model:dragon-fruit-stem:1.0.0',
                },
                microorganism: 'https://www.ncbi.nlm.nih.gov/taxonomy/5450',
              },
            ],
          },
        ],
      },
    ])
    await decide({ decision: 'not-usable' })
    const declared = (await all()).filter((each) => each['errorDeclaration'] !== undefined)
    expect(declared.map((each) => each['eventID'])).toContain(standing[0]!['eventID'])
    expect(await rows<{ event_id: string }>('event_id')).toMatchObject([
      { event_id: '' },
      { event_id: event!['eventID'] },
      { event_id: standing[0]!['eventID'] },
      { event_id: '' },
    ])
  })
})

describe('findings of before', () => {
  it('are listed after an upgrade', async () => {
    const store = await openSqliteStore(join(temporaryFolder(), 'old.db'))
    onTestFinished(() => store.close())
    const isBefore = ({ name }: { name: string }) =>
      name !== 'projections-finding-3' && name !== 'projections-finding-review-1'
    await migrate(store, gatewayMigrations.filter(isBefore))
    const old = { agent: '0123456789abcdef', quality: '{}', photo: 'aa', thumbnail: 'bb', labels: '[]' }
    await sql`INSERT INTO finding (agent, finding_id, epoch, seq, t, boot, clock, at, crop, organ, plot, person, labels, quality,
        width_px, height_px, photo, thumbnail)
      VALUES (${old.agent}, 'f', 'e', 1, 1, 'b', 'synchronised', ${NOW}, 'mango', 'leaf', '', '', ${old.labels}, ${old.quality},
        640, 480, ${old.photo}, ${old.thumbnail})`.execute(store.db)
    await sql`INSERT INTO farm VALUES ('f1', 'Vườn Cũ', 'xã', 'tỉnh', 0)`.execute(store.db)
    await sql`INSERT INTO enrolment (agent, farm_id, public_key, box_code, decided_at)
      VALUES (${old.agent}, 'f1', ${new Uint8Array(32)}, 'B0X1', 0)`.execute(store.db)
    await migrate(store, gatewayMigrations)
    const shelf = { state: () => ({ kind: 'absent' }) as const, read: () => undefined }
    const filter = { farmId: '', crop: '', verdict: '', state: 'waiting', order: 'unsure', page: 1 } as const
    const list = await findingList(store.db, shelf, EVERYTHING, filter)
    expect(list.findings).toMatchObject([{ findingId: 'f', plant: null, review: null, farmName: 'Vườn Cũ' }])
    expect(list.counts).toMatchObject({ waiting: 1, all: 1 })
  })
})

describe("a lot's page", () => {
  const said = (decision: FindingReviewEntry['decision'], box: SignedBox): FindingReviewEntry => ({
    ...{ kind: 'finding-review', reviewId: 'fr-1', agent: box.agent, findingId: 'find-9', decision },
    ...{ photo: new Uint8Array(32), model: null, crop: 'dragon-fruit', label: 'rot_or_canker' },
    ...{ vi: 'thối hoặc loét', en: 'rot or canker', organism: ORGANISM, note: '', regions: [] },
    ...{ person: 'p-1', role: 'agronomist', eventId: '' },
  })

  it("says what the province says of a photo in the farm's book, and names the organism only then", async () => {
    const book = await Book.open()
    await book.did('s1', 'scouted', -9, { what: 'vết lõm', findingId: 'find-9' })
    await book.did('s2', 'scouted', -8, { what: 'rệp sáp' })
    await book.harvest(100)
    const grown = [{ farmId: 'f1', plot: 'A', crop: 'dragon-fruit', harvestedAt: Date.UTC(2026, 10, 23, 2) }]
    const sightings = async () => (await lotDiary(book.gateway.store.db, grown)).sightings
    expect(await sightings()).toMatchObject([
      { what: 'vết lõm', isOfPhoto: true, organism: '', review: null },
      { what: 'rệp sáp', isOfPhoto: false, review: null },
    ])
    await book.gateway.decide(said('corrected', book.box))
    expect(await sightings()).toMatchObject([
      { review: { isConfirmed: false, vi: 'thối hoặc loét', organism: ORGANISM } },
      { review: null },
    ])
    await book.gateway.decide({ ...said('not-usable', book.box), reviewId: 'fr-2' })
    expect((await sightings())[0]?.review).toBeNull()
    await book.gateway.decide({ ...said('confirmed', book.box), reviewId: 'fr-3' })
    const story = { diary: await lotDiary(book.gateway.store.db, grown) } as LotStory
    const shown = (language: 'vi' | 'en' | 'zh') =>
      lotSightings({ language, timeZone: 'Asia/Ho_Chi_Minh' } as PublicView, story)?.text
    expect(shown('vi')).toContain('cán bộ tỉnh đã xem ảnh và xác nhận')
    expect(shown('en')).toContain(`<a href="${ORGANISM}" rel="noreferrer">NCBI 569374</a>`)
    expect(shown('zh')).toContain('省级农技人员已查看照片并确认')
  })
})

import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { harvestEvent } from '#contract/trace/epcis.ts'
import { type SignedEvent, signEvent } from '#contract/trace/signed-event.ts'
import { brokenChains, chainFaultCount, chainFaultsOf } from '../../gateway/insight/chain-faults.ts'
import { linkWaiting } from '../../gateway/projections/chain-faults.ts'
import { projectionMigrations } from '../../gateway/projections/migrations.ts'
import { seededRandom, seedFromEnvironment } from '../world/seeded.ts'
import { FARM, settledFarm } from './orchard.ts'
import { ProvinceStore } from './province-store.ts'
import { DAY, SignedBox } from './signed-box.ts'

/** An event of a box with the number and the predecessor that the test is about. */
function event(
  box: SignedBox,
  eventNo: number,
  before: SignedEvent | string,
  { massKg = eventNo, by = box, agent = box.agent } = {},
): SignedEvent {
  const harvest = harvestEvent({
    ...{ gtin: '09521234567899', lot: 'B0X1261123001', massKg, harvestedAt: DAY },
    ...{ harvestedOn: '2026-11-23', zoneOffset: '+07:00', isFirstPick: true },
  })
  const statement = {
    ...{ agent, key: box.keyId, epoch: box.epoch, eventNo },
    ...{ prev: typeof before === 'string' ? before : before.hash },
    ...{ capturedAt: '2026-11-23T00:00:00.000Z', clock: 'synchronised' as const, event: harvest },
  }
  return signEvent(statement, by.key, sha256)
}

const entry = ({ signed, signature }: SignedEvent) => ({ kind: 'event', signed, signature })

/** `count` events that follow one another as a box chains them. */
function chain(box: SignedBox, count: number): SignedEvent[] {
  const events: SignedEvent[] = []
  for (let no = 1; no <= count; no++) events.push(event(box, no, events.at(-1) ?? ''))
  return events
}

/** What a box signs, whether it may or not, in the order in which it signs it. */
type Told = (box: SignedBox) => readonly SignedEvent[]

const at = (events: readonly SignedEvent[], no: number): SignedEvent => events[no - 1] as SignedEvent

const HISTORIES: [string, Told, [eventNo: number, kind: string][]][] = [
  ['an honest chain', (box) => chain(box, 5), []],
  ['the same event twice', (box) => [...chain(box, 3), at(chain(box, 3), 2)], []],
  [
    'an event that somebody else signed',
    (box) => [...chain(box, 2), event(box, 3, at(chain(box, 2), 2), { by: new SignedBox(200) })],
    [[3, 'forged']],
  ],
  [
    'an event that names another box',
    (box) => [...chain(box, 2), event(box, 3, at(chain(box, 2), 2), { agent: new SignedBox(200).agent })],
    [[3, 'forged']],
  ],
  [
    'two events in each other’s place',
    (box) => {
      const [first, second, third] = chain(box, 3) as [SignedEvent, SignedEvent, SignedEvent]
      return [first, event(box, 2, second), event(box, 3, third)]
    },
    [
      [2, 'broken'],
      [3, 'broken'],
    ],
  ],
  [
    'an event that was taken out and the next one told as if it never was',
    (box) => {
      const events = chain(box, 2)
      return [...events, event(box, 3, at(events, 1))]
    },
    [[3, 'broken']],
  ],
  ['an event that is kept back', (box) => chain(box, 4).filter((_, index) => index !== 1), [[3, 'missing']]],
  ['a beginning that is kept back', (box) => chain(box, 4).slice(2), [[3, 'missing']]],
  [
    'a chain whose end was cut off, and which went on from there',
    (box) => {
      const events = chain(box, 4)
      const again = event(box, 3, at(events, 2), { massKg: 30 })
      return [...events, again, event(box, 4, again, { massKg: 40 }), event(box, 5, at(events, 4))]
    },
    [
      [3, 'forked'],
      [4, 'forked'],
    ],
  ],
  ['a first event that names one before it', (box) => [event(box, 1, 'ab'.repeat(32))], [[1, 'broken']]],
  [
    'a second event that begins anew',
    (box) => [...chain(box, 1), event(box, 2, '', { massKg: 9 })],
    [[2, 'broken']],
  ],
  ['a predecessor that is no hash', (box) => [...chain(box, 1), event(box, 2, 'nó')], [[2, 'broken']]],
  [
    'a number that no box counts to',
    (box) => [...chain(box, 1), event(box, Number.MAX_SAFE_INTEGER, at(chain(box, 1), 1))],
    [[Number.MAX_SAFE_INTEGER, 'missing']],
  ],
]

const faultsOf = async ({ store }: ProvinceStore, { agent }: SignedBox) =>
  (
    await sql<{ event_no: number; kind: string }>`SELECT event_no, kind FROM chain_fault
      WHERE agent = ${agent} ORDER BY event_no, kind`.execute(store.db)
  ).rows.map(({ event_no: no, kind }) => [Number(no), kind])

describe('the chain of a box', () => {
  it('is judged alike in whatever order it comes, and by a rebuild', async () => {
    const province = await ProvinceStore.open()
    const seed = seedFromEnvironment()
    const random = seededRandom(seed)
    const orders = [false, true, true]
    const boxes = Array.from({ length: HISTORIES.length * orders.length }, (_, at) => new SignedBox(at + 1))
    await province.decide(
      ...boxes.map(({ agent, key }, at) => ({
        ...{ kind: 'enrolment' as const, agent, publicKey: key.publicRaw, boxCode: `B${at}`, farmId: 'f1' },
      })),
    )
    for (const [name, told, expected] of HISTORIES)
      for (const isShuffled of orders) {
        const box = boxes.pop() as SignedBox
        // Sealed in order, for a box has one journal; sent in any.
        const sealed = told(box).map((each) => box.records(entry(each)))
        for (const batch of isShuffled ? shuffled(sealed, random) : sealed) await province.take(batch)
        expect(await faultsOf(province, box), `${name}, seed ${seed}`).toEqual(expected)
      }
    const before = await province.projections()
    await province.rebuild()
    expect(await province.projections()).toEqual(before)
  })

  it('is whole again when what was missing comes', async () => {
    const province = await ProvinceStore.open()
    const box = new SignedBox()
    await province.enrol(box)
    const [first, second, third] = chain(box, 3).map((each) => box.records(entry(each)))
    await province.take(first!)
    await province.take(third!)
    const [late] = await chainFaultsOf(province.store.db, box.agent)
    expect(late).toEqual({ kind: 'missing', count: 1, eventNos: [[3, 3]], mayStillCome: true })
    // It is told, and counts as a fault only when nothing is on its way any more.
    expect(await chainFaultCount(province.store.db, [box.agent])).toBe(0)
    await province.take(second!)
    expect(await chainFaultsOf(province.store.db, box.agent)).toEqual([])
    const kept = new SignedBox(2)
    await province.enrol(kept, 'f1', 'B0X2')
    for (const each of [at(chain(kept, 3), 1), at(chain(kept, 3), 3)])
      await province.take(kept.records(entry(each)))
    expect(await chainFaultCount(province.store.db, [kept.agent])).toBe(1)
    expect(await brokenChains(province.store.db)).toEqual([
      {
        agent: kept.agent,
        farm: 'Vườn Tám',
        faults: [{ kind: 'missing', count: 1, eventNos: [[3, 3]], mayStillCome: false }],
      },
    ])
  })

  it('is judged without what a revoked key said too late', async () => {
    const province = await ProvinceStore.open()
    const box = new SignedBox()
    await province.enrol(box)
    const events = chain(box, 3)
    await province.take(box.records(...events.map(entry)))
    await province.take(box.records(entry(event(box, 2, at(events, 1), { massKg: 99 }))))
    expect(await faultsOf(province, box)).toEqual([[2, 'forked']])
    const { agent, keyId: key, epoch } = box
    const lastTrusted = { record: 3, finding: 0, reading: 0 }
    await province.decide({ kind: 'revocation', agent, key, reason: 'stolen', epoch, lastTrusted })
    expect(await faultsOf(province, box)).toEqual([])
    const before = await province.projections()
    await province.rebuild()
    expect(await province.projections()).toEqual(before)
  })

  it('that was there before anybody judged is judged at the first start', async () => {
    const province = await ProvinceStore.open()
    const box = new SignedBox()
    await province.enrol(box)
    for (const [, told] of HISTORIES) await province.take(box.records(...told(box).map(entry)))
    const before = await province.projections()
    for (const table of ['chain_link', 'chain_fault']) await province.rows(`DELETE FROM ${table}`)
    const migration = projectionMigrations.find(({ name }) => name === 'projections-6')
    const types = { integer: '', real: '', blob: '', tableOptions: '', keyedOptions: '' }
    await province.rows(migration?.statements(types).at(-1) ?? '')
    await linkWaiting(province.store.db, (work) => province.store.db.transaction().execute(work))
    expect(await province.projections()).toEqual(before)
  })
})

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

describe('a chain that does not hold', () => {
  it('is shown on the pages of its farm in both languages, in the figures, in a line of the log, by log verify', async () => {
    const { orchard, box } = await settledFarm()
    await orchard.addPerson({ email: 'en@tinh.example', language: 'en' })
    const sessions = { vi: await orchard.signIn(), en: await orchard.signIn('en@tinh.example') }
    const page = async (url: string, language: 'vi' | 'en' = 'vi') => {
      const cookies = { vuon_session: sessions[language] }
      return (await orchard.app.inject({ url, headers: { accept: 'text/html' }, cookies })).body
    }
    expect(await page(`/farms/${FARM}`)).not.toContain('không khớp')
    const lines: unknown[][] = []
    orchard.app.log.warn = (...said: unknown[]) => void lines.push(said)
    // The end of the chain is signed a second time, with another mass.
    const again = event(box, 2, event(box, 1, ''), { massKg: 7 })
    await orchard.send(box.records(entry(again), entry(event(box, 9, again))))
    const farm = await page(`/farms/${FARM}`)
    expect(farm).toContain('Chuỗi hồ sơ có chữ ký của hộp B0X1 không khớp')
    expect(farm).toContain('Hồ sơ số 2: có hai bản khác nhau mang cùng một số.')
    expect(farm).toContain('Hồ sơ số 9: hồ sơ đứng ngay trước chưa bao giờ đến tỉnh.')
    expect(farm).toContain('Việc cần làm')
    expect(await page(`/farms/${FARM}`, 'en')).toContain('Record 2: there are two different ones')
    const list = await page('/farms')
    expect(list).toContain('Hồ sơ không khớp: 2')
    expect(list).toContain('1 vườn có hồ sơ không khớp')
    expect(lines.map(([fault]) => fault)).toEqual([
      { agent: box.agent, eventNo: 2, kind: 'forked' },
      { agent: box.agent, eventNo: 9, kind: 'missing' },
    ])
    const figures = (await orchard.app.inject({ url: '/metrics' })).body
    expect(figures).toContain('vuon_gateway_chain_faults{kind="forked"} 1')
    expect(figures).toContain('vuon_gateway_chain_faults{kind="missing"} 1')
    expect(figures).toContain('vuon_gateway_chain_faults{kind="broken"} 0')
    const verified = await orchard.gateway.transparency.verify([])
    expect(verified).toMatchObject({ brokenChains: [{ agent: box.agent, farm: 'Vườn Hai Lúa' }] })
  })
})

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { toHex } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { harvestEvent } from '#contract/trace/epcis.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import { BATCH_TYPE, type SealedBatch } from '#contract/wire/batch.ts'
import { QUALITY, type Reading, type SeriesEntry } from '#contract/wire/records.ts'
import { addPerson, type NewPerson } from '../../gateway/accounts/people.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { QUICK_PASSWORD } from '../world/quick-hash.ts'
import { temporaryFolder } from './province-store.ts'
import { SignedBox, STAMP, seriesEntry } from './signed-box.ts'

/** 2026-11-23 15:04 in Viet Nam: now, for everything in the orchard. */
export const NOW = Date.UTC(2026, 10, 23, 8, 4)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
const DAY_MS = 24 * HOUR

export const GTIN = '09521234567899'
export const FARM = 'f-hai-lua'
export const PASSWORD = 'thanh long ruột đỏ'
export const EMAIL = 'lan@tinh.example'
export const LOTS = [0, 1].map((counter) => newLotNumber({ boxCode: 'B0X1', yymmdd: '261122', counter }))
export const UNSENT_LOT = newLotNumber({ boxCode: 'B0X1', yymmdd: '261123', counter: 7 })

type App = Awaited<ReturnType<Gateway['serve']>>
type Entry = Record<string, unknown> & { kind: string }

/** A real gateway on a temporary folder, whose wall clock the test sets. */
export class Orchard {
  readonly gateway: Gateway
  readonly app: App
  readonly #clock: { wallMs: number }
  #address: Promise<string> | undefined

  constructor(gateway: Gateway, app: App, clock: { wallMs: number }) {
    this.gateway = gateway
    this.app = app
    this.#clock = clock
  }

  static async open(config: { publicUrl?: string } = {}): Promise<Orchard> {
    const orchard = await Orchard.openIn(temporaryFolder(), config)
    onTestFinished(() => orchard.gateway.stop())
    return orchard
  }

  /** On a folder of the caller's, who also stops it. `drawn` is where its random numbers begin. */
  static async openIn(dataDir: string, config: { publicUrl?: string } = {}, drawn = 0): Promise<Orchard> {
    const time = { wallMs: NOW }
    const clock: Clock = {
      wallMs: () => time.wallMs,
      monotonicMs: () => time.wallMs,
      after(delayMs, run) {
        const timer = setTimeout(run, delayMs)
        return () => clearTimeout(timer)
      },
    }
    let next = drawn
    // Different each time, as the tokens of two sessions must be.
    const randomBytes = (length: number) =>
      sha256(new TextEncoder().encode(`orchard ${next++}`)).subarray(0, length)
    const settings = gatewayConfigSchema.parse({
      dataDir,
      log: 'silent',
      listen: { port: 0 },
      ...config,
    })
    const gateway = new Gateway(settings, {
      clock,
      random: Math.random,
      randomBytes,
      withProcessMetrics: false,
    })
    const app = await gateway.serve()
    return new Orchard(gateway, app, time)
  }

  /** Listens on a free port of this machine, once. */
  listen(): Promise<string> {
    this.#address ??= this.gateway.listen()
    return this.#address
  }

  advance(ms: number): void {
    this.#clock.wallMs += ms
  }

  addPerson(change: Partial<NewPerson> = {}): Promise<string> {
    const person = { email: EMAIL, name: 'Nguyễn Thị Lan', role: 'agronomist', language: 'vi' } as const
    const whole = { ...person, farmIds: [FARM], password: PASSWORD, ...change }
    return addPerson(this.gateway.db, whole, QUICK_PASSWORD)
  }

  async addFarm(farmId: string, name: string, commune = 'Hàm Thạnh', province = 'Lâm Đồng'): Promise<void> {
    await this.gateway.decide([{ kind: 'farm', farmId, name, commune, province }])
  }

  async enrol(box: SignedBox, farmId: string, boxCode: string): Promise<void> {
    const { agent, key } = box
    await this.gateway.decide([{ kind: 'enrolment', agent, publicKey: key.publicRaw, boxCode, farmId }])
  }

  async suspend(box: SignedBox): Promise<void> {
    await this.gateway.decide([{ kind: 'suspension', agent: box.agent, reason: 'cloned card' }])
  }

  /** Sends a batch through the real door. */
  async send(batch: SealedBatch): Promise<void> {
    const answer = await this.app.inject({
      method: 'POST',
      url: '/sync/v1/batches',
      headers: { 'content-type': BATCH_TYPE },
      payload: Buffer.from(batch.bytes),
    })
    if (answer.statusCode !== 200) throw new Error(`batch refused: ${answer.body}`)
  }

  /** The cookie of a signed-in session. */
  async signIn(email = EMAIL, password = PASSWORD): Promise<string> {
    const form = await this.app.inject({ url: '/sign-in' })
    const token = String(form.cookies[0]?.value)
    const answer = await this.app.inject({
      method: 'POST',
      url: '/sign-in',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      cookies: { vuon_form: token },
      payload: new URLSearchParams({ csrf: token, email, password }).toString(),
    })
    const session = answer.cookies.find((cookie) => cookie.name === 'vuon_session')
    if (!session) throw new Error(`not signed in: ${answer.statusCode}`)
    return session.value
  }
}

/** Two probes and a weather mast on a dragon-fruit farm: three days with a power cut, alarms, two lots. */
export async function believableFarm(orchard: Orchard, box = new SignedBox(1)): Promise<SignedBox> {
  await orchard.addFarm(FARM, 'Vườn Hai Lúa')
  await orchard.enrol(box, FARM, 'B0X1')
  await orchard.gateway.decide([
    {
      kind: 'allocation',
      farmId: FARM,
      gtin: GTIN,
      crop: 'dragon-fruit',
      productVi: 'Thanh long ruột đỏ loại 1, thùng 10 kg',
      productEn: 'Red-fleshed dragon fruit, grade 1, 10 kg box',
      growingArea: { gln: '9521234567899', code: 'VN-LDOR-0042' },
    },
  ])
  await orchard.send(box.records(...SERIES.map(({ entry }) => entry as unknown as Entry)))
  for (let day = 3; day > 0; day--) {
    const [fromT, toT] = [NOW - day * DAY_MS, NOW - (day - 1) * DAY_MS]
    await orchard.send(box.readings(SERIES.flatMap((series) => readingsOf(series, fromT, toT))))
  }
  await orchard.send(box.records(...ALARMS))
  for (const [index, lot] of LOTS.entries()) await orchard.send(box.records(...harvest(box, lot, index)))
  return box
}

/** The believable farm and one person, on a folder that is filled once and copied for each test. */
export async function settledFarm(
  config: { publicUrl?: string } = {},
): Promise<{ orchard: Orchard; box: SignedBox }> {
  template ??= filledFolder()
  const { folder, box } = await template
  const own = temporaryFolder()
  cpSync(folder, own, { recursive: true })
  const orchard = await Orchard.openIn(own, config, 1000)
  onTestFinished(() => orchard.gateway.stop())
  return { orchard, box: box.twin() }
}

let template: Promise<{ folder: string; box: SignedBox }> | undefined

async function filledFolder(): Promise<{ folder: string; box: SignedBox }> {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-orchard-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const orchard = await Orchard.openIn(folder)
  const box = await believableFarm(orchard)
  await orchard.addPerson()
  await orchard.gateway.stop()
  return { folder, box }
}

interface Simulated {
  readonly entry: SeriesEntry
  readonly everyMs: number
  /** Hours by which its newest reading lies back. */
  readonly silentH?: number
  /** Value by the hour of day (local), and days since the start. */
  readonly value: (hour: number, days: number) => number
  readonly quality?: number
}

// A dry November day on the coast: warm and damp before dawn, hottest at two in the afternoon.
const sun = (hour: number): number => Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI))
const temperature = (hour: number): number => 25 + 8 * Math.max(0, Math.sin(((hour - 7.5) / 13) * Math.PI))
const humidity = (hour: number): number => 92 - 34 * Math.max(0, Math.sin(((hour - 7.5) / 13) * Math.PI))
// Dries by the day, and is watered each morning at five.
const moisture = (hour: number, days: number): number => 33 - 4 * days - 0.35 * ((hour + 19) % 24)

const series = (
  no: number,
  device: string,
  place: string,
  quantity: SeriesEntry['quantity'],
  unit: SeriesEntry['unit'],
  rest: Omit<Simulated, 'entry' | 'everyMs'> & { everyMs?: number; channel?: string; origin?: string },
): Simulated => ({
  everyMs: 10 * MINUTE,
  ...rest,
  entry: seriesEntry(no, {
    device,
    place,
    quantity,
    unit,
    channel: rest.channel ?? '',
    origin: rest.origin ?? 'measured',
    resolution: quantity === 'vapour-pressure-deficit' || quantity === 'soil-ph' ? 0.01 : 0.1,
  }),
})

const SERIES: readonly Simulated[] = [
  series(1, 'Cọc đất 1', 'Lô A – trụ 12', 'soil-moisture', '%', { value: moisture, channel: '20 cm' }),
  series(2, 'Cọc đất 1', 'Lô A – trụ 12', 'soil-moisture', '%', {
    value: (hour, days) => moisture(hour, days) + 6,
    channel: '40 cm',
  }),
  series(3, 'Cọc đất 1', 'Lô A – trụ 12', 'soil-temperature', 'Cel', {
    value: (hour) => 27 + 2 * sun(hour - 2),
  }),
  series(4, 'Cọc đất 1', 'Lô A – trụ 12', 'soil-conductivity', 'uS/cm', { value: (hour) => 640 + 4 * hour }),
  series(5, 'Cọc đất 1', 'Lô A – trụ 12', 'soil-nitrogen', 'mg/kg', {
    value: () => 42,
    quality: QUALITY.estimated,
  }),
  series(6, 'Cọc đất 2', 'Lô B – trụ 40', 'soil-moisture', '%', {
    value: (hour, days) => moisture(hour, days) - 3,
    silentH: 20,
  }),
  series(7, 'Cọc đất 2', 'Lô B – trụ 40', 'soil-ph', '[pH]', { value: () => 5.6, silentH: 20 }),
  series(8, 'Trạm thời tiết', 'Nhà đóng gói', 'air-temperature', 'Cel', {
    value: temperature,
    everyMs: 5 * MINUTE,
  }),
  series(9, 'Trạm thời tiết', 'Nhà đóng gói', 'air-humidity', '%', { value: humidity, everyMs: 5 * MINUTE }),
  series(10, 'Trạm thời tiết', 'Nhà đóng gói', 'light', 'lx', {
    value: (hour) => 88_000 * sun(hour),
    everyMs: 5 * MINUTE,
  }),
  series(11, 'Trạm thời tiết', 'Nhà đóng gói', 'vapour-pressure-deficit', 'kPa', {
    value: (hour) =>
      0.6108 *
      Math.exp((17.27 * temperature(hour)) / (temperature(hour) + 237.3)) *
      (1 - humidity(hour) / 100),
    everyMs: 5 * MINUTE,
    origin: 'derived',
  }),
  series(12, 'Trạm thời tiết', 'Nhà đóng gói', 'rain-rate', 'mm/h', {
    value: () => 0,
    everyMs: 5 * MINUTE,
    quality: QUALITY.stuck,
  }),
]

// The second night: no power from one to half past four in the morning (local).
const CUT = [NOW - 38 * HOUR, NOW - 34.5 * HOUR] as const

function readingsOf(
  { entry, everyMs, silentH, value, quality }: Simulated,
  fromT: number,
  toT: number,
): Reading[] {
  const readings: Reading[] = []
  // Four minutes before now is the newest.
  for (let t = fromT + everyMs - 4 * MINUTE; t < toT; t += everyMs) {
    if ((t > CUT[0] && t < CUT[1]) || t > NOW - (silentH ?? 0) * HOUR) continue
    const hour = (t / HOUR + 7) % 24
    const days = (t - (NOW - 3 * DAY_MS)) / DAY_MS
    // A flutter that repeats: charts need some life, tests need the same life each time.
    const flutter = Math.sin(t / 7e5 + entry.no) * 0.4 + Math.sin(t / 1.9e5) * 0.2
    const real = value(hour, days) + (quality === undefined ? flutter : 0)
    const lowest = entry.quantity === 'light' ? Math.max(0, real) : real
    readings.push({
      seriesNo: entry.no,
      t,
      scaled: Math.round(lowest / entry.resolution),
      quality: quality ?? 0,
    })
  }
  return readings
}

const alarm = (
  alarmId: string,
  state: 'raised' | 'cleared',
  t: number,
  rest: Record<string, unknown>,
): Entry => ({
  kind: 'alarm',
  t,
  alarmId,
  state,
  severity: 'warning',
  facts: {},
  ...rest,
})

const DRY = {
  rule: 'below',
  name: 'đất khô',
  device: 'Cọc đất 1',
  quantity: 'soil-moisture',
  severity: 'critical',
}
const SILENT = { rule: 'silent', name: 'Cọc đất 2', device: 'Cọc đất 2', quantity: '' }
const HOT = { rule: 'above', name: 'nắng gắt', device: 'Trạm thời tiết', quantity: 'air-temperature' }

export const ALARMS: readonly Entry[] = [
  alarm('a-dry', 'raised', NOW - 3 * HOUR, { ...DRY, facts: { value: 18.2, bound: 20, channel: '20 cm' } }),
  alarm('a-silent', 'raised', NOW - 19 * HOUR, {
    ...SILENT,
    facts: { lastHeardAt: NOW - 20 * HOUR, minutes: 60 },
  }),
  alarm('a-hot', 'raised', NOW - 26 * HOUR, { ...HOT, facts: { value: 35.4, bound: 35 } }),
  alarm('a-hot', 'cleared', NOW - 24 * HOUR, { ...HOT, facts: { value: 33.1, bound: 35 } }),
]

/** What the box writes for one harvest: the activity, the lot, and the event that it signs. */
export function harvest(
  box: SignedBox,
  lot: string,
  index = 0,
  change: { crop?: string; plot?: string; signedBy?: SignedBox; gtin?: string } = {},
): Entry[] {
  const harvestedAt = NOW - 30 * HOUR + index * HOUR
  const gtin = change.gtin ?? GTIN
  const massKg = index === 0 ? 320 : 184.5
  const growingArea = { gln: '9521234567899', code: 'VN-LDOR-0042' }
  const unnamed = harvestEvent({
    gtin,
    lot,
    massKg,
    harvestedAt,
    harvestedOn: '2026-11-22',
    zoneOffset: '+07:00',
    growingArea,
    isFirstPick: true,
  })
  const event = { ...unnamed, eventID: eventHash(unnamed, sha256) }
  const statement = {
    agent: box.agent,
    key: box.keyId,
    epoch: box.epoch,
    eventNo: index + 1,
    // The second of the farm's own lots follows the first, as a box chains them.
    prev: index === 1 ? hashOfEvent(harvest(box, LOTS[0] ?? lot)) : '',
    capturedAt: new Date(harvestedAt).toISOString(),
    clock: STAMP.clock,
    event,
  }
  const { signed, signature } = signEvent(statement, (change.signedBy ?? box).key, sha256)
  return [
    {
      kind: 'lot',
      gtin,
      lot,
      activityId: `h-${lot}`,
      crop: change.crop ?? 'dragon-fruit',
      plot: change.plot ?? 'A',
      harvestedAt,
      massKg,
      growingArea,
    },
    { kind: 'event', signed, signature },
  ]
}

const hashOfEvent = (entries: readonly Entry[]): string =>
  toHex(sha256(entries.at(-1)?.['signed'] as Uint8Array))

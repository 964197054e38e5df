import type { TimeQuality } from '#contract/ground/clock.ts'
import { LANES } from '#contract/wire/records.ts'
import type { OpenAlarm } from './alarm-desk.ts'
import type { DownlinkDeskState } from './downlink-desk.ts'
import type { Enrolment } from './enrolment.ts'
import type { DeviceBook } from './health/device-book.ts'
import type { FaultBook } from './health/fault-book.ts'
import type { BusState } from './inputs.ts'
import type { JournalState, LatestReading } from './journal/journal.ts'
import type { SeriesRow } from './journal/journal-core.ts'
import type { ChannelState } from './notices/channel-queue.ts'
import type { BoxOverview, DeviceCard, ReadingCard } from './page/page-sources.ts'
import type { BudgetState } from './sync/budget.ts'
import type { UplinkState } from './sync/uplink.ts'
import type { ModelLine } from './vision/model-life.ts'

/** Gathers what the box's page and `doctor` show from the parts that know it. */
export interface OverviewParts {
  readonly now: number
  readonly enrolment: Enrolment | null
  readonly journal: {
    readonly timeQuality: TimeQuality
    series(): SeriesRow[]
    latest(): Promise<LatestReading[]>
    state(): Promise<JournalState>
  }
  readonly devices: DeviceBook
  readonly faults: FaultBook
  readonly buses: readonly BusState[]
  readonly alarms: readonly OpenAlarm[]
  readonly channels?: readonly ChannelState[]
  readonly testedAt?: number | null
  readonly uplink: UplinkState | null
  readonly budget?: BudgetState
  readonly downlink?: DownlinkDeskState
  readonly models?: readonly ModelLine[]
  readonly quotaBytes: number
}

export async function boxOverview(parts: OverviewParts): Promise<BoxOverview> {
  const { enrolment, faults } = parts
  const [latest, state] = await Promise.all([parts.journal.latest(), parts.journal.state()])
  return {
    farm: enrolment && {
      name: enrolment.farm.name,
      commune: enrolment.farm.commune,
      province: enrolment.farm.province,
    },
    boxCode: enrolment?.boxCode ?? null,
    clock: parts.journal.timeQuality,
    devices: deviceCards(parts, latest),
    buses: parts.buses.map((bus) => ({ ...bus, faults: faults.of(bus.name) })),
    alarms: parts.alarms.map(
      ({ acknowledged, alarmId, severity, rule, name, device, quantity, facts, raisedAt }) => ({
        alarmId,
        severity,
        rule,
        name,
        device,
        quantity,
        facts,
        raisedAt,
        acknowledged,
      }),
    ),
    channels: parts.channels ?? [],
    testedAt: parts.testedAt ?? null,
    journal: {
      readings: state.readings,
      sizeBytes: state.sizeBytes + state.walBytes,
      quotaBytes: parts.quotaBytes,
      lossWindowMs: state.lossWindowMs,
      lastCommitMs: state.lastCommitMs,
      setAside: state.setAside,
      lanes: LANES.map((lane) => {
        const { lastSeq, durableThrough, oldestUnsentT } = state.lanes[lane]
        return { lane, lastSeq, durableThrough, oldestUnsentT }
      }),
    },
    ...(parts.downlink ? { downlink: parts.downlink } : {}),
    ...(parts.models ? { models: parts.models } : {}),
    uplink: parts.uplink &&
      enrolment && {
        gateway: enrolment.gateway,
        phase: parts.uplink.phase,
        lastOkAt: parts.uplink.lastOkAt,
        lastError: parts.uplink.lastError,
        failures: parts.uplink.failures,
        sentBatches: parts.uplink.sentBatches,
        sentBytes: parts.uplink.sentBytes,
        ...(parts.budget ? { budget: parts.budget } : {}),
      },
  }
}

/** Devices that were heard since the start, that the config names, or that the journal remembers. */
function deviceCards(parts: OverviewParts, latest: readonly LatestReading[]): DeviceCard[] {
  const newest = new Map(latest.map((reading) => [reading.seriesNo, reading]))
  const readings = new Map<string, ReadingCard[]>()
  const places = new Map<string, string>()
  for (const { no, device, channel, quantity, unit, origin, place } of parts.journal.series()) {
    const last = newest.get(no)
    if (!last) continue
    const card: ReadingCard = {
      seriesNo: no,
      channel,
      quantity,
      unit,
      origin,
      value: last.value,
      t: last.t,
      quality: last.quality,
    }
    readings.set(device, [...(readings.get(device) ?? []), card])
    if (place) places.set(device, place)
  }
  const known = parts.devices.devices(parts.now)
  const heard = new Set(known.map((device) => device.name))
  const remembered = [...readings.keys()]
    .filter((name) => !heard.has(name))
    .map((name) => ({
      name,
      bus: '',
      place: '',
      everyMs: undefined,
      lastHeardAt: null,
      status: 'silent' as const,
    }))
  return [...known, ...remembered].map((device) => {
    const own = readings.get(device.name) ?? []
    const lastT = own.reduce<number | null>((last, { t }) => Math.max(last ?? t, t), null)
    return {
      name: device.name,
      place: device.place || (places.get(device.name) ?? ''),
      bus: device.bus,
      everyMs: device.everyMs ?? null,
      lastHeardAt: device.lastHeardAt ?? lastT,
      status: device.status,
      faults: parts.faults.of(device.name),
      readings: own,
    }
  })
}

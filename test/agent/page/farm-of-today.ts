import { faultTables } from '../../../agent/page/fault-messages.ts'
import type { BoxOverview, DeviceCard } from '../../../agent/page/page-sources.ts'
import { QUALITY } from '../../../contract/wire/records.ts'
import { NOON } from './pretend-box.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const FAULT_CODES = Object.keys(faultTables.vi).filter(
  (key) => !key.endsWith('-do') && key !== 'other',
)

const reading = (
  seriesNo: number,
  quantity: string,
  unit: string,
  value: number,
  more: { ageMs?: number; quality?: number; channel?: string; origin?: string } = {},
) => ({
  seriesNo,
  channel: more.channel ?? '',
  quantity,
  unit,
  value,
  t: NOON - (more.ageMs ?? 40_000),
  quality: more.quality ?? 0,
  origin: more.origin ?? 'measured',
})

export const DEVICES: DeviceCard[] = [
  {
    name: 'soil-a',
    place: 'Lô A',
    bus: 'line-1',
    everyMs: 5 * MINUTE,
    lastHeardAt: NOON - 4 * MINUTE,
    status: 'fresh',
    faults: [
      { code: 'crc', detail: '01 03 06 .. f1', count: 3, lastAt: NOON - 2 * HOUR },
      { code: 'timeout', detail: '', count: 1240, lastAt: NOON - 30 * MINUTE },
    ],
    readings: [
      reading(1, 'soil-moisture', '%', 16.4, { ageMs: 4 * MINUTE }),
      reading(2, 'soil-temperature', 'Cel', 28.3, { ageMs: 4 * MINUTE }),
      reading(3, 'soil-nitrogen', 'mg/kg', 41, { ageMs: 4 * MINUTE, quality: QUALITY.estimated }),
      reading(4, 'soil-ph', '[pH]', 5.8, { ageMs: 4 * MINUTE }),
    ],
  },
  {
    name: '0x00158d0001a2b3c4',
    place: 'Lô A',
    bus: 'broker',
    everyMs: 10 * MINUTE,
    lastHeardAt: NOON - 26 * HOUR,
    status: 'silent',
    faults: [
      { code: 'not-json', detail: 'Unexpected end of JSON input', count: 1, lastAt: NOON - 26 * HOUR },
    ],
    readings: [
      reading(5, 'leaf-wetness', '%', 71, { ageMs: 26 * HOUR }),
      reading(6, 'battery', '%', 3, { ageMs: 26 * HOUR }),
    ],
  },
  {
    name: 'air-shed',
    place: 'Nhà đóng gói',
    bus: 'line-1',
    everyMs: MINUTE,
    lastHeardAt: NOON - 20_000,
    status: 'fresh',
    faults: [],
    readings: [
      reading(7, 'air-temperature', 'Cel', 34.16),
      reading(8, 'air-humidity', '%', 62),
      reading(9, 'vapour-pressure-deficit', 'kPa', 2.04, { origin: 'derived vpd-1' }),
      reading(10, 'air-temperature', 'Cel', -999, { channel: 'DS18B20-2', quality: QUALITY.outOfRange }),
    ],
  },
  {
    name: 'pump',
    place: 'Nhà đóng gói',
    bus: 'broker',
    everyMs: 5 * MINUTE,
    lastHeardAt: NOON - 14 * MINUTE,
    status: 'late',
    faults: [],
    readings: [
      reading(11, 'switch', '1', 1, { ageMs: 14 * MINUTE }),
      reading(12, 'water-flow', 'L/min', 31.5, { ageMs: 14 * MINUTE }),
    ],
  },
  {
    name: 'weather',
    place: '',
    bus: 'line-1',
    everyMs: MINUTE,
    lastHeardAt: null,
    status: 'never',
    faults: [],
    readings: [],
  },
]

/** A farm on a hot noon, with the network gone: something of everything. */
export const TODAY: Partial<BoxOverview> = {
  devices: DEVICES,
  buses: [
    {
      name: 'line-1',
      kind: 'serial',
      isUp: true,
      detail: '/dev/ttyUSB0',
      since: NOON - 30 * HOUR,
      faults: [],
    },
    {
      name: 'broker',
      kind: 'mqtt-broker',
      isUp: false,
      detail: 'EADDRINUSE 0.0.0.0:1883',
      since: NOON - 3 * MINUTE,
      faults: [{ code: 'wrong-password', detail: 'client tasmota-9', count: 12, lastAt: NOON - 5 * MINUTE }],
    },
  ],
  alarms: [
    {
      alarmId: 'a1',
      severity: 'critical',
      rule: 'below',
      name: 'Đất khô',
      device: 'soil-a',
      quantity: 'soil-moisture',
      facts: { value: 17.2, bound: 18 },
      raisedAt: NOON - 50 * MINUTE,
    },
    {
      alarmId: 'a2',
      severity: 'warning',
      rule: 'silent',
      name: '0x00158d0001a2b3c4',
      device: '0x00158d0001a2b3c4',
      quantity: '',
      facts: { lastHeardAt: NOON - 26 * HOUR, minutes: 50 },
      raisedAt: NOON - 25 * HOUR,
    },
  ],
  journal: {
    readings: 184_220,
    sizeBytes: 41_300_000,
    quotaBytes: 2_000_000_000,
    lossWindowMs: 1000,
    lastCommitMs: 6.3,
    setAside: null,
    lanes: [
      { lane: 'record', lastSeq: 312, durableThrough: 309, oldestUnsentT: NOON - HOUR },
      { lane: 'finding', lastSeq: 0, durableThrough: 0, oldestUnsentT: null },
      { lane: 'reading', lastSeq: 184_220, durableThrough: 182_980, oldestUnsentT: NOON - 3 * HOUR - 60_000 },
    ],
  },
  uplink: {
    gateway: 'https://vuon.lamdong.example',
    phase: 'waiting',
    lastOkAt: NOON - 3 * HOUR,
    lastError: {
      code: 'link-down',
      sentence: 'The other side could not be reached.',
      hint: 'Nothing is lost: everything is kept and sent later. Check the network if this stays.',
      at: NOON - 2 * MINUTE,
    },
    failures: 37,
    sentBatches: 412,
    sentBytes: 1_840_000,
  },
}

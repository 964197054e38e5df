import { expect, it } from 'vitest'
import type { AlarmCard } from '../../gateway/insight/answers.ts'
import { alarmSentence } from '../../gateway/web/alarm-sentence.ts'
import { ProvinceStore } from './province-store.ts'
import { DAY, SignedBox } from './signed-box.ts'

const alarm = (state: 'raised' | 'acknowledged' | 'cleared', t: number, person = '') => ({
  ...{ kind: 'alarm', t, alarmId: 'a1', state, severity: 'warning', rule: 'below', name: 'dry' },
  ...{ device: 'probe 1', quantity: 'soil-moisture', facts: { value: 12, ...(person ? { person } : {}) } },
})

const batches = (box: SignedBox) => [
  box.records(alarm('raised', DAY + 1000)),
  box.records(alarm('acknowledged', DAY + 3000, 'p-2')),
  box.records(alarm('acknowledged', DAY + 2000, 'p-1')),
  box.records(alarm('cleared', DAY + 9000)),
]

it('an alarm is acknowledged once, by who was first, in whatever order it is heard and again after a rebuild', async () => {
  const orders = [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [2, 0, 3, 1, 2, 1],
  ]
  for (const order of orders) {
    const gateway = await ProvinceStore.open()
    const box = new SignedBox(1)
    await gateway.enrol(box)
    const sent = batches(box)
    for (const number of order) await gateway.take(sent[number]!)
    const rows = () => gateway.rows('SELECT alarm_id, at, person FROM alarm_acknowledgement')
    expect(await rows()).toEqual([{ alarm_id: 'a1', at: DAY + 2000, person: 'p-1' }])
    expect(await gateway.rows('SELECT raised_at, cleared_at, facts FROM alarm')).toEqual([
      { raised_at: DAY + 1000, cleared_at: DAY + 9000, facts: '{"value":12}' },
    ])
    expect(await gateway.rows('SELECT * FROM unknown_entry')).toEqual([])
    await gateway.rebuild()
    expect(await rows()).toEqual([{ alarm_id: 'a1', at: DAY + 2000, person: 'p-1' }])
  }
})

const card = (change: Partial<AlarmCard>): AlarmCard => ({
  ...{ alarmId: 'a1', state: 'raised', severity: 'warning', rule: 'above', name: 'Nóng', device: 'tram' },
  ...{ quantity: 'air-temperature', facts: {}, raisedAt: DAY, acknowledgedAt: null, clearedAt: null },
  ...change,
})

it.each([
  [{ rule: 'rising', facts: { perHour: 4, bound: 3 } }, 'tăng 4,0 °C mỗi giờ', 'rises by 4.0 °C an hour'],
  [{ rule: 'falling', facts: { perHour: -2.5, bound: 2 } }, 'giảm 2,5 °C mỗi giờ', 'falls by 2.5 °C an hour'],
  [{ rule: 'falling' }, 'giảm nhanh hơn mức đã đặt', 'falls faster than the limit'],
  [
    { rule: 'heat-stress', facts: { value: 39, bound: 38, crop: 'dragon-fruit' } },
    'Nóng quá đối với thanh long',
    'Too hot for dragon fruit',
  ],
  [{ rule: 'vpd-stress' }, 'khô quá đối với cây trồng', 'too dry for the crop'],
  [
    { rule: 'infection', name: 'thán thư', facts: { crop: 'mango', plot: 'lo-a' } },
    'chưa được kiểm chứng',
    'not validated in orchards here',
  ],
  [
    { rule: 'finding', name: 'canker', device: '', facts: { crop: 'x<y' } },
    'x<y cho thấy “canker”',
    'shows “canker”',
  ],
] as const)('the province says of %o what the box says', (change, vi, en) => {
  const plain = (text: string) => text.replaceAll('\u00a0', ' ').toLowerCase()
  expect(plain(alarmSentence('vi', card(change)))).toContain(vi.toLowerCase())
  expect(plain(alarmSentence('en', card(change)))).toContain(en.toLowerCase())
})

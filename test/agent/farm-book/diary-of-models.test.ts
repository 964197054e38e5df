import { expect, test } from 'vitest'
import type { RecordEntry } from '#contract/wire/records.ts'
import { FarmDiary } from '../../../agent/field/farm-diary.ts'
import type { PlotSetup } from '../../../agent/field/plot-setup.ts'

const DAY = 86_400_000
const plot = { id: 'lo-a', areaHa: 1 } as PlotSetup
const dateOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

test('the models forget water that was withdrawn, and a spray that was corrected speaks once', async () => {
  const at = Date.parse('2026-11-20T05:00:00Z')
  const entry = (activityId: string, type: string, details: object, more: object = {}): RecordEntry =>
    ({
      ...{ kind: 'activity', activityId, type, plot: 'lo-a', at, person: 'p1', details, t: at },
      ...more,
    }) as never
  let entries: RecordEntry[] = []
  const records = async () => [...entries].reverse().map((each, seq) => ({ seq, entry: each }))
  const diary = new FarmDiary({ records }, [plot], dateOf)
  entries = [entry('w1', 'irrigated', { m3: 50 }), entry('s1', 'sprayed', { phiDays: 7 })]
  await diary.read()
  expect(diary.irrigationMm('lo-a', '2026-11-20')).toBe(5)
  entries.push(entry('s2', 'sprayed', { phiDays: 14 }, { corrects: 's1' }))
  entries.push(entry('w2', 'irrigated', {}, { corrects: 'w1', isWithdrawn: true }))
  const since = await diary.read()
  expect(diary.irrigationMm('lo-a', '2026-11-20')).toBe(0)
  expect(since.get('lo-a')).toBeLessThanOrEqual(at - (at % DAY))
  expect(diary.sprays('lo-a')).toEqual([{ sprayedOn: '2026-11-20', phiDays: 14 }])
})

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { journalPath } from '../../../agent/data-folder.ts'
import { Journal } from '../../../agent/journal/journal.ts'
import type { FieldAnswer } from '../../../agent/page/field-answer.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { seededBytes, seededRandom } from '../../world/seeded.ts'

const bin = join(import.meta.dirname, '../../../bin/vuon-agent')

test('advice says from the journal alone what to do today, in words and as JSON, and changes nothing', async () => {
  const folder = temporaryFolder()
  const dataDir = join(folder, 'data')
  mkdirSync(dirname(journalPath(dataDir)), { recursive: true })
  const journal = await Journal.open({
    ...{ path: journalPath(dataDir), clock: systemClock, lossWindowMs: 0, isInWorker: false },
    randomBytes: seededBytes(seededRandom(3)),
  })
  const said = { 'air-temperature': 27, 'air-humidity': 97, 'wind-speed': 6.2 } as const
  for (const [quantity, value] of Object.entries(said) as ['air-temperature', number][]) {
    const { unit, resolution } = QUANTITIES[quantity]
    const place = { device: 'tram', channel: '', place: 'Lô A', origin: 'measured', timeStepMs: 1000 }
    const { no } = await journal.declareSeries({ ...place, quantity, unit, resolution })
    const reading = { seriesNo: no, t: journal.now(), scaled: Math.round(value / resolution), quality: 0 }
    await journal.appendReadings([reading], 'commit')
  }
  const { readings } = await journal.state()
  const file = join(folder, 'box.yaml')
  writeFileSync(
    file,
    `dataDir: ${dataDir}\nfarm: {latitude: 11.1, longitude: 108.1}\nplots:\n  - {id: lo-a, name: Lô A, crop: dragon-fruit, areaHa: 1}\n`,
  )
  // Beside the journal that somebody has open.
  const spoken = spawnSync(bin, ['--config', file, 'advice'], { encoding: 'utf8' })
  expect(spoken.stderr).toBe('')
  expect(spoken.stdout).toMatch(/^Lô A \(dragon-fruit\), 20\d\d-/)
  expect(spoken.stdout).toMatch(/! Đừng phun .*delta-T 0,\d .*gió 22 km\/h/)
  expect(spoken.stdout).toContain('? Chưa nói được giờ phun sắp tới: hộp chưa được cài dự báo thời tiết')
  const told = spawnSync(bin, ['--config', file, '--json', 'advice', '--lang', 'en'], { encoding: 'utf8' })
  const answer = JSON.parse(told.stdout) as FieldAnswer
  expect(answer.plots[0]?.advice[0]?.en).toMatch(/^Don't spray .*delta-T 0\.\d .*wind 22 km\/h/)
  expect((await journal.state()).readings).toBe(readings)
  await journal.close()
})

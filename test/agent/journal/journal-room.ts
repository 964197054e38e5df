import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { PlotEntry, Reading } from '#contract/wire/records.ts'
import type { SeriesRow } from '../../../agent/journal/append.ts'
import { Journal, type JournalOptions } from '../../../agent/journal/journal.ts'

/** The door to the journal's tests: a real file in a folder that goes with the test. */
export function journalFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-journal-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Opens a journal and closes it when the test ends. The loss window is short, so that no test waits a second. */
export async function openJournal(path: string, options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await Journal.open({
    path,
    clock: systemClock,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    lossWindowMs: 20,
    isInWorker: false,
    ...options,
  })
  onTestFinished(() => journal.close())
  return journal
}

/** The power goes: what is on the disk now is all that the next start finds. */
export function copyAsAfterPowerCut(path: string, to: string): string {
  for (const suffix of ['', '-wal']) {
    rmSync(to + suffix, { force: true })
    if (existsSync(path + suffix)) copyFileSync(path + suffix, to + suffix)
  }
  rmSync(`${to}-shm`, { force: true })
  return to
}

export const soilMoisture: Omit<SeriesRow, 'no' | 'uuid'> = {
  device: 'soil-a',
  channel: '',
  quantity: 'soil-moisture',
  unit: '%',
  resolution: 0.1,
  timeStepMs: 1000,
  place: 'Lô A',
  origin: 'measured',
}

export const reading = (seriesNo: number, scaled: number, t = Date.now()): Reading => ({
  seriesNo,
  t,
  scaled,
  quality: 0,
})

export const plot = (number: number): PlotEntry => ({
  kind: 'plot',
  plot: `lo-${number}`,
  name: `Lô ${number}`,
  crop: 'dragon-fruit',
  areaHa: 1,
})

/** Every reading in the journal, as it would be exported. */
export async function allScaled(journal: Journal): Promise<number[]> {
  const values: number[] = []
  let after = 0
  for (;;) {
    const page = await journal.exportReadings(after, 1000)
    for (const row of page) values.push(Math.round(row.value * 10))
    const last = page.at(-1)
    if (!last) return values
    after = last.id
  }
}

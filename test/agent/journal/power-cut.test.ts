import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'
import { allScaled, journalFolder, openJournal } from './journal-room.ts'

const KILLS = 16

/** Runs the child until it has said `enough` things, kills it at once, and returns all that it said. */
async function killedAfter(
  path: string,
  first: number,
  isInWorker: boolean,
  enough: number,
): Promise<string[]> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'power-cut-child.ts'), path, String(first), String(isInWorker)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const said: string[] = []
  for await (const line of createInterface(child.stdout)) {
    said.push(line)
    if (said.length === enough) child.kill('SIGKILL')
  }
  return said
}

describe('a journal whose program is killed', () => {
  it.each([
    ['in one thread', false],
    ['in a worker thread', true],
  ])(
    `has everything that it acknowledged, in order and once, after ${KILLS / 2} kills %s`,
    async (_, isInWorker) => {
      const seed = seedFromEnvironment()
      const random = seededRandom(seed)
      const path = join(journalFolder(), 'journal.db')
      const acked = { readings: [] as number[], records: new Map<number, string>() }
      let next = 1
      for (let kill = 0; kill < KILLS / 2; kill++) {
        for (const line of await killedAfter(path, next, isInWorker, 1 + Math.floor(random() * 400))) {
          const [kind, number, name] = line.split(' ')
          if (kind === 'reading') acked.readings.push(Number(number))
          else acked.records.set(Number(number), String(name))
        }
        const journal = await openJournal(path)
        expect(journal.setAside, `seed ${seed}`).toBeNull()
        const stored = await allScaled(journal)
        // Within a burst the order is that of the commit; values are all different and were given in rising order.
        expect(new Set(stored).size, `seed ${seed}: doubled`).toBe(stored.length)
        const held = new Set(stored)
        expect(
          acked.readings.filter((value) => !held.has(value)),
          `seed ${seed}: lost`,
        ).toEqual([])
        expect(
          [...stored].sort((a, b) => a - b),
          `seed ${seed}: order`,
        ).toEqual(stored)
        const records = new Map(
          (await journal.records('plot', { limit: 1e6 })).map(({ seq, entry }) => [
            seq,
            (entry as { plot: string }).plot,
          ]),
        )
        for (const [seq, name] of acked.records)
          expect(records.get(seq), `seed ${seed}: seq ${seq}`).toBe(name)
        expect((await journal.state()).lanes.reading.lastSeq).toBe(stored.length)
        next = (stored.at(-1) ?? 0) + 1
        await journal.close()
      }
      expect(acked.readings.length).toBeGreaterThan(100)
    },
    120_000,
  )
})

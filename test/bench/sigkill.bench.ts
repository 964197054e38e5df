/**
 * SIGKILL of the box's process at any moment, with QoS 1 messages from Mosquitto: what the broker was acknowledged for
 * is in the journal.
 *
 *   npm run bench -- sigkill [--out] [KILLS] [SEED]
 *
 * Nine kills in ten hit the source and the journal alone, which start in a third of the time; one in ten hits the
 * whole program. A third of each without load (ten messages a second), at 1,000 and at 5,000 a second.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LoadedBox, type ProgramUnderLoad } from '../crash/loaded-box.ts'
import { findTool } from '../world/real-services.ts'
import { seededRandom } from '../world/seeded.ts'
import { sayFigure } from './figures.ts'

const [kills = 1000, seed = 1] = process.argv.slice(2).map(Number)
const RATES = [10, 1000, 5000]
// A journal of so many kills is looked at and left: 25 × 1 s × 5,000 are 125,000 readings.
const KILLS_A_JOURNAL = 25
const LONGEST_LIFE_MS: Readonly<Record<ProgramUnderLoad, number>> = {
  'source and journal': 1200,
  'the whole agent': 3000,
}

if (!findTool('mosquitto')) {
  console.error('This bench needs mosquitto.')
  process.exit(1)
}
const random = seededRandom(seed)
let isLost = false
for (const program of ['source and journal', 'the whole agent'] as const) {
  const share = program === 'the whole agent' ? 0.1 : 0.9
  for (const rate of RATES) await killedAt(program, rate, Math.ceil((kills * share) / RATES.length))
}
process.exitCode = isLost ? 1 : 0

async function killedAt(program: ProgramUnderLoad, rate: number, count: number): Promise<void> {
  const sum = { kills: 0, taken: 0, lost: 0, doubled: 0, loadedMs: 0 }
  while (sum.kills < count) {
    const folder = mkdtempSync(join(tmpdir(), 'vuon-kill-'))
    const box = new LoadedBox(program, folder)
    try {
      await box.open()
      box.load(rate)
      const startedMs = performance.now()
      for (let kill = 0; kill < KILLS_A_JOURNAL && sum.kills < count; kill++, sum.kills++) {
        // From before it has opened its journal to when it has worked off what waited.
        await new Promise((resolve) => setTimeout(resolve, 50 + random() * LONGEST_LIFE_MS[program]))
        await box.kill()
        box.start()
      }
      sum.loadedMs += performance.now() - startedMs
      const { lost, doubled } = await box.drain()
      sum.taken += box.taken.size
      sum.lost += lost.length
      sum.doubled += doubled
      if (lost.length > 0) console.error(`${program} at ${rate}/s: lost ${lost.slice(0, 20).join(' ')}`)
      console.error(`${program} at ${rate}/s: ${sum.kills} of ${count} kills, ${sum.lost} lost`)
    } finally {
      await box.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
  isLost ||= sum.lost > 0
  sayFigure({
    bench: 'sigkill',
    what: `lost of what the broker was acknowledged for: ${program}, ${rate} asked a second`,
    figure: sum.lost,
    unit: 'messages',
    floor: 0,
    floorIs: 'none may be',
    kills: sum.kills,
    messages: sum.taken,
    messagesPerSecond: Math.round((sum.taken / sum.loadedMs) * 1000),
    cameTwice: sum.doubled,
    cameTwiceIs: 'stored, and killed before the acknowledgement left: QoS 1 delivers at least once',
    seed,
  })
}

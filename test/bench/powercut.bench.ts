/**
 * Power cuts under real processes: a shim below the C library takes back what was not synced (test/crash/power-cut-shim.c).
 *
 *   npm run bench -- powercut [--out] [CUTS] [SEED]
 *
 * Four cuts in five hit a process that works on a journal in its worker thread; one in five hits the whole program with
 * QoS 1 messages from Mosquitto at 1,000 a second.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LoadedBox } from '../crash/loaded-box.ts'
import {
  buildShim,
  CUT_STATUS,
  type Cuts,
  cutEnvironment,
  cutJournal,
  hasGcc,
  newCuts,
  noteCut,
  notesOf,
} from '../crash/power-cut.ts'
import { findTool } from '../world/real-services.ts'
import { seededRandom } from '../world/seeded.ts'
import { sayFigure } from './figures.ts'

const [cuts = 500, seed = 1] = process.argv.slice(2).map(Number)
// A journal lives for so many cuts; then another begins with nothing.
const CUTS_A_LIFE = 20
const RATE = 1000
const MOST_CALLS = 1500
const LONGEST_LIFE_MS = 6000

if (!hasGcc()) {
  console.error('This bench needs Linux and gcc.')
  process.exit(1)
}
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vuon-powercut-'))
const random = seededRandom(seed)
try {
  const shim = buildShim(folder)
  const ofJournal = newCuts()
  const wanted = Math.ceil(cuts * 0.8)
  for (let life = 0; ofJournal.cuts < wanted && ofJournal.broken.length === 0; life++) {
    const count = Math.min(CUTS_A_LIFE, wanted - ofJournal.cuts)
    await cutJournal(count, { seed: seed + life, folder, shim, cuts: ofJournal })
    console.error(`journal: ${ofJournal.cuts} of ${wanted} cuts, ${ofJournal.broken.length} promises broken`)
  }
  say('promises broken by power cuts under a journal in a process of its own', ofJournal)
  if (findTool('mosquitto')) {
    const ofAgent = newCuts()
    const agentCuts = Math.floor(cuts * 0.2)
    while (ofAgent.cuts < agentCuts && ofAgent.broken.length === 0)
      await cutAgent(shim, Math.min(CUTS_A_LIFE, agentCuts - ofAgent.cuts), ofAgent)
    say('messages lost by power cuts under the whole agent, QoS 1 from Mosquitto', ofAgent)
  } else console.error('The part with the whole agent needs mosquitto.')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function cutAgent(shim: string, count: number, sum: Cuts): Promise<void> {
  const room = mkdtempSync(join(folder, 'agent-'))
  const box = new LoadedBox('the whole agent', room)
  const note = join(room, 'note')
  try {
    await box.open()
    await box.kill()
    box.load(RATE)
    for (let cut = 0; cut < count; cut++) {
      const env = cutEnvironment({
        ...{ shim, note, below: box.dataDir },
        afterCalls: 1 + Math.floor(random() * MOST_CALLS),
        seed: Math.floor(random() * 2 ** 31),
      })
      const status = await box.startUntilCut(env, LONGEST_LIFE_MS)
      if (status !== CUT_STATUS) throw new Error(`the agent ended with ${status}`)
      noteCut(sum, notesOf(note).at(-1))
    }
    box.start()
    const { lost } = await box.drain()
    sum.promisedReadings += box.taken.size
    for (const number of lost) sum.broken.push(`message ${number} was acknowledged and is gone`)
    console.error(`agent: ${sum.cuts} cuts, ${box.taken.size} messages, ${lost.length} lost`)
  } finally {
    await box.close()
    rmSync(room, { recursive: true, force: true })
  }
}

function say(what: string, of: Cuts): void {
  for (const sentence of of.broken.slice(0, 20)) console.error(sentence)
  if (of.broken.length > 0) process.exitCode = 1
  sayFigure({
    ...{ bench: 'powercut', what, figure: of.broken.length, unit: 'promises', floor: 0 },
    floorIs: 'none may be',
    cuts: of.cuts,
    during: of.during,
    sectorsNotSynced: { kept: of.keptSectors, lost: of.lostSectors },
    namesLost: of.lostNames,
    readingsLookedFor: of.promisedReadings,
    seed,
  })
}

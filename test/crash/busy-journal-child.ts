import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { seededRandom } from '../world/seeded.ts'
import { JournalWork } from './journal-work.ts'

/** Works on a journal in its worker thread for as long as it lives, and says each step before and after, as JSON lines. */
const [path = '', seed = '1', firstName = '1'] = process.argv.slice(2)

const journal = await Journal.open({
  path,
  clock: systemClock,
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  lossWindowMs: 5,
  isInWorker: true,
})
const work = new JournalWork({
  journal,
  random: seededRandom(Number(seed)),
  firstName: Number(firstName),
  // Said before anything else happens: whoever reads it is not hit by what hits this process.
  tell: (told) => writeSync(1, `${JSON.stringify(told)}\n`),
})
for (;;) await work.step()

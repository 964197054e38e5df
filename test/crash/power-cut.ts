import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { Random } from '#contract/ground/random.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { findTool } from '../world/real-services.ts'
import { seededBytes, seededRandom } from '../world/seeded.ts'
import type { Step, Told } from './journal-work.ts'
import { Promised } from './promised.ts'

/** Real processes whose power goes: power-cut-shim.c takes back what they had not synced. */
export const hasGcc = (): boolean => process.platform === 'linux' && findTool('gcc') !== undefined

/** Builds the shim in a folder and answers where it is. */
export function buildShim(folder: string): string {
  const to = join(folder, 'power-cut-shim.so')
  const source = join(import.meta.dirname, 'power-cut-shim.c')
  const words = ['-std=gnu11', '-O2', '-shared', '-fPIC', '-o', to, source, '-ldl', '-lpthread']
  const { status, stderr } = spawnSync('gcc', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gcc: ${stderr}`)
  return to
}

/** The environment of a process whose power goes in the nth call that writes below `below`; 0: at SIGUSR2. */
export const cutEnvironment = (options: {
  shim: string
  below: string
  afterCalls: number
  seed: number
  note: string
  isLying?: boolean
}): NodeJS.ProcessEnv => ({
  ...process.env,
  LD_PRELOAD: options.shim,
  VUON_CUT_BELOW: options.below,
  VUON_CUT_AFTER: String(options.afterCalls),
  VUON_CUT_SEED: String(options.seed),
  VUON_CUT_NOTE: options.note,
  ...(options.isLying ? { VUON_CUT_LIES: '1' } : {}),
  // Writes that go around the C library would go around the shim.
  UV_USE_IO_URING: '0',
})

export const CUT_STATUS = 137

/** What the shim notes of one cut. */
export interface CutNote {
  readonly calls: number
  readonly during: string
  readonly kept: number
  readonly lost: number
  readonly names: number
}

export const notesOf = (file: string): CutNote[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as CutNote)
    : []

export interface Cuts {
  cuts: number
  readonly during: Record<string, number>
  keptSectors: number
  lostSectors: number
  lostNames: number
  promisedReadings: number
  readonly broken: string[]
}

export const newCuts = (): Cuts => ({
  ...{ cuts: 0, during: {}, keptSectors: 0, lostSectors: 0, lostNames: 0, promisedReadings: 0, broken: [] },
})

export function noteCut(cuts: Cuts, note: CutNote | undefined): void {
  cuts.cuts++
  if (!note) return
  cuts.during[note.during] = (cuts.during[note.during] ?? 0) + 1
  cuts.keptSectors += note.kept
  cuts.lostSectors += note.lost
  cuts.lostNames += note.names
}

const MOST_CALLS = 500
const CUT_IN_START = 0.2
// A start on an empty folder makes a hundred calls; those after it about ten.
const START_CALLS = 40

/** One journal in a worker thread of a process of its own, for `count` power cuts; the same seed cuts at the same calls. */
export async function cutJournal(
  count: number,
  options: { seed: number; folder: string; shim: string; cuts: Cuts; isLying?: boolean },
): Promise<void> {
  const { seed, folder, shim, cuts, isLying = false } = options
  const random = seededRandom(seed)
  const room = mkdtempSync(join(folder, 'vuon-power-'))
  const below = join(room, 'card')
  const note = join(room, 'note')
  const path = join(below, 'journal.db')
  mkdirSync(below)
  const promised = new Promised()
  let firstName = 1
  let idsBefore = 0
  try {
    for (let cut = 0; cut < count; cut++) {
      const afterCalls = 1 + Math.floor(random() * (random() < CUT_IN_START ? START_CALLS : MOST_CALLS))
      const cutSeed = Math.floor(random() * 2 ** 31)
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'busy-journal-child.ts'), path, String(cutSeed), String(firstName)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: cutEnvironment({ shim, below, afterCalls, seed: cutSeed, note, isLying }),
        },
      )
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
      let lastId = idsBefore
      for await (const line of createInterface(child.stdout)) {
        const told = JSON.parse(line) as Told
        lastId = Math.max(lastId, idsBefore + told.id)
        if (told.at === 'begin') firstName = Math.max(firstName, ...namesOf(told.step))
        promised.told({ ...told, id: idsBefore + told.id })
      }
      const status = await ended
      if (status !== CUT_STATUS) throw new Error(`the journal's process ended with ${status}`)
      idsBefore = lastId
      noteCut(cuts, notesOf(note).at(-1))
      const broken = await checkCopy(below, join(room, 'look'), promised, random)
      cuts.promisedReadings += promised.promisedReadings
      for (const sentence of broken) cuts.broken.push(`seed ${seed}, cut ${cut + 1}: ${sentence}`)
      if (broken.length > 0) return
    }
  } finally {
    rmSync(room, { recursive: true, force: true })
  }
}

/** Looks at a copy, so that the next start meets the card as the power left it. */
async function checkCopy(below: string, to: string, promised: Promised, random: Random): Promise<string[]> {
  rmSync(to, { recursive: true, force: true })
  cpSync(below, to, { recursive: true })
  const journal = await Journal.open({
    path: join(to, 'journal.db'),
    clock: systemClock,
    randomBytes: seededBytes(random),
    lossWindowMs: 5,
    isInWorker: false,
  })
  try {
    return [...(await promised.check(journal)), ...(await journal.verify())]
  } finally {
    await journal.close()
  }
}

const namesOf = (step: Step): number[] =>
  step.kind === 'readings' || step.kind === 'entries' ? step.names.map((name) => Number(name) + 1) : []

import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { cpus, tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Pace } from '../test/simulation/farm-life.ts'
import { addUp, type Report } from '../test/simulation/report.ts'
import { simulate } from '../test/simulation/simulation.ts'

/**
 * `npm run simulate -- --seed 7 --hours 240`: ten farms and their province in pretend time with faults from the seed.
 * `npm run simulate -- --farm-days 10000 --jobs 2`: run after run, each with the next seed, until so many farm-days are
 * lived, on so many processes. A run is all in its seed, so that a season can be lived in parts: what was done ends at
 * a seed, and `--seed` of the next part is the one after it.
 *
 * A line of JSON for each run and one for all; exit 1 when a promise was broken, with the command that replays it.
 */
const USAGE =
  'npm run simulate -- [--seed N] [--hours H | --farm-days D] [--farms 10] [--pace sparse|full] [--minutes M] [--jobs N]'
// Each job compiles the whole of both programs otherwise.
enableCompileCache()
const options = readOptions()
// Files in memory: what is cut is a clone, and a real card learns nothing from ten thousand days of it.
const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

if (process.send) process.on('message', ({ seed }: { seed: number }) => void liveAndTell(seed))
else await liveAll()

/** In a process of its own: the seed comes from the one that counts, the report goes back to it. */
async function liveAndTell(seed: number): Promise<void> {
  process.send?.(await live(seed))
}

function live(seed: number, onProgress?: (done: { hours: number; of: number }) => void): Promise<Report> {
  const { hours, farms, pace } = options
  return simulate({ seed, hours, farms, pace, folder, ...(onProgress ? { onProgress } : {}) })
}

async function liveAll(): Promise<void> {
  const startedMs = performance.now()
  const runs = Math.ceil((options.farmDays * 24) / (options.farms * options.hours))
  const reports: Report[] = []
  const isOver = () =>
    options.minutes !== undefined && performance.now() - startedMs > options.minutes * 60_000
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(options.jobs, runs) }, async () => {
      const job = options.jobs > 1 ? startJob() : undefined
      while (next < runs && !isOver()) {
        const seed = options.seed + next++
        const report = await (job
          ? job.live(seed)
          : live(seed, ({ hours, of }) =>
              progress(`seed ${seed}: hour ${hours} of ${of}; ${soFar(reports)}`),
            ))
        reports.push(report)
        progress('')
        console.log(JSON.stringify(report))
        if (report.breaches.length > 0) tellFailure(report)
        progress(`${reports.length} of ${runs} runs; ${soFar(reports)}`)
      }
      job?.end()
    }),
  )
  progress('')
  const failed = reports.filter(({ breaches }) => breaches.length > 0).length
  console.log(
    JSON.stringify({
      bench: 'simulation',
      ...addUp(reports),
      failedSeeds: reports.flatMap(({ seed, breaches }) => (breaches.length > 0 ? [seed] : [])),
      nextSeed: options.seed + next,
      jobs: options.jobs,
      wallMs: Math.round(performance.now() - startedMs),
      ...{ node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length },
    }),
  )
  process.exit(failed > 0 ? 1 : 0)
}

interface Job {
  live(seed: number): Promise<Report>
  end(): void
}

/** Rejects when the process ends without an answer: a season must not be called whole that is not. */
function startJob(): Job {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return {
    live: (seed) =>
      new Promise((resolve, reject) => {
        const died = () => reject(new Error(`the process that lived seed ${seed} ended in the middle`))
        child.once('exit', died)
        child.once('message', (report) => {
          child.off('exit', died)
          resolve(report as Report)
        })
        child.send({ seed })
      }),
    end: () => child.disconnect(),
  }
}

function soFar(reports: readonly Report[]): string {
  const farmDays = reports.reduce((sum, report) => sum + report.farmDays, 0)
  return `${farmDays} farm-days, ${reports.filter(({ breaches }) => breaches.length > 0).length} runs failed`
}

function tellFailure({ seed, breaches }: Report): void {
  const { hours, farms, pace } = options
  console.error(`seed ${seed} broke ${breaches.length} promises, the first: ${breaches[0]}`)
  console.error(
    `  → npm run simulate -- --seed ${seed} --hours ${hours} --farms ${farms} --pace ${pace}   lives it again`,
  )
}

/** One line that is written over, where somebody looks. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        hours: { type: 'string' },
        'farm-days': { type: 'string' },
        farms: { type: 'string', default: '10' },
        pace: { type: 'string', default: 'sparse' },
        minutes: { type: 'string' },
        jobs: { type: 'string', default: '1' },
      },
    })
    const farms = number(values.farms, 1, 1000)
    const hours = number(values.hours ?? '240', 1, 24 * 3660)
    const oneRun = (farms * hours) / 24
    if (values.pace !== 'sparse' && values.pace !== 'full') throw new Error('--pace is sparse or full')
    return {
      seed: number(values.seed, 0, 2 ** 31),
      hours,
      farms,
      pace: values.pace as Pace,
      farmDays: values['farm-days'] === undefined ? oneRun : number(values['farm-days'], 1, 10 ** 7),
      minutes: values.minutes === undefined ? undefined : number(values.minutes, 0.1, 10 ** 5),
      jobs: Math.floor(number(values.jobs, 1, 64)),
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n  → ${USAGE}`)
    process.exit(2)
  }
}

function number(text: string, least: number, most: number): number {
  const value = Number(text)
  if (!(value >= least && value <= most)) throw new Error(`${text} is not a number from ${least} to ${most}`)
  return value
}

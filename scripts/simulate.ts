import { existsSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Pace } from '../test/simulation/farm-life.ts'
import type { Report } from '../test/simulation/report.ts'
import { simulate } from '../test/simulation/simulation.ts'

/**
 * `npm run simulate -- --seed 7 --hours 240`: ten farms and their province in pretend time with faults from the seed.
 * `npm run simulate -- --farm-days 10000`: run after run, each with the next seed, until so many farm-days are lived.
 * A line of JSON for each run; exit 1 when a promise was broken, with the command that replays it.
 */
const USAGE =
  'npm run simulate -- [--seed N] [--hours H | --farm-days D] [--farms 10] [--pace sparse|full] [--minutes M]'
const options = readOptions()
// Files in memory: what is cut is a clone, and a real card learns nothing from ten thousand days of it.
const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const startedMs = performance.now()
const machine = { node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length }

let farmDays = 0
let failed = 0
for (let run = 0; farmDays < options.farmDays; run++) {
  if (options.minutes !== undefined && performance.now() - startedMs > options.minutes * 60_000) break
  const seed = options.seed + run
  const report = await simulate({
    seed,
    hours: options.hours,
    farms: options.farms,
    pace: options.pace,
    folder,
    onProgress: ({ hours, of }) =>
      progress(
        `seed ${seed}: hour ${hours} of ${of}; ${farmDays} farm-days before it, ${failed} runs failed`,
      ),
  })
  progress('')
  farmDays += report.farmDays
  console.log(JSON.stringify(report))
  if (report.breaches.length > 0) {
    failed++
    tellFailure(report)
  }
}
console.log(
  JSON.stringify({
    ...machine,
    farmDays,
    failed,
    wallMs: Math.round(performance.now() - startedMs),
    cpuMs: Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1000),
  }),
)
process.exit(failed > 0 ? 1 : 0)

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

import { appendFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { PACES, type Pace } from '../test/simulation/farm-life.ts'
import { liveSeason, liveSeasons, type Season } from '../test/simulation/live-seeds.ts'
import { addUp, faultsIn, type Report } from '../test/simulation/report.ts'

/**
 * `npm run simulate -- --seed 7 --hours 240`: ten farms and their province in pretend time with faults from the seed.
 * `npm run simulate -- --farm-days 10000 --jobs 2 --out FILE`: run after run, each with the next seed, until so many
 * farm-days are lived, on so many processes. A run is all in its seed, so that a season can be lived in parts: what was
 * done ends at a seed, and `--seed` of the next part is the one after it. Ctrl-C ends it after the runs that are on.
 *
 * A line of JSON for each run and one for all (also appended to FILE); exit 1 when a promise was broken, with the command
 * that replays it.
 */
const USAGE =
  'npm run simulate -- [--seed N] [--hours H | --farm-days D] [--farms 10] [--pace sparse|full|eager] [--minutes M] [--jobs N] [--out FILE]'
// Where nobody looks on, a line of progress so often.
const TELL_EVERY_MS = 60_000

const options = readOptions()
const startedMs = performance.now()
const runs = Math.ceil((options.farmDays * 24) / (options.farms * options.hours))
const reports: Report[] = []
let begun = 0
let toldMs = Number.NEGATIVE_INFINITY
let isStopped = false
process.once('SIGINT', () => {
  isStopped = true
})

let error: string | undefined
try {
  if (runs === 1) done(await liveSeason(seasonOf(options.seed), tellHours))
  else await liveSeasons(seasons(), { processes: Math.min(options.jobs, runs), mayBegin, onReport: done })
} catch (cause) {
  // What was lived until then is worth a line all the same.
  error = (cause as Error).message
  console.error(error)
}
progress('')
const failedSeeds = reports.flatMap(({ seed, breaches }) => (breaches.length > 0 ? [seed] : []))
const line = JSON.stringify({
  bench: 'simulation',
  command: `npm run simulate -- ${process.argv.slice(2).join(' ')}`,
  ...(reports.length < runs ? { stoppedBefore: options.farmDays } : {}),
  ...addUp(reports),
  ...{ failedSeeds, error },
  nextSeed: options.seed + Math.max(begun, 1),
  jobs: options.jobs,
  wallMs: Math.round(performance.now() - startedMs),
  ...{ node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length },
})
console.log(line)
if (options.out !== undefined) appendFileSync(options.out, `${line}\n`)
process.exit(failedSeeds.length > 0 || error !== undefined ? 1 : 0)

function* seasons(): Generator<Season> {
  while (begun < runs) yield seasonOf(options.seed + begun++)
}

function seasonOf(seed: number): Season {
  const { hours, farms, pace } = options
  return { seed, hours, farms, pace }
}

function mayBegin(): boolean {
  return !isStopped && (options.minutes === undefined || elapsedMs() < options.minutes * 60_000)
}

function elapsedMs(): number {
  return performance.now() - startedMs
}

function done(report: Report): void {
  reports.push(report)
  progress('')
  console.log(JSON.stringify(report))
  if (report.breaches.length > 0) tellFailure(report)
  tell(soFar())
}

function tellHours({ hours, of }: { hours: number; of: number }): void {
  tell(`hour ${hours} of ${of}, ${Math.round(elapsedMs() / 1000)} s`)
}

/** What is done, how fast, what was thrown at it, and how long the rest will take at that rate. */
function soFar(): string {
  const farmDays = reports.reduce((sum, report) => sum + report.farmDays, 0)
  const faults = reports.reduce((sum, report) => sum + faultsIn(report), 0)
  const cpuS = reports.reduce((sum, report) => sum + report.cpuMs, 0) / 1000
  const broken = reports.filter(({ breaches }) => breaches.length > 0).length
  const perMinute = (farmDays / elapsedMs()) * 60_000
  const leftMinutes = Math.ceil((options.farmDays - farmDays) / perMinute)
  return [
    `${Math.round(farmDays)} of ${options.farmDays} farm-days`,
    `${perMinute.toFixed(0)} a minute (${(cpuS / farmDays).toFixed(2)} s of CPU each)`,
    `${faults} faults, ${broken} runs failed`,
    `${Math.max(0, leftMinutes)} minutes to go`,
  ].join('; ')
}

function tellFailure({ seed, breaches }: Report): void {
  const { hours, farms, pace } = options
  console.error(`seed ${seed} broke ${breaches.length} promises, the first: ${breaches[0]}`)
  console.error(
    `  → npm run simulate -- --seed ${seed} --hours ${hours} --farms ${farms} --pace ${pace}   lives it again`,
  )
}

function tell(sentence: string): void {
  progress(sentence)
  if (process.stderr.isTTY || performance.now() - toldMs < TELL_EVERY_MS) return
  toldMs = performance.now()
  console.error(sentence)
}

/** One line that is written over, where somebody looks. */
function progress(sentence: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${sentence}`)
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
        out: { type: 'string' },
      },
    })
    const farms = number(values.farms, 1, 1000)
    const hours = number(values.hours ?? '240', 1, 24 * 3660)
    const oneRun = (farms * hours) / 24
    if (!Object.hasOwn(PACES, values.pace))
      throw new Error(`--pace is one of ${Object.keys(PACES).join(', ')}`)
    return {
      seed: number(values.seed, 0, 2 ** 31),
      hours,
      farms,
      pace: values.pace as Pace,
      farmDays: values['farm-days'] === undefined ? oneRun : number(values['farm-days'], 1, 10 ** 7),
      minutes: values.minutes === undefined ? undefined : number(values.minutes, 0.1, 10 ** 5),
      jobs: Math.floor(number(values.jobs, 1, 64)),
      out: values.out,
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

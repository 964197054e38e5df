import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PretendClock } from '../world/pretend-clock.ts'
import { seededRandom } from '../world/seeded.ts'
import { hours, minutes } from '../world/world.ts'
import { FarmLife, PACES, type Pace } from './farm-life.ts'
import { farmFaults, type Happening, nodeSpeech, provinceFaults, RATES, type Rates } from './faults.ts'
import { checkHistory } from './history-checker.ts'
import { ProvinceLife } from './province-life.ts'
import { type Report, reportOf } from './report.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly hours: number
  readonly farms?: number
  readonly pace?: Pace
  readonly rates?: Partial<Rates>
  /** Where the files live for the time of the run; memory is kindest to a disk. */
  readonly folder?: string
  readonly onProgress?: (done: { hours: number; of: number }) => void
  /** A test breaks something before it begins, to see that the checker looks. */
  readonly breakIt?: (parts: { province: ProvinceLife; farms: readonly FarmLife[] }) => void
}

const START_AT = Date.UTC(2026, 10, 23)
// A stranded box asks twice an hour; two days are time enough for any backlog of ours over a good link.
const MOST_DRAINING_MS = hours(72)

/** Real agents and a real gateway, pretend time and a pretend world, faults from the seed; then the history is checked. */
export async function simulate(options: SimulationOptions): Promise<Report> {
  const { seed, pace = 'sparse', farms: farmCount = 10 } = options
  const startedMs = performance.now()
  const cpuBefore = process.cpuUsage()
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), 'vuon-simulation-'))
  const random = seededRandom(seed)
  const clock = new PretendClock(START_AT, { quietTurns: 1 })
  const province = new ProvinceLife(folder, clock, random, seed)
  try {
    await province.open()
    const farms = Array.from(
      { length: farmCount },
      (_, index) => new FarmLife({ number: index + 1, clock, random, folder, pace, province, seed }),
    )
    for (const farm of farms) await clock.finish(farm.enrol(province))
    options.breakIt?.({ province, farms })
    const spanMs = hours(options.hours)
    const rates = { ...RATES, ...options.rates }
    const { speaksEveryMs } = PACES[pace]
    const happenings: Happening[] = [
      ...provinceFaults(province, farms, spanMs, seededRandom(seed + 1), rates),
      ...farms.flatMap((farm, index) => {
        const own = seededRandom(seed * 31 + index)
        return [...farmFaults(farm, spanMs, own, rates), ...nodeSpeech(farm, spanMs, speaksEveryMs, own)]
      }),
    ]
    for (const { atMs, run } of happenings) clock.after(atMs, run)
    // Boxes are switched on one after the other.
    farms.forEach((farm, index) => {
      clock.after(index * 7919, () => farm.boot())
    })
    for (let done = 0; done < options.hours; ) {
      const next = Math.min(6, options.hours - done)
      await clock.advance(hours(next))
      done += next
      options.onProgress?.({ hours: done, of: options.hours })
    }
    const breaches = await drain(clock, province, farms)
    const simulatedMs = performance.now() - startedMs
    breaches.push(...(await checkHistory(province, farms)))
    return reportOf({
      options: { ...options, pace, farms: farmCount },
      province,
      farms,
      breaches,
      cpuBefore,
      startedMs,
      simulatedMs,
    })
  } finally {
    await province.close().catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Everything is mended and nothing new comes; what was promised has to arrive now. */
async function drain(
  clock: PretendClock,
  province: ProvinceLife,
  farms: readonly FarmLife[],
): Promise<string[]> {
  province.calm()
  for (const farm of farms) farm.heal()
  let waiting = [...farms]
  for (let spentMs = 0; spentMs < MOST_DRAINING_MS && waiting.length > 0; spentMs += minutes(30)) {
    await clock.advance(minutes(30))
    const drained = await Promise.all(farms.map((farm) => farm.isDrained()))
    waiting = farms.filter((_, index) => !drained[index])
  }
  const stuck = waiting.map((farm) => `${farm.farmId}: not everything arrived (${farm.trouble})`)
  for (const farm of farms) await clock.finish(farm.stop())
  return stuck
}

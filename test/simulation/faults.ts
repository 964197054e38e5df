import type { Random } from '#contract/ground/random.ts'
import { BAD_LINK, GOOD_LINK } from '../world/pretend-link.ts'
import { hours, minutes, seconds } from '../world/world.ts'
import type { FarmLife } from './farm-life.ts'
import type { ProvinceLife } from './province-life.ts'

/** Something that happens at a time, drawn from the seed. */
export interface Happening {
  readonly atMs: number
  readonly what: string
  readonly run: () => void
}

export interface Rates {
  /** Times a day and farm. */
  readonly powerCuts: number
  readonly restarts: number
  readonly linkChanges: number
  readonly fullDisks: number
  readonly slowDisks: number
  readonly clockSteps: number
  readonly bursts: number
  readonly harvests: number
  readonly photos: number
  readonly evictions: number
  /** The quota takes what the province does not have. */
  readonly shortages: number
  readonly upgrades: number
  readonly unplugs: number
  readonly rot: number
  /** Times a day. */
  readonly provinceRestarts: number
  readonly provinceCuts: number
  readonly provinceUpgrades: number
}

export const RATES: Rates = {
  powerCuts: 0.8,
  restarts: 0.3,
  linkChanges: 5,
  fullDisks: 0.08,
  slowDisks: 0.15,
  clockSteps: 0.15,
  bursts: 0.5,
  harvests: 1,
  photos: 0.5,
  evictions: 0.3,
  shortages: 0.15,
  upgrades: 0.1,
  unplugs: 0.2,
  rot: 0.03,
  provinceRestarts: 0.5,
  provinceCuts: 0.5,
  provinceUpgrades: 0.2,
}

/** Everything that goes wrong on one farm in so many hours. */
export function farmFaults(farm: FarmLife, spanMs: number, random: Random, rates: Rates): Happening[] {
  const between = (least: number, most: number) => least + random() * (most - least)
  const often = (timesADay: number, what: string, run: () => void) =>
    moments(spanMs, timesADay, random).map((atMs) => ({ atMs, what, run }))
  return [
    ...often(rates.powerCuts, 'power cut', () => {
      // Often in the middle of what nodes wait for.
      if (random() < 0.5) farm.publish(1 + Math.floor(random() * 10), 1)
      if (random() < 0.8) farm.disk.cutIn(1 + Math.floor(random() * 6))
      else farm.disk.cutNow()
    }),
    ...often(rates.restarts, 'restart', () => farm.restart()),
    ...often(rates.linkChanges, 'link', () => Object.assign(farm.link.faults, linkWeather(random))),
    ...often(rates.fullDisks, 'disk full', () => {
      farm.disk.fullAfterPages = Math.floor(random() * 20)
    }),
    ...often(rates.fullDisks * 3, 'disk has room', () => {
      farm.disk.fullAfterPages = undefined
    }),
    ...often(rates.slowDisks, 'slow disk', () => {
      farm.disk.slowMs = [between(5, 300), between(300, 4000)]
    }),
    ...often(rates.slowDisks * 3, 'quick disk', () => {
      farm.disk.slowMs = [0, 0]
    }),
    ...often(rates.clockSteps, 'clock step', () =>
      farm.stepClock(
        (random() < 0.5 ? -1 : 1) *
          (random() < 0.5 ? between(seconds(1), minutes(5)) : between(hours(1), hours(24 * 400))),
      ),
    ),
    ...often(rates.clockSteps * 3, 'clock set right', () => farm.ntpAnswers()),
    ...often(rates.bursts, 'burst', () => farm.publish(5 + Math.floor(random() * 60), 1)),
    ...often(rates.harvests, 'harvest', () => farm.harvest()),
    ...often(rates.photos, 'photo', () => farm.photograph()),
    ...often(rates.evictions, 'eviction', () => farm.makeRoom(between(100_000, 600_000), false)),
    ...often(rates.shortages, 'shortage', () => {
      // Often soon after nodes have said a lot, or with a power cut on the way.
      if (random() < 0.6) farm.publish(5 + Math.floor(random() * 40), 1)
      if (random() < 0.2) farm.disk.cutIn(1 + Math.floor(random() * 4))
      farm.makeRoom(between(10_000, 150_000), true)
    }),
    ...often(rates.upgrades, 'upgrade', () => farm.upgrade(rates.rot > 0 && random() < 0.2)),
    ...often(rates.upgrades / 2, 'downgrade', () => farm.downgrade()),
    ...often(rates.unplugs, 'line unplugged', () => farm.unplugLine(between(minutes(1), hours(3)))),
    ...often(rates.unplugs, 'wet line', () =>
      farm.wetLine({
        corrupt: random() * 0.3,
        stall: random() * 0.2,
        late: random() * 0.2,
        split: random() * 0.5,
      }),
    ),
    ...often(rates.rot, 'rotten page', () => {
      farm.disk.rot()
      farm.disk.cutIn(1)
    }),
  ]
}

export function provinceFaults(
  province: ProvinceLife,
  farms: readonly FarmLife[],
  spanMs: number,
  random: Random,
  rates: Rates,
): Happening[] {
  return [
    ...moments(spanMs, rates.provinceRestarts, random).map((atMs) => ({
      atMs,
      what: 'province restart',
      run: () => province.restart(random() * minutes(30)),
    })),
    ...moments(spanMs, rates.provinceCuts, random).map((atMs) => ({
      atMs,
      what: 'province power cut',
      run: () => province.cutIn(1 + Math.floor(random() * 5)),
    })),
    ...moments(spanMs, rates.provinceUpgrades, random).map((atMs) => ({
      atMs,
      what: 'province upgrade',
      run: () => {
        const newer = farms.filter(() => random() < 0.4).map(({ agentId }) => agentId)
        province.upgrade(new Set(newer), random() < 0.3)
      },
    })),
  ]
}

/** What the nodes on this farm say: one a number of its own, QoS 0 now and then, the other the weather by the hour. */
export function nodeSpeech(farm: FarmLife, spanMs: number, everyMs: number, random: Random): Happening[] {
  const regularly = (periodMs: number, what: string, run: () => void): Happening[] =>
    Array.from({ length: Math.floor(spanMs / periodMs) }, (_, index) => ({
      atMs: (index + random()) * periodMs,
      what,
      run,
    }))
  return [
    ...regularly(everyMs, 'node', () => farm.publish(1, random() < 0.8 ? 1 : 0)),
    ...(farm.hasWeather ? regularly(hours(1), 'weather', () => farm.weather()) : []),
  ]
}

function linkWeather(random: Random): typeof GOOD_LINK {
  const kind = random()
  if (kind < 0.45) return { ...GOOD_LINK, straggle: 0.02 }
  if (kind < 0.6) return { ...BAD_LINK, straggle: 0.1, dropAnswer: 0.05 + random() * 0.4 }
  // Some middle boxes cut most bodies: one batch is refused several times before it arrives, its answer perhaps not.
  if (kind < 0.75)
    return { ...BAD_LINK, straggle: 0.05, dropAnswer: random() * 0.5, cut: 0.3 + random() * 0.6 }
  return { ...GOOD_LINK, isUp: false }
}

/** Moments of a Poisson process. */
function moments(spanMs: number, timesADay: number, random: Random): number[] {
  const found: number[] = []
  if (timesADay <= 0) return found
  for (let at = 0; ; ) {
    at += (-Math.log(1 - random()) * hours(24)) / timesADay
    if (at >= spanMs) return found
    found.push(at)
  }
}

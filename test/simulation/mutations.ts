import type { JournalThread } from '../../agent/journal/journal-thread.ts'
import {
  doubling,
  eventless,
  forgetful,
  hasty,
  insistent,
  misplacing,
  restored,
  stuttering,
  summingTwice,
  unlooking,
} from './broken-parts.ts'
import type { FarmLife } from './farm-life.ts'
import type { Rates } from './faults.ts'
import { SIMULATION_FOLDER } from './live-seeds.ts'
import type { ProvinceLife } from './province-life.ts'
import type { Report } from './report.ts'
import { simulate } from './simulation.ts'

export interface Parts {
  readonly province: ProvinceLife
  readonly farms: readonly FarmLife[]
}

export interface Mutation {
  readonly who: string
  readonly breakIt: (parts: Parts) => void
  /** What the checker has to say of it. */
  readonly sentence: RegExp
  readonly rates?: Partial<Rates>
}

const box =
  (part: (thread: JournalThread) => JournalThread) =>
  ({ farms }: Parts) => {
    for (const farm of farms) farm.breakDisk = part
  }
const gateway =
  (part: (province: ProvinceLife) => void) =>
  ({ province }: Parts) =>
    part(province)

/** Each breaks one promise; a checker that lets one pass proves nothing by its silence. */
export const MUTATIONS: readonly Mutation[] = [
  {
    who: 'acknowledges before the commit',
    breakIt: box(hasty),
    sentence: /was acknowledged and is not at the province/,
  },
  { who: 'commits twice', breakIt: box(stuttering), sentence: /is there twice|came \d+ times and is there/ },
  {
    who: 'loses a batch that it acknowledged',
    breakIt: gateway(forgetful),
    sentence: /was acknowledged and is not in the log/,
  },
  { who: 'applies a batch twice', breakIt: gateway(doubling), sentence: /times too many/ },
  { who: 'sums a batch twice', breakIt: gateway(summingTwice), sentence: /a rebuild of rollup/ },
  { who: 'forgets what it held', breakIt: gateway(restored), sentence: /the mark of reading went back/ },
  { who: 'saves a harvest without its event', breakIt: box(eventless), sentence: /has 0 signed events/ },
  { who: 'says an outlook twice', breakIt: box(insistent), sentence: /an outlook of lo-a is there twice/ },
  {
    who: 'goes on with a photo at a wrong offset',
    breakIt: ({ farms }) => {
      for (const farm of farms) farm.breakAgent = misplacing
    },
    sentence: /was said to be kept and is not at the province/,
  },
  {
    who: 'does not read again what an older program put aside',
    breakIt: gateway(unlooking),
    sentence: /times too few/,
    rates: { provinceUpgrades: 8 },
  },
]

const RATES: Partial<Rates> = {
  powerCuts: 24,
  harvests: 8,
  photos: 8,
  provinceCuts: 0,
  provinceUpgrades: 0,
  fullDisks: 0,
  clockSteps: 0,
  shortages: 0,
  upgrades: 0,
  rot: 0,
}

/** Most of a day of a farm whose power goes every hour. */
export const hardDay = (
  breakIt: (parts: Parts) => void = () => {},
  rates: Partial<Rates> = {},
): Promise<Report> =>
  simulate({
    seed: 1,
    hours: 18,
    farms: 1,
    pace: 'sparse',
    folder: SIMULATION_FOLDER,
    rates: { ...RATES, ...rates },
    breakIt: (parts) => {
      for (const farm of parts.farms) farm.longestOffMs = 60_000
      breakIt(parts)
    },
  })

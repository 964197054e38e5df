import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * How hot the box is, and whether photos wait for that. A board in a tin shed reaches the temperature at which it slows
 * itself down (a Raspberry Pi at 80 to 85 °C), and then everything on it is late, sensors too: what can wait, waits.
 */
export interface HeatLimitOptions {
  /** Folder of the thermal zones, as Linux has it: `thermal_zone*` with `type` and `temp` (thousandths of a degree). */
  readonly folder: string
  /** From here on photos wait; they go on a few degrees below. */
  readonly tooHotC: number
}

export interface Heat {
  /** Of the hottest zone of the processor; null where no zone can be read. */
  readonly tempC: number | null
  readonly isTooHot: boolean
}

export const THERMAL_ZONES = '/sys/class/thermal'
// A board cools by that much within a minute without work, and warms up again within one photo.
const COOLER_C = 5
// Names of zones that speak of the processor or its chip; others are batteries, disks and radios.
const PROCESSOR = /cpu|soc|pkg|core|package/i
// What a sensor that is not there reports is far out of it.
const [COLDEST_C, HOTTEST_C] = [-40, 150]

export class HeatLimit {
  readonly #options: HeatLimitOptions
  #isTooHot = false

  constructor(options: HeatLimitOptions) {
    this.#options = options
  }

  look(): Heat {
    const { folder, tooHotC } = this.#options
    const tempC = hottestC(folder)
    if (tempC === null) this.#isTooHot = false
    else this.#isTooHot = tempC >= (this.#isTooHot ? tooHotC - COOLER_C : tooHotC)
    return { tempC, isTooHot: this.#isTooHot }
  }
}

function hottestC(folder: string): number | null {
  const zones = zonesIn(folder)
  const ofProcessor = zones.filter(({ type }) => PROCESSOR.test(type))
  const temps = (ofProcessor.length > 0 ? ofProcessor : zones).map(({ tempC }) => tempC)
  return temps.length > 0 ? Math.max(...temps) : null
}

function zonesIn(folder: string): { type: string; tempC: number }[] {
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => /^thermal_zone\d+$/.test(name))
  } catch {
    return []
  }
  return names
    .map((name) => ({
      type: textOf(join(folder, name, 'type')),
      tempC: Number.parseInt(textOf(join(folder, name, 'temp')), 10) / 1000,
    }))
    .filter(({ tempC }) => tempC > COLDEST_C && tempC < HOTTEST_C)
}

/** Empty where it can't be read: a zone that is switched off answers with an error. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import type { LineSettings } from '../../../bus/byte-line.ts'
import type { Observation } from '../../observation.ts'
import { readStatus, readUnitSwitch } from '../probe-condition.ts'
import type { Profile } from '../profile.ts'
import { registersOf } from '../profile-mistakes.ts'
import { readingsOf, type TemperatureUnit } from '../registers.ts'
import {
  contradiction,
  factoryUnits,
  fallbackOf,
  fullOf,
  isNative,
  questionsOf,
  safeReads,
  type UnitAnswers,
} from './unit-answers.ts'

/** How well the answers of a unit fit one profile. */
export interface Candidate {
  readonly profile: Profile
  /** 0 to 100. Not a probability: it orders the candidates. */
  readonly score: number
  /** What speaks for it and against it, the weightiest first. */
  readonly reasons: readonly string[]
  readonly readings: readonly Observation[]
  /** More speaks against it than for it. A probe at rest, all zero, is not unlikely, only unproven. */
  readonly isUnlikely: boolean
}

/**
 * What a probe on a farm here usually shows. A value of another probe, read by the wrong map, is in the possible range
 * rather often, and in this one seldom.
 */
const USUAL: Partial<Record<QuantityName, readonly [number, number]>> = {
  'air-temperature': [8, 45],
  'air-humidity': [20, 100],
  'soil-temperature': [12, 45],
  'soil-moisture': [2, 70],
  'soil-conductivity': [10, 5000],
  'soil-ph': [3.5, 9],
  'soil-permittivity': [2, 60],
  'leaf-temperature': [8, 50],
  'air-pressure': [850, 1050],
  'device-temperature': [5, 70],
  'battery-voltage': [3, 30],
}

interface Evidence {
  /** −1.5 to 1. */
  readonly weight: number
  /** What it would weigh if all were well. */
  readonly most: number
  readonly text: string
}

/** The candidate, or why the unit can't be this probe. `line` is null where speed and parity are not ours to set. */
export function weighProfile(
  profile: Profile,
  unit: number,
  line: LineSettings | null,
  answers: UnitAnswers,
): Candidate | { readonly profile: Profile; readonly ruledOut: string } {
  const ruledOut = (why: string) => ({ profile, ruledOut: why })
  const against = contradiction(profile, answers)
  if (against !== undefined) return ruledOut(against)
  const condition = weighCondition(profile, answers)
  const evidence: Evidence[] = [...condition.evidence]
  const readings: Observation[] = []
  let values = 0
  for (const read of safeReads(profile)) {
    const fallback = fallbackOf(read)
    const full = answers.of(fullOf(read))
    const answer = full?.kind === 'registers' ? full : fallback && answers.of(fallback)
    if (answer?.kind !== 'registers') continue
    if (answer !== full)
      evidence.push({
        weight: -0.1,
        most: 0,
        text: `it refuses ${read.count} registers and answers ${fallback?.count}`,
      })
    const found = readingsOf(profile, profile.name, read, answer.words, {
      temperatureUnit: condition.temperatureUnit,
    })
    readings.push(...found.readings)
    const seen = found.readings.map(weighReading)
    const missing = found.faults.map(
      ({ code, detail }): Evidence =>
        code === 'sentinel' && detail.includes('says')
          ? { weight: 0.2, most: 0.5, text: detail }
          : { weight: -1, most: 0.5, text: detail },
    )
    values += seen.length + missing.length
    evidence.push(...seen, ...missing)
  }
  if (values === 0) return ruledOut('nothing of it could be asked')
  const sum = evidence.reduce((total, { weight }) => total + weight, 0)
  const most = evidence.reduce((total, each) => total + each.most, 0)
  const telling = evidence.filter(({ weight }) => weight >= 0.4).length
  const explained = explainedShare(profile, answers)
  // Two values that fit may be chance; seven are not.
  const fit = (Math.max(0, sum) / Math.max(most, 0.5)) * (telling / (telling + 1))
  const score = 100 * fit * (1 - UNEXPLAINED_COST * (1 - explained.share))
  const isHome = isNative(profile, line)
  const bonus = (isHome ? 4 : 0) + (factoryUnits(profile).includes(unit) ? 4 : 0) + GRADE_BONUS[profile.grade]
  if (explained.share < 1) evidence.push({ weight: 0.3, most: 0, text: explained.text })
  const reasons = evidence.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).map(({ text }) => text)
  if (!isHome) reasons.push('it leaves the factory with other line settings')
  if (!factoryUnits(profile).includes(unit))
    reasons.push(`it leaves the factory with address ${factoryUnits(profile).join(' or ')}`)
  const isNothing = score === 0
  return {
    profile,
    score: isNothing ? 0 : Math.round(Math.min(100, score + bonus)),
    reasons,
    readings,
    isUnlikely: sum <= 0,
  }
}

function weighCondition(
  profile: Profile,
  answers: UnitAnswers,
): { evidence: Evidence[]; temperatureUnit: TemperatureUnit } {
  const evidence: Evidence[] = []
  let temperatureUnit: TemperatureUnit = 'celsius'
  const { unitSwitch, status } = profile
  if (unitSwitch) {
    const answer = answers.of({ function: unitSwitch.function, address: unitSwitch.address, count: 1 })
    if (answer?.kind === 'registers') {
      const { speaks } = readUnitSwitch(unitSwitch, answer.words)
      if (speaks === 'unknown')
        evidence.push({
          weight: -1,
          most: 0.5,
          text: `its unit switch at ${unitSwitch.address} holds neither °C nor °F`,
        })
      else {
        temperatureUnit = speaks
        evidence.push({ weight: 0.5, most: 0.5, text: `its unit switch is set to ${speaks}` })
      }
    } else if (answer)
      evidence.push({ weight: -0.5, most: 0.5, text: `it has no unit switch at ${unitSwitch.address}` })
  }
  if (status) {
    const answer = answers.of({
      function: status.function,
      address: status.address,
      count: registersOf(status.type),
    })
    if (answer?.kind === 'registers') {
      const fault = readStatus(status, answer.words)
      if (!fault || fault.code === 'busy')
        evidence.push({ weight: 0.5, most: 0.5, text: 'its status register makes sense' })
      else evidence.push({ weight: -1, most: 0.5, text: `status ${fault.detail}` })
    } else if (answer)
      evidence.push({ weight: -1, most: 0.5, text: `it has no status register at ${status.address}` })
  }
  return { evidence, temperatureUnit }
}

function weighReading(reading: Observation): Evidence {
  const { quantity, channel, value, quality } = reading
  const { range, unit } = QUANTITIES[quantity]
  const shown = `${quantity}${channel === '' ? '' : ` ${channel}`} ${value}${unit === '1' ? '' : ` ${unit}`}`
  const usual = USUAL[quantity]
  const isImpossible = (quality & QUALITY.outOfRange) !== 0 || value < range[0] || value > range[1]
  if (isImpossible) {
    const factor = usual && [0.01, 0.1, 10, 100].find((each) => isWithin(value * each, usual))
    return {
      weight: -1.5,
      most: usual ? 1 : 0.5,
      text: `${shown} is impossible${factor === undefined ? '' : ` (as if the scale were off by ${Math.max(factor, 1 / factor)})`}`,
    }
  }
  if (value === 0) return { weight: 0.15, most: 0.5, text: `${shown} says little` }
  if (!usual) return { weight: 0.5, most: 0.5, text: `${shown} is possible` }
  return isWithin(value, usual)
    ? { weight: 1, most: 1, text: `${shown} is what one expects` }
    : { weight: 0.1, most: 1, text: `${shown} is possible, but unusual` }
}

// A map that leaves registers of the probe unexplained is likelier to be that of a smaller brother.
const UNEXPLAINED_COST = 0.4
// Of two equals, the one that was read in the maker's text stands first.
const GRADE_BONUS = { manual: 2, code: 1, unchecked: 0 } as const

/** How many of the registers that the unit holds the profile asks for. */
function explainedShare(profile: Profile, answers: UnitAnswers): { share: number; text: string } {
  const held = answers.registers()
  const explained = new Set<string>()
  for (const { function: code, address, count } of questionsOf(profile, answers))
    for (let at = address; at < address + count; at++)
      if (held.has(`${code}/${at}`)) explained.add(`${code}/${at}`)
  const text = `it explains ${explained.size} of the ${held.size} registers that answered`
  return { share: held.size === 0 ? 0 : explained.size / held.size, text }
}

const isWithin = (value: number, [low, high]: readonly [number, number]): boolean =>
  value >= low && value <= high

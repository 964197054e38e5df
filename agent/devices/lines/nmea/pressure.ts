import { QUANTITIES } from '#contract/wire/quantities.ts'
import { toTableUnit } from '../../units.ts'
import type { Found } from './found.ts'

const PRESSURES: Readonly<Record<string, string>> = { I: 'inHg', B: 'bar' }
const [LOWEST_HPA, HIGHEST_HPA] = QUANTITIES['air-pressure'].range

/**
 * Pressure that is stated twice, in inches of mercury and in bars: the finer of the two (29.4473 in steps by
 * 0.003 hPa, 1.009 bar by 1 hPa), unless only the other is possible.
 */
export function pressureTwice(found: Found, inches: readonly string[], bars: readonly string[]): void {
  const given = [inches, bars]
    .map(([stated = '', letter = '']) => ({ stated, letter, hPa: hPaOf(found, stated, letter) }))
    .filter((each): each is typeof each & { hPa: number } => each.hPa !== undefined)
    .sort((a, b) => stepOf(a.stated, a.letter) - stepOf(b.stated, b.letter))
  const chosen = given.find(({ hPa }) => hPa >= LOWEST_HPA && hPa <= HIGHEST_HPA) ?? given[0]
  if (chosen) found.put('air-pressure', '', chosen.hPa)
}

function hPaOf(found: Found, stated: string, letter: string): number | undefined {
  const number = found.number('pressure', stated)
  if (number === undefined) return undefined
  const unit = Object.hasOwn(PRESSURES, letter) ? PRESSURES[letter] : undefined
  const hPa = unit === undefined ? undefined : toTableUnit(number, unit, 'hPa')
  if (hPa === undefined) found.refuse('unit-unknown', `pressure in "${letter.slice(0, 20)}"`)
  return hPa
}

const stepOf = (stated: string, letter: string): number =>
  (letter === 'I' ? 33.86389 : 1000) * 10 ** -(stated.split('.')[1] ?? '').length

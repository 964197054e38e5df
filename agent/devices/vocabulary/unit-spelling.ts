import type { Unit } from '#contract/wire/quantities.ts'
import { toTableUnit } from '../units.ts'

/** Units as people and codecs write them (`µS⋅cm⁻¹`, `degC`, `m3/m3`) → the spelling that `units.ts` converts. */
export class UnitSpellings {
  readonly #spellings = new Map<string, string>()

  constructor(spellings: Readonly<Record<string, readonly string[]>>) {
    for (const [unit, others] of Object.entries(spellings))
      for (const each of [unit, ...others]) this.#spellings.set(squashed(each), unit)
  }

  /** Undefined when nobody has said what it is. */
  spelled(stated: string): string | undefined {
    return this.#spellings.get(squashed(stated))
  }

  /** In the unit of the table; undefined when the one can't be turned into the other. */
  convert(value: number, stated: string, unit: Unit): number | undefined {
    const asStated = toTableUnit(value, stated, unit)
    if (asStated !== undefined) return asStated
    const spelled = this.spelled(stated)
    return spelled === undefined ? undefined : toTableUnit(value, spelled, unit)
  }
}

/** Without signs, powers and case: W⋅m⁻², W/m² and w/m2 are `wm2`. Milli and mega differ in no unit we take. */
const squashed = (unit: string): string =>
  unit
    .slice(0, 32)
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('μ', 'u')
    .replaceAll(/[^\p{L}\p{N}%]/gu, '')

import type { QuantityName } from '#contract/wire/quantities.ts'
import { loadProfile, PROBES_FOLDER, type Profile, profileNames } from './profile.ts'
import { nameOfValue } from './registers.ts'

export interface ListedProbe extends Pick<Profile, 'name' | 'maker' | 'model' | 'grade' | 'defaultUnit'> {
  /** As technicians write it: 9600 8N1. */
  readonly line: string
  readonly quantities: readonly QuantityName[]
  /** The values that no manual bears out: a quantity, or a quantity and its channel. */
  readonly unverified: readonly string[]
}

/** Every probe that this box can read, sorted by name. Throws ConfigError for a profile with a mistake. */
export function listProbes(folder = PROBES_FOLDER): ListedProbe[] {
  return profileNames(folder).map((name) => {
    const { maker, model, grade, defaultUnit, line, values } = loadProfile(name, folder)
    return {
      name,
      maker,
      model,
      grade,
      defaultUnit,
      line: `${line.baudRate} ${line.dataBits}${line.parity[0]!.toUpperCase()}${line.stopBits}`,
      quantities: [...new Set(values.map((value) => value.quantity))],
      unverified: values.filter((value) => value.unverified).map(nameOfValue),
    }
  })
}

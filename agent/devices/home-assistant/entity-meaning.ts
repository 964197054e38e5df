import type { QuantityName } from '#contract/wire/quantities.ts'
import type { Candidate, Company, Named, Vocabulary } from '../vocabulary/vocabulary.ts'

/** What an announced value is: Home Assistant's device class says the kind, its names say of what and where. */
export interface Meaning {
  readonly candidates: readonly Candidate[]
  readonly channel: string
  /** A unit that the name itself says (`tank_level_cm`). */
  readonly unit?: string
  /** ON means off here: a door that is open is a contact that is not closed. */
  readonly isOpposite: boolean
}

export interface Announcement {
  readonly component: string
  readonly deviceClass: string
  /** What people read; empty where the device has only the one, or the class names it. */
  readonly title: string
  /** What else it is called: its id, the field it is read from. */
  readonly names: readonly string[]
  /** The device's own name, which the others may begin with. */
  readonly device: string
}

/** Undefined when it is nothing that a farm keeps. */
export function meaningOf(announcement: Announcement, vocabulary: Vocabulary): Meaning | undefined {
  const { component, deviceClass, device } = announcement
  const title = withoutDevice(announcement.title, device)
  const names = [title, ...announcement.names.map((name) => withoutDevice(name, device))].filter(
    (name) => name !== '',
  )
  // The chip's own heat, limits, wishes. Ids are not asked where there is a title: `esp32_temperature`.
  if (vocabulary.kindOf(names[0] ?? '') === 'never') return undefined
  if (component === 'switch' || component === 'light') return switchMeaning(title, names, vocabulary)
  const families = component === 'binary_sensor' ? BINARY : CLASSES
  const family = Object.hasOwn(families, deviceClass) ? families[deviceClass] : undefined
  if (deviceClass !== '' && !family) return undefined
  const found = named(names, vocabulary, family)
  if (found) {
    const [first] = found.candidates
    if (component === 'binary_sensor' && !ON_OFF.has(first?.quantity ?? 'light')) return undefined
    if (component === 'sensor' && ON_OFF.has(first?.quantity ?? 'light')) return undefined
    return { ...found, isOpposite: family?.isOpposite ?? found.isOpposite }
  }
  const [quantity] = family?.quantities ?? []
  if (quantity === undefined || !family || family.needsName) return undefined
  const own: Candidate = { quantity, unit: family.unit, beside: [], notBeside: [] }
  return {
    candidates: [own],
    channel: channelOf(title, deviceClass),
    isOpposite: family.isOpposite ?? false,
  }
}

/** Which of the candidates fit what else the device announced. */
export const fittingIn = (meaning: Meaning, company: ReadonlySet<Company>): readonly Candidate[] =>
  meaning.candidates.filter(
    ({ beside, notBeside }) =>
      (beside.length === 0 || beside.some((each) => company.has(each))) &&
      !notBeside.some((each) => company.has(each)),
  )

interface Family {
  /** The first is meant where the name says nothing. */
  readonly quantities: readonly QuantityName[]
  readonly unit: string
  readonly isOpposite?: boolean
  /** The class alone does not say enough. */
  readonly needsName?: boolean
}

const CLASSES: Readonly<Record<string, Family>> = {
  temperature: {
    quantities: ['air-temperature', 'soil-temperature', 'water-temperature', 'leaf-temperature', 'dew-point'],
    unit: '°C',
  },
  humidity: { quantities: ['air-humidity', 'soil-moisture', 'leaf-wetness'], unit: '%' },
  absolute_humidity: { quantities: [], unit: '' },
  moisture: { quantities: ['soil-moisture', 'leaf-wetness'], unit: '%' },
  pressure: { quantities: ['air-pressure'], unit: 'hPa' },
  atmospheric_pressure: { quantities: ['air-pressure'], unit: 'hPa' },
  carbon_dioxide: { quantities: ['carbon-dioxide'], unit: 'ppm' },
  pm25: { quantities: ['fine-dust-2-5'], unit: 'µg/m³' },
  pm10: { quantities: ['fine-dust-10'], unit: 'µg/m³' },
  sound_pressure: { quantities: ['noise'], unit: 'dB' },
  illuminance: { quantities: ['light'], unit: 'lx' },
  irradiance: { quantities: ['solar-radiation', 'uv-radiation'], unit: 'W/m²' },
  // A pH is one of a water solution, says Home Assistant; a probe in the soil says so in its name.
  ph: { quantities: ['water-ph', 'soil-ph'], unit: 'pH' },
  conductivity: { quantities: ['soil-conductivity', 'water-conductivity'], unit: 'µS/cm', needsName: true },
  distance: { quantities: ['water-level'], unit: 'm', needsName: true },
  precipitation: { quantities: ['rain'], unit: 'mm' },
  precipitation_intensity: { quantities: ['rain-rate'], unit: 'mm/h' },
  wind_speed: { quantities: ['wind-speed', 'wind-gust'], unit: 'm/s' },
  speed: { quantities: ['wind-speed', 'wind-gust'], unit: 'm/s', needsName: true },
  wind_direction: { quantities: ['wind-direction'], unit: '°' },
  water: { quantities: ['water-volume'], unit: 'L' },
  volume: { quantities: ['water-volume'], unit: 'L', needsName: true },
  volume_flow_rate: { quantities: ['water-flow'], unit: 'L/min' },
  battery: { quantities: ['battery'], unit: '%' },
  voltage: { quantities: ['voltage', 'battery-voltage'], unit: 'V' },
  current: { quantities: ['current'], unit: 'A' },
  power: { quantities: ['power'], unit: 'W' },
  apparent_power: { quantities: ['apparent-power'], unit: 'VA' },
  power_factor: { quantities: ['power-factor'], unit: '' },
  frequency: { quantities: ['frequency'], unit: 'Hz' },
  energy: { quantities: ['energy'], unit: 'kWh' },
  signal_strength: { quantities: ['signal-strength', 'signal-noise'], unit: 'dBm' },
}

const BINARY: Readonly<Record<string, Family>> = {
  moisture: { quantities: ['water-leak'], unit: '' },
  door: { quantities: ['contact'], unit: '', isOpposite: true },
  garage_door: { quantities: ['contact'], unit: '', isOpposite: true },
  window: { quantities: ['contact'], unit: '', isOpposite: true },
  opening: { quantities: ['contact'], unit: '', isOpposite: true },
  motion: { quantities: ['occupancy'], unit: '' },
  moving: { quantities: ['occupancy'], unit: '' },
  occupancy: { quantities: ['occupancy'], unit: '' },
  presence: { quantities: ['occupancy'], unit: '' },
}

export const ON_OFF: ReadonlySet<QuantityName> = new Set(['water-leak', 'switch', 'contact', 'occupancy'])

function named(
  names: readonly string[],
  vocabulary: Vocabulary,
  family: Family | undefined,
): Named | undefined {
  for (const withPlace of [false, true])
    for (const name of names) {
      const found = vocabulary.lookUp(name, { withPlace })
      if (!found) continue
      if (!family) return found
      const candidates = found.candidates.filter(({ quantity }) => family.quantities.includes(quantity))
      // The class says what the name leaves open: its unit counts, and no guess is needed.
      if (candidates.length > 0)
        return {
          ...found,
          candidates: candidates.map((each) => ({
            ...each,
            guesses: undefined,
            unit: each.unit ?? family.unit,
          })),
        }
    }
  return undefined
}

/** A relay is a switch whatever people call it; its name tells it from the others. */
function switchMeaning(title: string, names: readonly string[], vocabulary: Vocabulary): Meaning {
  const own: Candidate = { quantity: 'switch', unit: '', beside: [], notBeside: [] }
  for (const name of names) {
    const found = vocabulary.lookUp(name)
    if (found?.candidates[0]?.quantity === 'switch')
      return {
        candidates: [own],
        channel: channelOf(name, found.channel === '' ? 'switch' : ''),
        isOpposite: false,
      }
  }
  return { candidates: [own], channel: channelOf(title, 'switch'), isOpposite: false }
}

/** `Kho lạnh` → kho-lạnh; empty when the name only repeats what it is. */
function channelOf(name: string, what: string): string {
  const slug = slugOf(name)
  return slug === slugOf(what) ? '' : slug
}

const slugOf = (name: string): string =>
  name
    .normalize('NFC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '')
    .join('-')
    .slice(0, 64)

/** Names of entities often begin with that of their device. */
function withoutDevice(name: string, device: string): string {
  const [own, its] = [slugOf(name), slugOf(device)]
  if (its === '' || own === its) return own === its ? '' : name
  return own.startsWith(`${its}-`) ? own.slice(its.length + 1) : name
}

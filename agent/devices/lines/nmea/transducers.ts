import type { QuantityName } from '#contract/wire/quantities.ts'
import type { Found } from './found.ts'
import { SPEEDS } from './wind.ts'

/**
 * XDR: any number of (type, value, unit, name). The type says what is measured, the name where. Names that are
 * bare numbers are those of Vaisala's WXT stations, which use types of their own making: S for wind speed, V for
 * fallen rain, R for its rate, with 0, 1, 2 for least, mean and most.
 */
interface Meaning {
  readonly quantity: QuantityName
  readonly units: Readonly<Record<string, string>>
  /** The name is kept as the channel unless it says no more than the quantity. */
  readonly channel: string
}

const TEMPERATURES = { C: 'C', F: 'F', K: 'K', '': 'C' }
const PRESSURES = { B: 'bar', P: 'Pa', H: 'hPa', I: 'inHg', M: 'mmHg' }
const DEGREES = { D: '°', '': '°' }
const PERCENT = { P: '%', '%': '%', '': '%' }

// What stations compute from the rest, and what is no weather.
const LEFT_ALONE =
  /WCH|WCHILL|WINDCHILL|HINX|HEAT|FEELS|WBGT|ENGINE|(?<!S)OIL|EXHAUST|ROOM|CABIN|FRIDGE|BOARD|INTERNAL/i
const WATER = /WATER|WTR|SEA/i
const RAIN = /RAIN|PRECIP/i

export function transducers(found: Found, fields: readonly string[]): void {
  for (let at = 0; at + 2 < fields.length; at += 4) {
    const [type = '', value = '', unit = '', name = ''] = fields.slice(at, at + 4)
    if (value === '') continue
    const meaning = meaningOf(type.toUpperCase(), unit, name)
    if (meaning) found.value(meaning.quantity, meaning.channel, value, unit, meaning.units)
    else found.ignoredFields++
  }
  // Several programs leave the last name out; with less than that the sentence was cut.
  if (fields.length < 3 || fields.length % 4 === 1 || fields.length % 4 === 2)
    found.refuse('line-format', `XDR with ${fields.length} fields`)
}

function meaningOf(type: string, unit: string, name: string): Meaning | undefined {
  if (LEFT_ALONE.test(name)) return undefined
  const is = (quantity: QuantityName, units: Meaning['units'], channel = channelOf(name)): Meaning => ({
    quantity,
    units,
    channel,
  })
  switch (type) {
    case 'C':
      if (/DEW/i.test(name)) return is('dew-point', TEMPERATURES)
      if (/SOIL/i.test(name)) return is('soil-temperature', TEMPERATURES)
      return is(WATER.test(name) ? 'water-temperature' : 'air-temperature', TEMPERATURES)
    case 'H':
      return is('air-humidity', PERCENT)
    case 'P':
      return is('air-pressure', PRESSURES, /SEA|MSL|QNH|PRSL/i.test(name) ? 'sea-level' : channelOf(name))
    case 'A':
      if (/WIND|DIR/i.test(name)) return is('wind-direction', DEGREES)
      return name === '1' ? is('wind-direction', DEGREES, '') : undefined
    case 'S':
      if (!Object.hasOwn(SPEEDS, unit)) return undefined
      if (name === '2' || /GUST|MAX/i.test(name)) return is('wind-gust', SPEEDS, '')
      return name === '1' || /WIND|SPEED|AVG/i.test(name) ? is('wind-speed', SPEEDS, '') : undefined
    case 'V':
      // The standard's own meaning of V is a volume in m³.
      return name === '0' || RAIN.test(name) ? is('rain', { M: 'mm', I: 'in' }, '') : undefined
    case 'R':
      return name === '0' || RAIN.test(name) ? is('rain-rate', { M: 'mm/h', I: 'in/h' }, '') : undefined
    case 'U':
      return is('voltage', { V: 'V', '': 'V' })
    case 'G':
      return /SOLAR|RADIATION/i.test(name)
        ? is('solar-radiation', { '': 'W/m2', W: 'W/m2', 'W/m2': 'W/m2' }, '')
        : undefined
    default:
      return undefined
  }
}

const SAYS_NO_MORE =
  /^(0|AIR|AIRTEMP|TEMPAIR|TEMP|TEMPERATURE|HUM|HUMIDITY|RH|PRESS|PRESSURE|BARO|BAROMETER|STNP|DEWP|DEWPOINT|WATER|WATERTEMP|WIND|WINDDIR|WINDSPEED|SOIL|SOILTEMP)$/i
const MAX_CHANNEL_CHARS = 32

const channelOf = (name: string): string =>
  SAYS_NO_MORE.test(name) ? '' : name.replaceAll(/[^\p{L}\p{N}._-]/gu, '').slice(0, MAX_CHANNEL_CHARS)

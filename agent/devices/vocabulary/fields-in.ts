import { isObject, type JsonObject } from '../bounded-json.ts'
import { sourceTimeOf } from '../source-time.ts'
import type { Mark, Named, Vocabulary } from './vocabulary.ts'

/** One field of a message whose name the vocabulary knows. */
export interface Field {
  readonly named: Named
  readonly channel: string
  readonly stated: unknown
  /** As a `unit` beside the value says. */
  readonly unit?: string
  /** Of the list's element that it stands in. */
  readonly sourceTimeMs?: number | undefined
  /** For an error that a person reads. */
  readonly where: string
}

export interface Fields {
  /** Every field that the vocabulary knows, wherever it stands. */
  readonly fields: readonly Field[]
  /** What the others tell of the device. */
  readonly marks: ReadonlySet<Mark>
  readonly ignored: number
  /** There was more than we look through. */
  readonly isCut: boolean
}

export function fieldsIn(object: unknown, vocabulary: Vocabulary): Fields {
  const search = new Search(vocabulary)
  search.visit(
    object,
    { path: [], around: '', channels: [], isHealthOnly: false, sourceTimeMs: undefined },
    0,
  )
  return {
    fields: search.fields,
    marks: search.marks,
    ignored: search.ignored,
    isCut: search.visited > MAX_VISITED,
  }
}

interface Place {
  /** Names of the objects around, without those that only wrap. */
  readonly path: readonly string[]
  /** Name of the object or list around, whatever it is. */
  readonly around: string
  /** What lists around say: the place in the list, or the element's own number. */
  readonly channels: readonly string[]
  readonly isHealthOnly: boolean
  readonly sourceTimeMs: number | undefined
}

const MAX_VISITED = 5000
const MAX_DEPTH = 8
const MAX_PATH_CHARS = 60

class Search {
  readonly fields: Field[] = []
  readonly marks = new Set<Mark>()
  ignored = 0
  visited = 0
  readonly #vocabulary: Vocabulary

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary
  }

  visit(value: unknown, place: Place, depth: number): void {
    if (++this.visited > MAX_VISITED) return
    if (depth > MAX_DEPTH) this.ignored++
    else if (Array.isArray(value)) this.#list(value, place, depth)
    else if (isObject(value)) this.#object(value, place, depth)
    else this.#leaf(value, place)
  }

  #object(object: JsonObject, place: Place, depth: number): void {
    if (this.#measured(object, place)) return
    for (const [key, value] of Object.entries(object)) {
      if (this.visited > MAX_VISITED) return
      for (const mark of this.#vocabulary.marksOf(key)) this.marks.add(mark)
      const kind = typeof value === 'object' && value !== null ? this.#vocabulary.kindOf(key) : 'other'
      if (kind === 'never') this.ignored++
      else if (kind === 'wrapper') this.visit(value, { ...place, around: key }, depth + 1)
      else if (kind === 'health') this.visit(value, { ...place, around: key, isHealthOnly: true }, depth + 1)
      else this.visit(value, { ...place, around: key, path: [...place.path, key] }, depth + 1)
    }
  }

  /** `{ value, unit }` under its name (Decentlab), or `{ name, value, unit }` in a list (SenML, SenseCAP). */
  #measured(object: JsonObject, place: Place): boolean {
    const valueKey = VALUE_KEYS.find((key) => Object.hasOwn(object, key))
    if (valueKey === undefined || isObject(object[valueKey])) return false
    const stated = object[valueKey]
    const unitKey = UNIT_KEYS.find((key) => typeof object[key] === 'string' && object[key] !== '')
    const unit = unitKey === undefined ? undefined : (object[unitKey] as string)
    const named = this.#named(place.path)
    if (named) {
      this.#take(named, stated, place, unit)
      return true
    }
    const own = NAME_KEYS.flatMap((key) => {
      const name = object[key]
      if (typeof name === 'number' && ID_KEYS.has(key)) return [`measurement ${name}`]
      return typeof name === 'string' ? [name] : []
    })
    for (const name of own) {
      const itsOwn = this.#named([...place.path, name]) ?? this.#named([name])
      if (!itsOwn) continue
      this.#take(itsOwn, stated, place, unit)
      return true
    }
    if (own.length > 0 || unit !== undefined) this.ignored++
    return own.length > 0 || unit !== undefined
  }

  #list(list: readonly unknown[], place: Place, depth: number): void {
    const times = list.map((each) => (isObject(each) ? timeOf(each) : 'none'))
    const isSeries = times.some((time) => time !== 'none')
    const isOfMoments =
      isSeries ||
      (this.#vocabulary.isOfMoments(place.around) &&
        list.every((each) => isObject(each) && channelOf(each) === undefined && !isNamed(each)))
    // Measurements of different times whose times can't be told are not put into one moment.
    if (isOfMoments && list.length > 1 && times.some((time) => typeof time !== 'number')) {
      this.ignored += list.length
      return
    }
    list.forEach((each, at) => {
      if (this.visited > MAX_VISITED) return
      const time = times[at]
      const sourceTimeMs = typeof time === 'number' ? time : place.sourceTimeMs
      const own = isObject(each) ? channelOf(each) : undefined
      // A list of named measurements, or of moments, numbers nothing.
      const hasName = isObject(each) && isNamed(each)
      const channel = own ?? (list.length === 1 || isSeries || hasName ? undefined : String(at + 1))
      const channels = channel === undefined ? place.channels : [...place.channels, channel]
      this.visit(each, { ...place, channels, sourceTimeMs }, depth + 1)
    })
  }

  #leaf(value: unknown, place: Place): void {
    const named = this.#named(place.path)
    if (named) this.#take(named, value, place, undefined)
    else this.ignored++
  }

  /** The name with all that stands around it, or with the outer names as the place that it is measured at. */
  #named(path: readonly string[]): Named | undefined {
    if (path.length === 0) return undefined
    const last = path.at(-1)!
    if (path.length > 1 && SOLE.test(last)) {
      const above = this.#named(path.slice(0, -1))
      if (above) return above
    }
    for (let outer = 0; outer < path.length; outer++) {
      const around = path.slice(0, outer)
      if (around.some((name) => this.#vocabulary.kindOf(name) === 'never')) return undefined
      const named = this.#vocabulary.lookUp(path.slice(outer))
      if (!named) continue
      const places = around.filter((name) => name.length <= MAX_PATH_CHARS)
      const channel = [...places, ...(named.channel === '' ? [] : [named.channel])].join('-')
      return { ...named, channel }
    }
    return undefined
  }

  #take(named: Named, stated: unknown, place: Place, unit: string | undefined): void {
    if (place.isHealthOnly && !named.candidates.every(({ quantity }) => HEALTH.has(quantity))) {
      this.ignored++
      return
    }
    const { channels, sourceTimeMs, path } = place
    const channel = [...channels, ...(named.channel === '' ? [] : [named.channel])].join('-')
    const where = path.join('.').slice(0, MAX_PATH_CHARS)
    this.fields.push({ named, channel, stated, sourceTimeMs, where, ...(unit === undefined ? {} : { unit }) })
  }
}

const VALUE_KEYS = ['value', 'measurementValue', 'val', 'v', 'reading']
const UNIT_KEYS = ['unit', 'units', 'u', 'uom', 'unitOfMeasurement', 'unit_of_measurement']
const NAME_KEYS = [
  'name',
  'n',
  'type',
  'label',
  'displayName',
  'measurement',
  'variable',
  'quantity',
  'parameter',
  'field',
  'key',
  'sensor',
  'id',
  'measurementId',
]
const ID_KEYS: ReadonlySet<string> = new Set(['measurementId', 'id'])
const TIME_KEYS = [
  'timestamp',
  'time',
  'ts',
  'datetime',
  'date',
  't',
  'measured_at',
  'measuredAt',
  'observedAt',
  'observed_at',
]
const CHANNEL_KEYS = ['channel', 'index', 'port', 'depth', 'probe']

// `temperature: { min, max, current }`
const SOLE = /^(?:current|now|actual|value|last|latest|avg|average|mean|instant|instantaneous)$/i

const HEALTH: ReadonlySet<string> = new Set([
  'battery',
  'battery-voltage',
  'signal-strength',
  'signal-noise',
  'link-quality',
])

/** `none` when the element says no time, `unclear` when it says one that can't be meant. */
function timeOf(element: JsonObject): number | 'none' | 'unclear' {
  const key = TIME_KEYS.find((each) => Object.hasOwn(element, each))
  if (key === undefined) return 'none'
  // `t` is a temperature as often as a time.
  const time = sourceTimeOf(element[key])
  return time ?? (key === 't' ? 'none' : 'unclear')
}

const isNamed = (element: JsonObject): boolean =>
  NAME_KEYS.some((key) => typeof element[key] === 'string') || Object.hasOwn(element, 'measurementId')

function channelOf(element: JsonObject): string | undefined {
  for (const key of CHANNEL_KEYS) {
    const stated = element[key]
    if (typeof stated === 'number' && Number.isInteger(stated) && Math.abs(stated) < 1e6)
      return String(stated)
    if (typeof stated === 'string' && stated !== '' && stated.length <= 32) return stated
  }
  return undefined
}

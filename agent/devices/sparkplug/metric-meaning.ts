import type { QuantityName } from '#contract/wire/quantities.ts'
import { nameProblem } from '../device-name.ts'
import { isOnOff } from '../vocabulary/readings-from-object.ts'
import type { Candidate, Company, Named, Vocabulary } from '../vocabulary/vocabulary.ts'
import type { MetricValue } from './datatypes.ts'

/** What a metric means by its name; decided at the birth, because a DATA message holds only what changed. */
export interface Meaning {
  /** What it may be, in order: the first that its unit fits. */
  readonly candidates: readonly Candidate[]
  /** Where in the device, when the name says so (`zone-1`). */
  readonly channel: string
  readonly unit: string | undefined
  readonly isOpposite: boolean
}

export interface StatedMetric {
  readonly name: string
  /** As the edge node spells it; undefined where it states none. */
  readonly unit: string | undefined
}

/** One answer a metric, in their order; undefined for what is no measurement of a farm. */
export function metricMeanings(
  metrics: readonly StatedMetric[],
  vocabulary: Vocabulary,
): (Meaning | undefined)[] {
  const found = metrics.map(({ name }) => lookUp(name, vocabulary))
  const companies = new Map<string, Set<Company>>()
  metrics.forEach(({ name }, index) => {
    const company = companies.get(folderOf(name)) ?? new Set<Company>()
    companies.set(folderOf(name), company)
    for (const mark of vocabulary.marksOf(name)) company.add(mark)
    const named = found[index]
    if (named && isPlain(named)) company.add(named.candidates[0]!.quantity)
  })
  const taken = new Set<string>()
  return metrics.map(({ name, unit }, index) => {
    const named = found[index]
    const company = companies.get(folderOf(name))!
    const candidates = named?.candidates.filter(
      ({ beside, notBeside }) =>
        (beside.length === 0 || beside.some((each) => company.has(each))) &&
        !notBeside.some((each) => company.has(each)),
    )
    if (!named || !candidates?.[0]) return undefined
    // Two metrics of one meaning in one place: the second keeps its whole name, which is unique in a birth.
    const key = (channel: string) => `${candidates[0]!.quantity}\0${channel}`
    const channel = taken.has(key(named.channel)) ? name : named.channel
    if (taken.has(key(channel)) || (channel !== '' && nameProblem(channel))) return undefined
    taken.add(key(channel))
    return { candidates, channel, unit: unit ?? named.unit, isOpposite: named.isOpposite }
  })
}

/** What stands in one folder is of one place: `Bed 1/Moisture` says that `Bed 1/Temperature` is of soil. */
const folderOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')))

const isPlain = ({ candidates }: Named): boolean =>
  candidates.length === 1 && candidates[0]!.beside.length === 0 && candidates[0]!.notBeside.length === 0

// What every host and node has, and nothing of a farm: commands, the node's own make and model, bdSeq.
const OF_THE_NODE = /^(?:Node (?:Control|Info)|Device (?:Control|Info)|Properties)\//i

/** Levels of a name that hold everything and tell nothing apart. */
const FOLDER = /^(?:inputs?|outputs?|sensors?|measurements?|environment|process|tags?|points?)$/i

function lookUp(name: string, vocabulary: Vocabulary): Named | undefined {
  if (name === 'bdSeq' || OF_THE_NODE.test(name)) return undefined
  const path = name.split('/', MAX_LEVELS + 1).map((level) => level.trim())
  if (path.length > MAX_LEVELS || path.slice(0, -1).some((level) => vocabulary.kindOf(level) === 'never'))
    return undefined
  const telling = path.filter(
    (level, index) =>
      level !== '' &&
      (index === path.length - 1 || (vocabulary.kindOf(level) !== 'wrapper' && !FOLDER.test(level))),
  )
  return telling.length === 0 ? undefined : vocabulary.lookUp(telling, { withPlace: true })
}

const MAX_LEVELS = 8

/**
 * In the unit of the table; undefined when the value or its unit does not fit any meaning. `settled` is the meaning from
 * then on: where the first number decided what it is (a battery of 3.3 is volts, of 87 percent), it stays so.
 */
export function meantValue(
  meaning: Meaning,
  read: MetricValue,
  vocabulary: Vocabulary,
): { quantity: QuantityName; value: number; settled: Meaning } | undefined {
  const { candidates, unit, isOpposite } = meaning
  const first = candidates[0]
  if (!first || (read.kind !== 'number' && read.kind !== 'boolean')) return undefined
  if (isOnOff(first.quantity)) {
    const isOn = Number(read.value)
    if (isOn !== 0 && isOn !== 1) return undefined
    return { quantity: first.quantity, value: isOpposite ? 1 - isOn : isOn, settled: meaning }
  }
  if (read.kind === 'boolean') return undefined
  for (const candidate of candidates) {
    const measured = vocabulary.measure(candidate, read.value, unit)
    if (!measured) continue
    const settled =
      unit === undefined ? { ...meaning, candidates: [candidate], unit: measured.unit } : meaning
    return { quantity: candidate.quantity, value: measured.value, settled }
  }
  return undefined
}

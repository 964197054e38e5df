import { QUALITY } from '#contract/wire/records.ts'
import { observed } from '../observation.ts'
import { sourceTimeOf } from '../source-time.ts'
import type { Vocabulary } from '../vocabulary/vocabulary.ts'
import type { Answer } from './answer.ts'
import { metricValue } from './datatypes.ts'
import type { Declared } from './edge-node.ts'
import { type Meaning, meantValue } from './metric-meaning.ts'
import { qualityOf } from './metric-properties.ts'
import type { WireMetric, WirePayload } from './wire-payload.ts'

// As many as metrics can be declared.
const MAX_REMEMBERED = 50_000

/** Metrics → readings, by what their births declared. */
export class MetricValues {
  readonly #vocabulary: () => Vocabulary
  /** Device and metric → time of its newest value, ms; lives over sessions, to know what a birth repeats. */
  readonly #newestMs = new Map<string, number>()

  constructor(vocabulary: () => Vocabulary) {
    this.#vocabulary = vocabulary
  }

  /** Adds a reading, an error, or one to what is passed over. */
  read(metric: WireMetric, declared: Declared, payload: WirePayload, answer: Answer): void {
    const { meaning, name } = declared
    if (metric.isNull || !meaning) {
      // Null: the node has the metric, and no value for it now.
      answer.ignoredFields++
      return
    }
    if (!metric.value) {
      answer.wrong('not-a-number', `${name}: neither a value nor null`)
      return
    }
    const read = metricValue(metric.value, metric.datatype || declared.datatype)
    if (read.kind === 'wrong') {
      answer.wrong('not-a-number', `${name}: ${read.detail}`)
      return
    }
    const meant = meantValue(meaning, read, this.#vocabulary())
    if (!meant) {
      if (read.kind === 'number' && isUnitStrange(meaning, metric))
        answer.wrong('unit-unknown', `${name}: "${meaning.unit}"`)
      else answer.ignoredFields++
      return
    }
    declared.meaning = meant.settled
    const statedMs = metric.timestamp ?? payload.timestamp
    let quality = qualityOf(metric)
    // A birth repeats the newest value with its own time: it was measured then, not now.
    if (metric.isHistorical || this.#isRepeated(`${answer.device}\0${name}`, statedMs))
      quality |= QUALITY.historical
    const sourceTimeMs = statedMs === undefined ? undefined : sourceTimeOf(statedMs)
    answer.readings.push(
      observed(answer.device, meaning.channel, meant.quantity, meant.value, { sourceTimeMs, quality }),
    )
  }

  #isRepeated(key: string, statedMs: number | undefined): boolean {
    if (statedMs === undefined) return false
    if (this.#newestMs.get(key) === statedMs) return true
    if (this.#newestMs.size >= MAX_REMEMBERED) this.#newestMs.clear()
    this.#newestMs.set(key, statedMs)
    return false
  }
}

function isUnitStrange({ unit }: Meaning, metric: WireMetric): boolean {
  return unit !== undefined && metric.value?.kind !== 'string'
}

import type { AlarmEntry, AlarmSeverity } from '#contract/wire/records.ts'

/**
 * Something that was worked out elsewhere and that people should hear of: an infection event that a risk model found,
 * a disease on a photo. Whoever knows it says so with `raise`, as often as it likes: as long as one of the same rule,
 * name, device and subject is open, it is only prolonged.
 */
export interface Occasion {
  readonly rule: 'infection' | 'finding'
  /** What people call it: the disease, or the model's label. */
  readonly name: string
  /** The device it was worked out from; empty where there is none. */
  readonly device: string
  /** What tells two of one name apart: a plot, a photo's crop; empty where there is one. */
  readonly subject: string
  readonly severity: AlarmSeverity
  /** Texts and finite numbers; the sentences know `crop`, `plot`, `risk` (0..1), `probability` (0..1), `hours`. */
  readonly facts: AlarmEntry['facts']
  /** It is over by itself at this time (ms on the box's clock) unless it is raised again. */
  readonly until: number
}

export const isOccasion = (entry: Pick<AlarmEntry, 'rule'>): boolean =>
  entry.rule === 'infection' || entry.rule === 'finding'

// A farm has a handful of plots and diseases; a model that goes wild must not fill the lists.
const MOST_OPEN = 200

interface OpenOccasion {
  readonly alarmId: string
  until: number
}

/** The occasions that are open. It opens and ends; the entries are made by whoever holds it. */
export class Occasions {
  readonly #open = new Map<string, OpenOccasion>()

  get count(): number {
    return this.#open.size
  }

  /** The id to open it with, `prolonged` for one that is open, or `refused` when too many are. */
  raise(occasion: Occasion, newId: () => string): { readonly alarmId: string } | 'prolonged' | 'refused' {
    const key = keyOf(occasion)
    const open = this.#open.get(key)
    if (open) {
      open.until = Math.max(open.until, occasion.until)
      return 'prolonged'
    }
    if (this.#open.size >= MOST_OPEN) return 'refused'
    const alarmId = newId()
    this.#open.set(key, { alarmId, until: occasion.until })
    return { alarmId }
  }

  /** The id of the one that is over now; undefined when none was open. */
  settle(which: Pick<Occasion, 'rule' | 'name' | 'device' | 'subject'>): string | undefined {
    const key = keyOf(which)
    const alarmId = this.#open.get(key)?.alarmId
    this.#open.delete(key)
    return alarmId
  }

  /** Ids of those whose time has passed. */
  tick(now: number): string[] {
    const over = [...this.#open].filter(([, { until }]) => now >= until)
    for (const [key] of over) this.#open.delete(key)
    return over.map(([, { alarmId }]) => alarmId)
  }

  /** False when another one has its place. One that does not say how long it lasts ends at the next tick. */
  restore({ rule, name, device, facts, alarmId }: AlarmEntry): boolean {
    const key = keyOf({ rule, name, device, subject: String(facts['subject'] ?? '') })
    if (this.#open.has(key)) return false
    const until = facts['until']
    this.#open.set(key, { alarmId, until: typeof until === 'number' ? until : Number.NEGATIVE_INFINITY })
    return true
  }

  shift(offsetMs: number): void {
    for (const open of this.#open.values()) open.until += offsetMs
  }
}

const keyOf = ({
  rule,
  name,
  device,
  subject,
}: Record<'rule' | 'name' | 'device' | 'subject', string>): string =>
  JSON.stringify([rule, name, device, subject])

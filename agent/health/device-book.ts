/** Which devices there are, how often they speak, and when each was heard last. */
export interface KnownDevice {
  readonly name: string
  readonly bus: string
  readonly place: string
  /** As the config says, or as learnt from its own rhythm; undefined while nobody knows. */
  readonly everyMs: number | undefined
  readonly lastHeardAt: number | null
  readonly status: 'fresh' | 'late' | 'silent' | 'never'
}

interface Row {
  bus: string
  place: string
  configuredMs: number | undefined
  lastHeardAt: number | null
  /** The newest gaps between messages, ms. */
  gaps: number[]
  /** It said that it went offline, and has not spoken since. */
  isGone: boolean
}

// Nodes report on change and at a longest interval: the longest of the last gaps is close to that interval.
const GAPS_KEPT = 16
const GAPS_NEEDED = 4
// Several messages of one report arrive together; closer ones say nothing about the rhythm.
const SHORTEST_GAP_MS = 2000
// As many as series can exist (reading-stream.ts): a flood of names has a bound.
const MAX_DEVICES = 4000

export class DeviceBook {
  readonly #rows = new Map<string, Row>()
  readonly #silence: { readonly factor: number; readonly atLeastS: number }

  constructor(silence: { readonly factor: number; readonly atLeastS: number }) {
    this.#silence = silence
  }

  /** A device that the config names: it is expected even before it has spoken. */
  expect(
    name: string,
    { bus, place, everyMs }: { bus: string; place: string; everyMs?: number | undefined },
  ): void {
    const row = this.#rows.get(name)
    this.#rows.set(name, {
      bus,
      place,
      configuredMs: everyMs,
      lastHeardAt: row?.lastHeardAt ?? null,
      gaps: row?.gaps ?? [],
      isGone: row?.isGone ?? false,
    })
  }

  heard(name: string, bus: string, at: number): void {
    let row = this.#rows.get(name)
    if (!row) {
      if (this.#rows.size >= MAX_DEVICES) return
      row = { bus, place: '', configuredMs: undefined, lastHeardAt: null, gaps: [], isGone: false }
      this.#rows.set(name, row)
    }
    if (bus) row.bus = bus
    if (row.lastHeardAt !== null) {
      const gap = at - row.lastHeardAt
      if (gap >= SHORTEST_GAP_MS) row.gaps = [...row.gaps.slice(1 - GAPS_KEPT), gap]
    }
    row.lastHeardAt = Math.max(at, row.lastHeardAt ?? at)
    row.isGone = false
  }

  /** What it said last is stale from now on, however young it is. */
  gone(name: string): void {
    const row = this.#rows.get(name)
    if (row) row.isGone = true
  }

  /** The clock was corrected: ages stay what they are. */
  shift(offsetMs: number): void {
    for (const row of this.#rows.values()) if (row.lastHeardAt !== null) row.lastHeardAt += offsetMs
  }

  everyMsOf(name: string): number | undefined {
    const row = this.#rows.get(name)
    if (!row) return undefined
    if (row.configuredMs !== undefined) return row.configuredMs
    return row.gaps.length < GAPS_NEEDED ? undefined : Math.max(...row.gaps)
  }

  /** Sorted by place, then name, as people read. */
  devices(now: number): KnownDevice[] {
    return [...this.#rows]
      .map(([name, { bus, place, lastHeardAt, isGone }]) => {
        const everyMs = this.everyMsOf(name)
        return {
          name,
          bus,
          place,
          everyMs,
          lastHeardAt,
          status:
            isGone && lastHeardAt !== null ? ('silent' as const) : this.#statusOf(lastHeardAt, everyMs, now),
        }
      })
      .sort((a, b) => a.place.localeCompare(b.place, 'vi') || a.name.localeCompare(b.name, 'vi'))
  }

  #statusOf(lastHeardAt: number | null, everyMs: number | undefined, now: number): KnownDevice['status'] {
    if (lastHeardAt === null) return 'never'
    const ageMs = now - lastHeardAt
    // A day is more than any node's rhythm that we have not learnt yet.
    const periodMs = everyMs ?? 86_400_000
    if (ageMs > Math.max(periodMs * this.#silence.factor, this.#silence.atLeastS * 1000)) return 'silent'
    // A poll that is a little late is no news.
    return ageMs > periodMs * 2 + 5000 ? 'late' : 'fresh'
  }
}

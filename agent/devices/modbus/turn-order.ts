import { type LineSettings, sameSettings } from '../../bus/byte-line.ts'
import type { PollSchedule } from './poll-schedule.ts'
import type { PolledProbe } from './polled-probe.ts'

interface Waiting {
  readonly probe: PolledProbe
  readonly schedule: PollSchedule
}

// Opening a port with another parity takes some 10 ms and the silence after it; probes that bear waiting share one
// opening. Longer than this nobody waits for that.
const PATIENCE_MS = 2000

/**
 * Who is asked next: the longest due, but while nobody has waited for 2 s, those first that speak with the line as it
 * is set. When none is due, the one that will be next.
 */
export function nextTurn<T extends Waiting>(
  turns: readonly T[],
  current: LineSettings | undefined,
  now: number,
): T | undefined {
  const first = earliest(turns)
  if (!first || !current || first.schedule.dueAt > now || now - first.schedule.dueAt > PATIENCE_MS)
    return first
  const withoutSwitch = turns.filter(
    ({ probe, schedule }) => schedule.dueAt <= now && sameSettings(probe.settings, current),
  )
  return earliest(withoutSwitch) ?? first
}

const earliest = <T extends Waiting>(turns: readonly T[]): T | undefined =>
  turns.reduce<T | undefined>(
    (first, each) => (first && first.schedule.dueAt <= each.schedule.dueAt ? first : each),
    undefined,
  )

import type { DownlinkEntry } from '#contract/wire/downlink.ts'
import type { RecordBody, RecordEntry } from '#contract/wire/records.ts'

/** The journal, as far as it is told what became of messages. */
export interface ReportLog {
  appendRecords(bodies: readonly RecordBody[]): Promise<unknown>
  records(kind: string, options: { limit: number }): Promise<{ entry: RecordEntry }[]>
}

// Newest first; a message that was refused is asked for again and again, and must not be told again and again.
const LOOKED_AT = 200
const MAX_REASON_CHARS = 300

/**
 * Tells the province, once: an entry that says the same is not written again, whatever was cut in between. What was written
 * before `sinceT` was about another province's numbers.
 */
export async function reportDownlink(
  log: ReportLog,
  entry: Omit<DownlinkEntry, 'kind'>,
  sinceT: number,
): Promise<void> {
  const reason = entry.reason.slice(0, MAX_REASON_CHARS)
  const isSame = ({ no, outcome, reason: said }: DownlinkEntry) =>
    no === entry.no && outcome === entry.outcome && said === reason
  if (await isReported(log, isSame, sinceT)) return
  await log.appendRecords([{ kind: 'downlink', ...entry, reason }])
}

export async function isReported(
  log: ReportLog,
  matches: (entry: DownlinkEntry) => boolean,
  sinceT: number,
): Promise<boolean> {
  const written = await log.records('downlink', { limit: LOOKED_AT })
  return written.some(({ entry }) => entry.t >= sinceT && matches(entry as unknown as DownlinkEntry))
}

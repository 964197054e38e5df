import { createHash } from 'node:crypto'
import { toHex } from '#contract/ground/bytes.ts'
import type { PlotEntry, RecordBody, RecordEntry } from '#contract/wire/records.ts'
import { type AgentConfig, agentConfigWithoutSecrets } from './config.ts'

/** Records how the farm is set up, where that differs from what was recorded last. */
export async function recordConfig(
  journal: {
    appendRecords(bodies: readonly RecordBody[]): Promise<unknown>
    records(kind: string, options: { limit: number }): Promise<{ entry: RecordEntry }[]>
  },
  config: AgentConfig,
  program: string,
): Promise<void> {
  const bodies: RecordBody[] = []
  const text = JSON.stringify(agentConfigWithoutSecrets(config))
  const hash = new Uint8Array(createHash('sha256').update(text).digest())
  const [last] = (await journal.records('config', { limit: 1 })) as { entry: { hash?: unknown } }[]
  const lastHash = last?.entry.hash
  if (!(lastHash instanceof Uint8Array) || toHex(lastHash) !== toHex(hash))
    bodies.push({ kind: 'config', hash, program })
  // Newest first; the oldest of a season's changes may be beyond the limit, and then a plot is said once more.
  const recorded = new Map<string, PlotEntry>()
  for (const { entry } of (await journal.records('plot', { limit: 2000 })) as {
    entry: RecordEntry & PlotEntry
  }[])
    if (!recorded.has(entry.plot)) recorded.set(entry.plot, entry)
  for (const { id, name, crop, areaHa } of config.plots) {
    const before = recorded.get(id)
    if (before?.name === name && before.crop === crop && before.areaHa === areaHa) continue
    bodies.push({ kind: 'plot', plot: id, name, crop, areaHa })
  }
  if (bodies.length > 0) await journal.appendRecords(bodies)
}

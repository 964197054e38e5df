import type { Registry } from '@prometheus-io/client'
import { ProcessFigures } from './process-metrics.ts'

/** What the metrics are read from, at the moment when somebody asks. */
export interface AgentFigures {
  readonly readingsStored: number
  readonly journal: {
    readonly sizeBytes: number
    readonly walBytes: number
    readonly commits: number
    readonly lastCommitMs: number
    readonly waiting: number
    readonly lanes: Readonly<
      Record<
        string,
        { readonly lastSeq: number; readonly durableThrough: number; readonly oldestUnsentT: number | null }
      >
    >
  }
  readonly uplink: {
    readonly phase: string
    readonly lastOkAt: number | null
    readonly failures: number
    readonly sentBatches: number
    readonly sentBytes: number
    readonly resentBatches: number
  } | null
  readonly budget: {
    readonly dayBytes: number
    readonly dayLimitBytes: number | null
    readonly hourBytes: number
    readonly hourLimitBytes: number | null
    readonly bytes: Readonly<Record<string, number>>
    readonly readings: object | null
    readonly photos: object | null
  }
  readonly openAlarms: number
  readonly devices: Readonly<Record<string, number>>
  readonly faults: ReadonlyMap<string, number>
  readonly busesUp: number
  readonly busesDown: number
  readonly nowMs: number
}

type Client = typeof import('@prometheus-io/client')

/**
 * Prometheus text of the box; names follow its conventions, labels are bounded (no device names). The client is loaded for
 * the first that asks: many boxes have nobody who does.
 */
export class AgentMetrics {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8'
  readonly #process: ProcessFigures | undefined
  readonly #figures: () => Promise<AgentFigures>

  constructor(figures: () => Promise<AgentFigures>, options: { withProcess: boolean }) {
    this.#figures = figures
    if (options.withProcess) this.#process = new ProcessFigures()
  }

  async text(): Promise<string> {
    const client = await import('@prometheus-io/client')
    const registry = new client.Registry()
    for (const { kind, name, help, value } of this.#process?.now() ?? []) {
      const declared = { name: `vuon_agent_${name}`, help, registers: [registry] }
      if (kind === 'gauge') new client.Gauge(declared).set(value)
      else new client.Counter(declared).inc(value)
    }
    fill(client, registry, await this.#figures())
    return registry.metrics()
  }
}

function fill({ Counter, Gauge }: Client, registry: Registry, figures: AgentFigures): void {
  const registers = [registry]
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name: `vuon_agent_${name}`, help, registers }).set(value)
  const counter = (name: string, help: string, value: number): void =>
    new Counter({ name: `vuon_agent_${name}_total`, help, registers }).inc(value)

  const labelled = (
    name: string,
    help: string,
    label: string,
    values: readonly (readonly [string, number])[],
  ) => {
    const gauge = new Gauge({ name: `vuon_agent_${name}`, help, labelNames: [label], registers })
    for (const [value, figure] of values) gauge.set({ [label]: value }, figure)
  }
  const labelledTotal = (
    name: string,
    help: string,
    label: string,
    values: Iterable<readonly [string, number]>,
  ) => {
    const counter = new Counter({ name: `vuon_agent_${name}_total`, help, labelNames: [label], registers })
    for (const [value, count] of values) counter.inc({ [label]: value }, count)
  }

  const { journal, uplink, nowMs } = figures
  counter('readings_stored', 'Readings on disk since the start of the program', figures.readingsStored)
  counter('journal_commits', 'Durable commits since the start of the program', journal.commits)
  gauge('journal_bytes', 'Size of the journal file', journal.sizeBytes)
  gauge('journal_wal_bytes', 'Size of its write-ahead log', journal.walBytes)
  gauge('journal_commit_seconds', 'How long the newest commit took', journal.lastCommitMs / 1000)
  gauge('journal_waiting_entries', 'Entries that wait for their commit', journal.waiting)
  const lanes = Object.entries(journal.lanes)
  labelled(
    'unsent_entries',
    'Entries the province does not hold yet',
    'lane',
    lanes.map(([lane, { lastSeq, durableThrough }]) => [lane, lastSeq - durableThrough]),
  )
  labelled(
    'unsent_oldest_age_seconds',
    'Age of the oldest entry the province does not hold yet',
    'lane',
    lanes.map(([lane, { oldestUnsentT }]) => [
      lane,
      oldestUnsentT === null ? 0 : Math.max(0, (nowMs - oldestUnsentT) / 1000),
    ]),
  )
  if (uplink) {
    counter('batches_sent', 'Batches sent since the start of the program', uplink.sentBatches)
    counter('batches_resent', 'Batches that had to be sent again', uplink.resentBatches)
    counter('batch_bytes_sent', 'Bytes of batches sent', uplink.sentBytes)
    gauge('uplink_failures', 'Failures in a row', uplink.failures)
    gauge(
      'uplink_last_success_timestamp_seconds',
      'When the province last took a batch',
      (uplink.lastOkAt ?? 0) / 1000,
    )
    labelled('uplink_phase', '1 for the phase the uplink is in', 'phase', [[uplink.phase, 1]])
  }
  const { budget } = figures
  labelledTotal(
    'link_bytes',
    'Bytes over the link in both directions, heads included, by what they were for',
    'traffic',
    Object.entries(budget.bytes),
  )
  gauge('link_day_bytes', "Bytes over the link on the farm's day so far", budget.dayBytes)
  gauge('link_hour_bytes', 'Bytes over the link in the hour so far', budget.hourBytes)
  if (budget.dayLimitBytes !== null)
    gauge('link_day_limit_bytes', 'What a day may cost', budget.dayLimitBytes)
  if (budget.hourLimitBytes !== null)
    gauge('link_hour_limit_bytes', 'What an hour may cost', budget.hourLimitBytes)
  labelled('held_back', '1 while the budget or quiet hours keep this cargo from being sent', 'cargo', [
    ['reading', budget.readings ? 1 : 0],
    ['photo', budget.photos ? 1 : 0],
  ])
  gauge('alarms_open', 'Alarms that are raised and not cleared', figures.openAlarms)
  gauge('buses_up', 'Serial lines and brokers that are connected', figures.busesUp)
  gauge('buses_down', 'Serial lines and brokers that are not', figures.busesDown)
  labelled('devices', 'Devices by how lately they spoke', 'status', Object.entries(figures.devices))
  labelledTotal('faults', 'Bad frames, payloads and refusals, by code', 'code', figures.faults)
}

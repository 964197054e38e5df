import { Counter, collectDefaultMetrics, Gauge, Registry } from '@prometheus-io/client'

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

/** Prometheus text of the box; names follow its conventions, labels are bounded (no device names). */
export class AgentMetrics {
  readonly #registry = new Registry()
  readonly #figures: () => Promise<AgentFigures>

  constructor(figures: () => Promise<AgentFigures>, options: { withProcess: boolean }) {
    this.#figures = figures
    if (options.withProcess) collectDefaultMetrics({ register: this.#registry, prefix: 'vuon_agent_' })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async text(): Promise<string> {
    const registry = new Registry()
    fill(registry, await this.#figures())
    return (await this.#registry.metrics()) + (await registry.metrics())
  }
}

function fill(registry: Registry, figures: AgentFigures): void {
  const registers = [registry]
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name: `vuon_agent_${name}`, help, registers }).set(value)
  const counter = (name: string, help: string, value: number): void =>
    new Counter({ name: `vuon_agent_${name}_total`, help, registers }).inc(value)

  const { journal, uplink, nowMs } = figures
  counter('readings_stored', 'Readings on disk since the start of the program', figures.readingsStored)
  counter('journal_commits', 'Durable commits since the start of the program', journal.commits)
  gauge('journal_bytes', 'Size of the journal file', journal.sizeBytes)
  gauge('journal_wal_bytes', 'Size of its write-ahead log', journal.walBytes)
  gauge('journal_commit_seconds', 'How long the newest commit took', journal.lastCommitMs / 1000)
  gauge('journal_waiting_entries', 'Entries that wait for their commit', journal.waiting)
  const unsent = new Gauge({
    name: 'vuon_agent_unsent_entries',
    help: 'Entries the province does not hold yet',
    labelNames: ['lane'],
    registers,
  })
  const age = new Gauge({
    name: 'vuon_agent_unsent_oldest_age_seconds',
    help: 'Age of the oldest entry the province does not hold yet',
    labelNames: ['lane'],
    registers,
  })
  for (const [lane, { lastSeq, durableThrough, oldestUnsentT }] of Object.entries(journal.lanes)) {
    unsent.set({ lane }, lastSeq - durableThrough)
    age.set({ lane }, oldestUnsentT === null ? 0 : Math.max(0, (nowMs - oldestUnsentT) / 1000))
  }
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
    const phase = new Gauge({
      name: 'vuon_agent_uplink_phase',
      help: '1 for the phase the uplink is in',
      labelNames: ['phase'],
      registers,
    })
    phase.set({ phase: uplink.phase }, 1)
  }
  const { budget } = figures
  const linkBytes = new Counter({
    name: 'vuon_agent_link_bytes_total',
    help: 'Bytes over the link in both directions, heads included, by what they were for',
    labelNames: ['traffic'],
    registers,
  })
  for (const [traffic, bytes] of Object.entries(budget.bytes)) linkBytes.inc({ traffic }, bytes)
  gauge('link_day_bytes', "Bytes over the link on the farm's day so far", budget.dayBytes)
  gauge('link_hour_bytes', 'Bytes over the link in the hour so far', budget.hourBytes)
  if (budget.dayLimitBytes !== null)
    gauge('link_day_limit_bytes', 'What a day may cost', budget.dayLimitBytes)
  if (budget.hourLimitBytes !== null)
    gauge('link_hour_limit_bytes', 'What an hour may cost', budget.hourLimitBytes)
  const held = new Gauge({
    name: 'vuon_agent_held_back',
    help: '1 while the budget or quiet hours keep this cargo from being sent',
    labelNames: ['cargo'],
    registers,
  })
  held.set({ cargo: 'reading' }, budget.readings ? 1 : 0)
  held.set({ cargo: 'photo' }, budget.photos ? 1 : 0)
  gauge('alarms_open', 'Alarms that are raised and not cleared', figures.openAlarms)
  gauge('buses_up', 'Serial lines and brokers that are connected', figures.busesUp)
  gauge('buses_down', 'Serial lines and brokers that are not', figures.busesDown)
  const devices = new Gauge({
    name: 'vuon_agent_devices',
    help: 'Devices by how lately they spoke',
    labelNames: ['status'],
    registers,
  })
  for (const [status, count] of Object.entries(figures.devices)) devices.set({ status }, count)
  const faults = new Counter({
    name: 'vuon_agent_faults_total',
    help: 'Bad frames, payloads and refusals, by code',
    labelNames: ['code'],
    registers,
  })
  for (const [code, count] of figures.faults) faults.inc({ code }, count)
}

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'

/** What an operator watches; names follow Prometheus' conventions, labels are bounded. */
export class GatewayMetrics {
  readonly registry = new Registry()
  readonly #batches = new Counter({
    name: 'vuon_gateway_batches_total',
    help: 'Batches taken in, by what became of them',
    labelNames: ['outcome'],
    registers: [this.registry],
  })
  readonly #readings = new Counter({
    name: 'vuon_gateway_readings_total',
    help: 'Readings stored',
    registers: [this.registry],
  })
  readonly #entries = new Counter({
    name: 'vuon_gateway_entries_total',
    help: 'Entries of the record and finding lanes stored',
    registers: [this.registry],
  })
  readonly #bytes = new Counter({
    name: 'vuon_gateway_batch_bytes_total',
    help: 'Bytes of batches stored',
    registers: [this.registry],
  })
  readonly #refusals = new Counter({
    name: 'vuon_gateway_refusals_total',
    help: 'Requests refused, by error code',
    labelNames: ['code'],
    registers: [this.registry],
  })
  readonly #seconds = new Histogram({
    name: 'vuon_gateway_request_seconds',
    help: 'Time to answer, by route',
    labelNames: ['route'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    registers: [this.registry],
  })
  readonly #lastBatch = new Gauge({
    name: 'vuon_gateway_last_batch_timestamp_seconds',
    help: 'When the newest batch was stored',
    registers: [this.registry],
  })

  readonly #groups = new Histogram({
    name: 'vuon_gateway_intake_group_batches',
    help: 'Batches that shared one transaction',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers: [this.registry],
  })
  readonly #waiting = new Gauge({
    name: 'vuon_gateway_intake_waiting_batches',
    help: 'Batches that waited for their turn after the last transaction',
    registers: [this.registry],
  })

  constructor(options: { withProcess: boolean }) {
    if (options.withProcess) collectDefaultMetrics({ register: this.registry, prefix: 'vuon_gateway_' })
  }

  batch(
    outcome: 'stored' | 'duplicate' | 'equivocation',
    counts: { readings: number; entries: number; bytes: number },
    atMs: number,
  ): void {
    this.#batches.inc({ outcome })
    if (outcome !== 'stored') return
    this.#readings.inc(counts.readings)
    this.#entries.inc(counts.entries)
    this.#bytes.inc(counts.bytes)
    this.#lastBatch.set(atMs / 1000)
  }

  group(batches: number, waiting: number): void {
    this.#groups.observe(batches)
    this.#waiting.set(waiting)
  }

  refusal(code: string): void {
    this.#refusals.inc({ code })
  }

  request(route: string, seconds: number): void {
    this.#seconds.observe({ route }, seconds)
  }
}

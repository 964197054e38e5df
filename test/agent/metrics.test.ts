import { describe, expect, it } from 'vitest'
import { type AgentFigures, AgentMetrics } from '../../agent/health/metrics.ts'

const FIGURES: AgentFigures = {
  readingsStored: 7,
  journal: { sizeBytes: 1, walBytes: 1, commits: 3, lastCommitMs: 4, waiting: 0, lanes: {} },
  uplink: null,
  budget: {
    ...{ dayBytes: 0, dayLimitBytes: null, hourBytes: 0, hourLimitBytes: null },
    ...{ bytes: {}, readings: null, photos: null },
  },
  openAlarms: 0,
  devices: {},
  faults: new Map(),
  busesUp: 1,
  busesDown: 0,
  nowMs: 0,
}

describe('the metrics of a box', () => {
  it('tell of the process without waking it while nobody asks', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const metrics = new AgentMetrics(async () => FIGURES, { withProcess: true })
    expect(timers()).toBe(before)
    const text = await metrics.text()
    const figureOf = (name: string) => Number(new RegExp(`^vuon_agent_${name} (\\S+)$`, 'm').exec(text)?.[1])
    expect(figureOf('readings_stored_total')).toBe(7)
    expect(figureOf('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
    expect(figureOf('process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(figureOf('nodejs_eventloop_utilization')).toBeLessThanOrEqual(1)
    expect(Math.abs(figureOf('process_start_time_seconds') - Date.now() / 1000)).toBeLessThan(86_400)
  })
})

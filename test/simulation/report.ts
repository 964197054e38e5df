import type { FarmLife } from './farm-life.ts'
import type { ProvinceLife } from './province-life.ts'
import type { SimulationOptions } from './simulation.ts'

/** One line of JSON a run: what was lived through, and every breach of a promise. */
export interface Report {
  readonly seed: number
  readonly pace: string
  readonly farms: number
  readonly hours: number
  readonly farmDays: number
  readonly readings: number
  readonly entries: number
  readonly messages: number
  readonly redelivered: number
  readonly lots: number
  readonly batches: number
  readonly powerCuts: Record<string, number>
  readonly boxRestarts: number
  readonly provinceRestarts: number
  readonly provincePowerCuts: Record<string, number>
  readonly clockSteps: number
  readonly diskRefusals: number
  readonly salvages: number
  readonly declaredLost: number
  readonly wallMs: number
  /** Of this process: what the run costs on a machine that others load as well. */
  readonly cpuMs: number
  readonly checkMs: number
  readonly breaches: readonly string[]
}

export function reportOf(run: {
  options: SimulationOptions & { readonly pace: string; readonly farms: number }
  province: ProvinceLife
  farms: readonly FarmLife[]
  breaches: readonly string[]
  startedMs: number
  simulatedMs: number
  cpuBefore: NodeJS.CpuUsage
}): Report {
  const { options, province, farms } = run
  const sum = (of: (farm: FarmLife) => number) => farms.reduce((total, farm) => total + of(farm), 0)
  const wallMs = performance.now() - run.startedMs
  const { user, system } = process.cpuUsage(run.cpuBefore)
  const powerCuts: Record<string, number> = {}
  for (const { cuts } of farms)
    for (const [cut, count] of Object.entries(cuts)) powerCuts[cut] = (powerCuts[cut] ?? 0) + count
  return {
    seed: options.seed,
    pace: options.pace,
    farms: options.farms,
    hours: options.hours,
    farmDays: (options.farms * options.hours) / 24,
    readings: sum((farm) => farm.ledger.readings.length),
    entries: sum((farm) => farm.ledger.entries.record.length),
    messages: sum((farm) => farm.messages.size),
    redelivered: sum((farm) =>
      [...farm.messages.values()].reduce((total, { deliveries }) => total + Math.max(0, deliveries - 1), 0),
    ),
    lots: sum((farm) => farm.lots.length),
    batches: province.batches,
    powerCuts,
    boxRestarts: sum((farm) => farm.restarts),
    provinceRestarts: province.restarts,
    provincePowerCuts: province.cuts,
    clockSteps: sum((farm) => farm.clockSteps),
    diskRefusals: sum((farm) => farm.disk.refusals),
    salvages: sum((farm) => farm.salvages),
    declaredLost: sum((farm) => farm.ledger.lost.length),
    wallMs: Math.round(wallMs),
    cpuMs: Math.round((user + system) / 1000),
    checkMs: Math.round(wallMs - run.simulatedMs),
    breaches: run.breaches,
  }
}

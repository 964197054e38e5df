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
  readonly photos: number
  readonly batches: number
  readonly powerCuts: Record<string, number>
  readonly boxRestarts: number
  readonly provinceRestarts: number
  readonly provincePowerCuts: Record<string, number>
  readonly clockSteps: number
  readonly diskRefusals: number
  readonly salvages: number
  /** Readings that the card itself lost. */
  readonly declaredLost: number
  /** Readings that went for want of room, out of no batch yet and with their batches. */
  readonly thinned: number
  readonly dropped: number
  /** How often the journal put readings in other places. */
  readonly reorders: number
  readonly upgrades: number
  readonly refusedDowngrades: number
  readonly provinceUpgrades: number
  /** Of those, how often the power went while the new program took the store over. */
  readonly provinceUpgradeCuts: number
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
    photos: sum((farm) => farm.photos.length / 2),
    batches: province.batches,
    powerCuts,
    boxRestarts: sum((farm) => farm.restarts),
    provinceRestarts: province.restarts,
    provincePowerCuts: province.cuts,
    clockSteps: sum((farm) => farm.clockSteps),
    diskRefusals: sum((farm) => farm.disk.refusals),
    salvages: sum((farm) => farm.salvages),
    declaredLost: sum((farm) => farm.ledger.lost.length),
    thinned: sum((farm) => farm.ledger.thinned.size),
    dropped: sum((farm) => farm.ledger.dropped),
    reorders: sum((farm) => farm.ledger.reorders),
    upgrades: sum((farm) => farm.upgrades),
    refusedDowngrades: sum((farm) => farm.refusedDowngrades),
    provinceUpgrades: province.upgrades,
    provinceUpgradeCuts: province.upgradeCuts,
    wallMs: Math.round(wallMs),
    cpuMs: Math.round((user + system) / 1000),
    checkMs: Math.round(wallMs - run.simulatedMs),
    breaches: run.breaches,
  }
}

/** How often something went wrong in a run: cuts, restarts, refusals, wrong clocks, upgrades. */
export const faultsIn = (report: Report): number => {
  const cuts = [report.powerCuts, report.provincePowerCuts].flatMap((each) => Object.values(each))
  const { boxRestarts, provinceRestarts, clockSteps, diskRefusals, upgrades, provinceUpgrades } = report
  return [
    ...cuts,
    boxRestarts,
    provinceRestarts,
    clockSteps,
    diskRefusals,
    upgrades,
    provinceUpgrades,
  ].reduce((sum, count) => sum + count, 0)
}

/** Many runs as one: counts are added, of the rest there is the first and the last seed. */
export function addUp(reports: readonly Report[]): Record<string, unknown> {
  const seeds = reports.map(({ seed }) => seed).sort((a, b) => a - b)
  const sums: Record<string, number | Record<string, number>> = {}
  for (const report of reports) {
    for (const [name, value] of Object.entries(report)) {
      if (NOT_SUMMED.has(name)) continue
      if (typeof value === 'number') sums[name] = Number(sums[name] ?? 0) + value
      else if (typeof value === 'object' && !Array.isArray(value)) {
        sums[name] ??= {}
        const kinds = sums[name] as Record<string, number>
        for (const [kind, count] of Object.entries(value as Record<string, number>))
          kinds[kind] = (kinds[kind] ?? 0) + count
      }
    }
  }
  return {
    seeds: [seeds[0], seeds.at(-1)],
    runs: reports.length,
    ...{ pace: reports[0]?.pace, farms: reports[0]?.farms, hours: reports[0]?.hours },
    ...sums,
    breaches: reports.reduce((sum, { breaches }) => sum + breaches.length, 0),
  }
}

const NOT_SUMMED = new Set(['seed', 'farms', 'hours', 'wallMs', 'checkMs'])

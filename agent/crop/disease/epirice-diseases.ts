/**
 * The five rice diseases of EPIRICE as data: Savary, Nelson, Willocquet, Pangga & Aunario 2012, Crop Protection
 * 34:6–17, table 2, with the optimum for blast at 20 °C (25 °C in print is a slip). Curves are points [x, y] joined by
 * straight lines.
 */
export interface RiceDisease {
  readonly name: string
  /** Day of the season on which the first site is infected. */
  readonly onset: number
  /** Healthy sites on the first day, and infected ones at the onset. */
  readonly sites0: number
  readonly infected0: number
  /** Infections a day by one infectious site when all is at its best. */
  readonly rateBest: number
  /** Days latent, and days infectious. */
  readonly latentDays: number
  readonly infectiousDays: number
  /** Above 1: lesions come in clumps. */
  readonly aggregation: number
  readonly sitesMax: number
  /** Shares of the sites that senesce and that grow anew, 1/d. */
  readonly senescence: number
  readonly growth: number
  /** Multipliers of the rate by crop age (days) and by temperature (°C). */
  readonly byAge: readonly (readonly [number, number])[]
  readonly byTemp: readonly (readonly [number, number])[]
}

export const RICE_DISEASES: readonly RiceDisease[] = [
  {
    name: 'leaf-blast',
    onset: 15,
    sites0: 600,
    infected0: 1,
    rateBest: 1.14,
    latentDays: 5,
    infectiousDays: 20,
    aggregation: 1,
    sitesMax: 30_000,
    senescence: 0.01,
    growth: 0.1,
    byAge: every(
      5,
      [
        1, 1, 1, 0.9, 0.8, 0.7, 0.64, 0.59, 0.53, 0.43, 0.32, 0.22, 0.16, 0.09, 0.03, 0.02, 0.02, 0.02, 0.01,
        0.01, 0.01, 0.01, 0.01, 0.01, 0.01,
      ],
    ),
    byTemp: [
      [10, 0],
      [15, 0.5],
      [20, 1],
      [25, 0.6],
      [30, 0.2],
      [35, 0.05],
      [40, 0.01],
      [45, 0],
    ],
  },
  {
    name: 'brown-spot',
    onset: 20,
    sites0: 600,
    infected0: 1,
    rateBest: 0.61,
    latentDays: 6,
    infectiousDays: 19,
    aggregation: 1,
    sitesMax: 100_000,
    senescence: 0.01,
    growth: 0.1,
    byAge: every(20, [0.35, 0.35, 0.35, 0.47, 0.59, 0.71, 1]),
    byTemp: [
      [15, 0],
      [20, 0.06],
      [25, 1],
      [30, 0.85],
      [35, 0.16],
      [40, 0],
    ],
  },
  {
    name: 'bacterial-blight',
    onset: 20,
    sites0: 100,
    infected0: 1,
    rateBest: 0.87,
    latentDays: 5,
    infectiousDays: 30,
    aggregation: 4,
    sitesMax: 3200,
    senescence: 0.01,
    growth: 0.1,
    byAge: every(10, [1, 1, 1, 0.9, 0.62, 0.43, 0.41, 0.41, 0.41, 0.41, 0.41, 0.41, 0.41]),
    byTemp: [
      [16, 0],
      [19, 0.29],
      [22, 0.44],
      [25, 0.9],
      [28, 0.9],
      [31, 1],
      [34, 0.88],
      [37, 0.01],
      [40, 0],
    ],
  },
  {
    name: 'sheath-blight',
    onset: 30,
    sites0: 25,
    infected0: 1,
    rateBest: 0.46,
    latentDays: 3,
    infectiousDays: 120,
    aggregation: 2.8,
    sitesMax: 800,
    senescence: 0.005,
    growth: 0.2,
    byAge: every(10, [0.84, 0.84, 0.84, 0.84, 0.84, 0.84, 0.84, 0.88, 0.88, 1, 1, 1, 1]),
    byTemp: [
      [12, 0],
      [16, 0.42],
      [20, 0.94],
      [24, 0.94],
      [28, 1],
      [32, 0.85],
      [36, 0.64],
      [40, 0],
    ],
  },
  {
    name: 'tungro',
    onset: 25,
    sites0: 100,
    infected0: 1,
    rateBest: 0.18,
    latentDays: 6,
    infectiousDays: 120,
    aggregation: 1,
    sitesMax: 100,
    senescence: 0.01,
    growth: 0.1,
    byAge: every(15, [1, 1, 0.98, 0.73, 0.51, 0.34, 0, 0, 0]),
    byTemp: [
      [9, 0],
      [10, 0.13],
      [13.1111, 0.65],
      [16.2222, 0.75],
      [19.3333, 0.83],
      [22.4444, 0.89],
      [25.5555, 0.93],
      [28.6666, 0.97],
      [31.7777, 1],
      [34.8888, 0.96],
      [37.9999, 0.93],
      [40, 0],
    ],
  },
]

function every(step: number, values: readonly number[]): [number, number][] {
  return values.map((value, at) => [at * step, value])
}

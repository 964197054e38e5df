import { VuonError } from '#contract/ground/errors.ts'
import { addDays, daysBetween } from '../calendar.ts'
import type { CropModel, ModelInput, ModelResult } from '../model.ts'
import { areaUnderProgress, type EpidemicDay, epidemic } from './epirice.ts'
import { RICE_DISEASES, type RiceDisease } from './epirice-diseases.ts'

const SITE_COLUMNS = [
  ['sites', 'healthy sites'],
  ['latent', 'infected sites that do not infect yet'],
  ['infectious', 'sites that infect others'],
  ['removed', 'sites that no longer infect'],
  ['senesced', 'sites that have senesced since the first day'],
  ['rateinf', 'sites infected, 1/d'],
  ['rtransfer', 'sites that become infectious, 1/d'],
  ['rgrowth', 'new healthy sites, 1/d'],
  ['rsenesced', 'sites that senesce, 1/d'],
  ['diseased', 'latent, infectious and removed sites'],
] as const

export const EPIRICE: CropModel = {
  name: 'epirice',
  summary: {
    vi: 'Dịch bệnh lúa trong một vụ: đạo ôn, đốm nâu, bạc lá, khô vằn, tungro',
    en: 'a season of a rice disease: blast, brown spot, bacterial blight, sheath blight, tungro',
  },
  source: 'EPIRICE: Savary et al. 2012, Crop Protection 34:6',
  standing: 'published-rule',
  step: 'day',
  params: [
    {
      name: 'disease',
      describe: 'which disease; bacterial-leaf-blight is bacterial-blight',
      kind: 'choice',
      choices: [...RICE_DISEASES.map(({ name }) => name), 'bacterial-leaf-blight'],
    },
    { name: 'emergence', describe: 'day 1: emergence, or transplanting', kind: 'date' },
    {
      name: 'duration',
      describe: 'days from emergence to ripeness',
      kind: 'number',
      unit: 'd',
      min: 1,
      max: 365,
      default: 120,
    },
  ],
  columns: [
    { name: 'tmean_c', describe: 'mean temperature, °C', min: -40, max: 60, isRequired: true },
    {
      name: 'rh_pct',
      describe: 'mean humidity, %; infection needs 90 % or 5 mm of rain',
      min: 0,
      max: 105,
      isRequired: true,
      aliases: ['rhum'],
    },
    { name: 'rain_mm', describe: 'rain, mm', min: 0, max: 2000, isRequired: true },
  ],
  outputs: [
    { name: 'day', describe: 'from 1 at emergence', decimals: 0 },
    ...SITE_COLUMNS.map(([name, describe]) => ({ name, describe, decimals: 6 })),
    { name: 'intensity', describe: 'share of the living sites that is diseased, 0 to 1', decimals: 8 },
    {
      name: 'audpc',
      describe: 'area under the curve of intensity over all days that were computed, the same on each row, d',
      decimals: 5,
    },
  ],
  givesOwnRows: true,
  example: 'compute epirice --param disease=brown-spot --param emergence=2000-07-01 < days.csv',
  run,
}

/**
 * A row a day from emergence. Quality: `gap` from the first day on that is not known; `weather-ends` on the last row
 * when the table ends before the season.
 */
function run(input: ModelInput): ModelResult {
  const asked = input.choice('disease')
  const name = asked === 'bacterial-leaf-blight' ? 'bacterial-blight' : asked
  const disease = RICE_DISEASES.find((each) => each.name === name) as RiceDisease
  const emergence = input.date('emergence') as string
  const last = input.dates.at(-1)
  if (last === undefined || !input.dates.includes(emergence))
    throw new VuonError('input-invalid', `The table has no row for ${emergence}, the day of emergence.`, {
      hint:
        last === undefined
          ? 'It has no rows.'
          : `It goes from ${input.dates[0]} to ${last}: add the day, or correct --param emergence.`,
    })
  const duration = Math.round(input.number('duration'))
  const length = Math.min(duration, daysBetween(emergence, last) + 1)
  const days = epidemic(weatherFrom(input, emergence, length), disease)
  const area = areaUnderProgress(days)
  const columnOf = (value: (day: EpidemicDay) => number): Float64Array =>
    Float64Array.from({ length }, (_, at) => {
      const day = days[at]
      return day ? value(day) : Number.NaN
    })
  return {
    length,
    columns: {
      day: Float64Array.from({ length }, (_, at) => at + 1),
      ...Object.fromEntries(SITE_COLUMNS.map(([column]) => [column, columnOf((day) => day[column])])),
      intensity: columnOf(({ intensity }) => intensity),
      audpc: columnOf(() => area),
    },
    quality: Array.from({ length }, (_, at) => {
      const words = [days[at] ? 'ok' : 'gap']
      if (at === length - 1 && length < duration) words.push('weather-ends')
      return words.length > 1 ? words.filter((word) => word !== 'ok').join(' ') : (words[0] as string)
    }),
  }
}

function weatherFrom(input: ModelInput, emergence: string, length: number) {
  const rowOf = new Map(input.dates.map((date, row) => [date, row]))
  const [temp, rh, rain] = [input.column('tmean_c'), input.column('rh_pct'), input.column('rain_mm')]
  return Array.from({ length }, (_, at) => {
    const row = rowOf.get(addDays(emergence, at)) ?? -1
    return {
      tempMeanC: temp[row] ?? Number.NaN,
      rhMeanPct: rh[row] ?? Number.NaN,
      rainMm: rain[row] ?? Number.NaN,
    }
  })
}

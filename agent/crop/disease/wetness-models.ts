import type { CropModel, ModelInput } from '../model.ts'
import { dailyWetH, type WetnessMethod } from './leaf-wetness.ts'
import { METHOD_COLUMNS, METHOD_PARAMS, wetHoursBy } from './wetness-input.ts'

export const LEAF_WETNESS: CropModel = {
  name: 'leaf-wetness',
  summary: { vi: 'Lá ướt hay khô từng giờ', en: 'whether leaves are wet, hour by hour' },
  source:
    'Kim, Taylor, Gleason & Loecker 2002, Plant Dis. 86:179 (cart); Sentelhas et al. 2008 (rh); Gillespie (dpd)',
  standing: 'published-rule',
  step: 'hour',
  params: METHOD_PARAMS,
  columns: METHOD_COLUMNS,
  outputs: [
    { name: 'wet', describe: '1 wet, 0 dry', decimals: 0 },
    { name: 'wet_h', describe: 'share of the hour with wet leaves, h', decimals: 2 },
  ],
  example: 'compute leaf-wetness --param method=cart < hours.csv',
  run(input) {
    const hours = wetHoursBy(input.choice('method') as WetnessMethod, input)
    const wet = hours.map((hour) => hour.wet)
    return {
      length: input.length,
      columns: { wet, wet_h: wet },
      quality: hours.map(({ wet, note }) => (Number.isNaN(wet) && note !== 'gap' ? `gap ${note}` : note)),
    }
  },
}

export const LEAF_WETNESS_DAILY: CropModel = {
  name: 'leaf-wetness-daily',
  summary: {
    vi: 'Số giờ lá ướt trong ngày, khi không có số liệu từng giờ',
    en: 'hours of leaf wetness in a day, for when there are no hours',
  },
  source: 'Hijmans, Forbes & Walker 2001',
  standing: 'published-rule',
  step: 'day',
  params: [],
  columns: [
    { name: 'rhmax_pct', describe: "the day's highest humidity, %", min: 0, max: 100, isRequired: true },
    { name: 'rhmin_pct', describe: "the day's lowest humidity, %", min: 0, max: 100, isRequired: true },
    {
      name: 'tmin_c',
      describe: "the day's minimum, °C: no wetness below 0; taken as above when not given",
      min: -40,
      max: 60,
      isRequired: false,
    },
  ],
  outputs: [{ name: 'wet_h', describe: 'hours of leaf wetness, h', decimals: 2 }],
  example: 'compute leaf-wetness-daily < days.csv',
  run: (input) => runDaily(input),
}

function runDaily(input: ModelInput) {
  const [high, low, min] = [input.column('rhmax_pct'), input.column('rhmin_pct'), input.column('tmin_c')]
  const wetH = high.map((rhMax, row) => dailyWetH(rhMax, low[row] as number, min[row] as number))
  const quality = Array.from(wetH, (hours, row) =>
    Number.isNaN(hours)
      ? 'gap'
      : input.has('tmin_c') && Number.isNaN(min[row] as number)
        ? 'from-no-frost'
        : 'ok',
  )
  return { length: input.length, columns: { wet_h: wetH }, quality }
}

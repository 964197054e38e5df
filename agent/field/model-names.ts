/**
 * Model and version behind each derived figure, as `compute --list` calls the model. A version goes up when the same
 * readings give other numbers; the series then goes on as a new one.
 */
export const MODEL_OF = {
  'dew-point': {
    origin: 'derived dew-point-1',
    standing: 'equation',
    source: 'FAO-56 equation 11, turned around',
  },
  'delta-t': {
    origin: 'derived delta-t-1',
    standing: 'equation',
    source: 'air less wet bulb by the psychrometric equation (ASHRAE 2017)',
  },
  'et0-hourly': {
    origin: 'derived et0-hourly-1',
    standing: 'equation',
    source: 'ASCE-EWRI 2005, short reference, hourly',
  },
  'et0-daily': { origin: 'derived et0-daily-1', standing: 'equation', source: 'FAO-56 (Allen et al. 1998)' },
  'rain-sum': { origin: 'derived rain-sum-1', standing: 'equation', source: 'what the gauge rose by' },
  'leaf-wetness': {
    origin: 'derived leaf-wetness-1',
    standing: 'published-rule',
    source: 'wetness sensor, else humidity from 90 % on (Sentelhas et al. 2008), rain and sprinkling',
  },
  'degree-days': {
    origin: 'derived degree-days-1',
    standing: 'published-rule',
    source: 'single sine (Baskerville & Emin 1969; Zalom et al. 1983)',
  },
  'water-balance': {
    origin: 'derived water-balance-1',
    standing: 'equation',
    source: 'FAO-56 chapters 6 and 8, single crop coefficient',
  },
  magarey: {
    origin: 'derived magarey-1',
    standing: 'index-not-validated',
    source: 'Magarey, Sutton & Thayer 2005, in cohorts (Bregaglio et al. 2012)',
  },
  'day-length': { origin: 'derived day-length-1', standing: 'equation', source: 'FAO-56 equation 34' },
  'spray-window': {
    origin: 'derived spray-window-1',
    standing: 'published-rule',
    source: 'printed limits: BoM and METOS (delta-T, humidity), Ontario and GRDC (wind, inversion)',
  },
  'lighting-plan': {
    origin: 'derived lighting-plan-1',
    standing: 'index-not-validated',
    source: 'Jiang et al. 2012, Tran et al. 2015, practice of Hàm Hiệp',
  },
  'dragon-fruit-phenology': {
    origin: 'derived dragon-fruit-phenology-1',
    standing: 'index-not-validated',
    source: 'published durations scaled by warmth above 10 °C; judgement',
  },
  'harvest-window': {
    origin: 'derived harvest-window-1',
    standing: 'published-rule',
    source: "the label's pre-harvest intervals",
  },
} as const satisfies Record<
  string,
  {
    origin: `derived ${string}`
    standing: 'equation' | 'published-rule' | 'index-not-validated'
    source: string
  }
>

export type ModelName = keyof typeof MODEL_OF
export const versionedName = (model: ModelName): string => MODEL_OF[model].origin.slice('derived '.length)

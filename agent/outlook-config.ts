import { z } from 'zod'
import { seconds } from './config-fields.ts'

/** `outlook:` in the config: how often the province is told what the models say of each plot. */
export const outlook = z
  .strictObject({
    everyS: seconds(60, 604_800)
      .optional()
      .meta({ remote: true })
      .describe(
        'At most one outlook of each plot in so long, and only when it says something new: 10800 if not given, 43200 on a metered line, and longer where there are more than six plots.',
      ),
  })
  .prefault({})
  .describe('What the province is told of forecast, risk, water, lights and advice.')

const EVERY_S = 3 * 3600
const METERED_EVERY_S = 12 * 3600
// An outlook is 5 to 11 kB for ever in the journal: at most 48 of them a day, 0.5 MB or a quarter of the journal's
// default quota in three years.
const PLOT_S = 30 * 60

export const outlookEveryS = (config: {
  readonly outlook: { readonly everyS?: number | undefined }
  readonly plots: readonly unknown[]
  readonly sync: { readonly budget: { readonly metered: boolean } }
}): number =>
  config.outlook.everyS ??
  Math.max(config.sync.budget.metered ? METERED_EVERY_S : EVERY_S, config.plots.length * PLOT_S)

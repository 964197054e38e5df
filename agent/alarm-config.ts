import { z } from 'zod'
import type { WatchRule } from './advice/alarm-rules.ts'
import { name, quantity, seconds } from './config-fields.ts'

/** `alarms:` and `modelAlarms:` in the config: what raises an alarm. */

const bound = z.number().optional().meta({ remote: true })
const perHour = z.number().positive().max(1e9).optional().meta({ remote: true })
const severity = z.enum(['info', 'warning', 'critical'])
const BOUNDS = ['above', 'below', 'risesPerHour', 'fallsPerHour'] as const

const alarm = z
  .strictObject({
    name: name.describe('What people call this alarm.'),
    device: z.string().max(64).default('*').describe('Which device; * means any.'),
    quantity: quantity.optional().describe('What is watched; with `stress` it is known.'),
    stress: z
      .enum(['heat', 'vpd'])
      .optional()
      .describe(
        'heat watches air-temperature, vpd the vapour pressure deficit, and people are told of stress. The bound is yours: it depends on crop, stage and place, and none is built in.',
      ),
    crop: z
      .string()
      .max(64)
      .regex(/^[a-z0-9-]*$/, 'must be lower case with hyphens, such as dragon-fruit')
      .optional()
      .describe('Whose stress it is.'),
    above: bound.describe('Raise when the value is above this.'),
    below: bound.describe('Raise when the value is below this.'),
    risesPerHour: perHour.describe('Raise when it rises by more than this in an hour.'),
    fallsPerHour: perHour.describe('Raise when it falls by more than this in an hour.'),
    overS: seconds(60, 86_400)
      .optional()
      .meta({ remote: true })
      .describe(
        'Over how long a rise or fall is looked at; 1800 if not given. Shorter is quicker and shakier.',
      ),
    hysteresis: z
      .number()
      .min(0)
      .default(0)
      .meta({ remote: true })
      .describe('How far back it must go before the alarm is cleared.'),
    forS: seconds(0, 86_400)
      .default(0)
      .meta({ remote: true })
      .describe('How long it must stay so before the alarm is raised.'),
    severity: severity.default('warning').meta({ remote: true }).describe('How much it matters.'),
  })
  .superRefine((rule, context) => {
    const refuse = (path: string[], message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path, message, params: { remedy } })
    const given = BOUNDS.filter((each) => rule[each] !== undefined)
    if (given.length !== 1)
      refuse(
        [],
        'needs one of `above`, `below`, `risesPerHour`, `fallsPerHour`',
        'give exactly one of them; write two alarms for a band',
      )
    if (rule.stress === undefined && rule.quantity === undefined)
      refuse(['quantity'], 'is missing', 'say what is watched, such as air-temperature')
    if (rule.stress !== undefined && rule.quantity !== undefined)
      refuse(['quantity'], 'stands beside `stress`, which says it already', 'take one of the two out')
    if (rule.stress !== undefined && rule.above === undefined)
      refuse(
        ['above'],
        'is missing',
        'stress begins above a bound: ask your agronomist for the crop and stage',
      )
    const isOfRate = rule.risesPerHour !== undefined || rule.fallsPerHour !== undefined
    if (rule.overS !== undefined && !isOfRate)
      refuse(['overS'], 'is for risesPerHour and fallsPerHour', 'for a bound, forS says how long')
  })

export const alarms = z.array(alarm).max(200).default([]).describe('Bounds whose crossing raises an alarm.')

const lastsH = (hours: number) =>
  z
    .number()
    .min(1)
    .max(720)
    .default(hours)
    .meta({ unit: 'h' })
    .describe('How long it stands unless it is found again.')
const isEnabled = z.boolean().default(true).describe('Whether it raises an alarm at all.')
const severityOfFound = severity.default('warning').describe('How much it matters.')

export const modelAlarms = z
  .strictObject({
    finding: z
      .strictObject({
        isEnabled,
        probabilityAtLeast: z
          .number()
          .min(0.5)
          .max(1)
          .default(0.9)
          .describe('How sure the model must be of a disease on a photo (0 to 1).'),
        healthy: z
          .array(z.string().max(64))
          .max(20)
          .default(['healthy'])
          .describe('Labels that are no disease.'),
        severity: severityOfFound,
        lastsH: lastsH(72),
      })
      .prefault({})
      .describe('A disease that a model saw on a photo.'),
    infection: z
      .strictObject({ isEnabled, severity: severityOfFound, lastsH: lastsH(24) })
      .prefault({})
      .describe('Weather in which a disease can infect, by a risk model.'),
  })
  .prefault({})
  .describe('What models find.')

/** The rules as the alarms take them. */
export const watchRules = (configured: z.output<typeof alarms>): WatchRule[] =>
  configured.map(({ stress, quantity: watched, ...rule }) => ({
    ...rule,
    quantity: watched ?? (stress === 'vpd' ? 'vapour-pressure-deficit' : 'air-temperature'),
    ...(stress === undefined ? {} : { stress: `${stress}-stress` as const }),
  }))

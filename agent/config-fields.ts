import cron from 'node-cron'
import { z } from 'zod'
import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'

/** Fields that several parts of the config share. */

// Names travel in topics, file names and entries: short, one line, nothing that needs quoting.
export const name = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._/-]*$/u, 'only letters, digits, spaces and . _ / -')
export const quantity = z.enum(Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]])
export const port = z.int().min(0).max(65535)
export const baudRate = z.int().min(300).max(921_600).meta({ unit: 'baud' })
export const parity = z.enum(['none', 'even', 'odd'])
export const dataBits = z.union([z.literal(7), z.literal(8)])
export const stopBits = z.union([z.literal(1), z.literal(2)])
export const seconds = (low: number, high: number) => z.number().min(low).max(high).meta({ unit: 's' })

export const calibration = z
  .partialRecord(
    quantity,
    z.strictObject({
      scale: z.number().min(-1000).max(1000).default(1).describe('What the reported value is multiplied by.'),
      offset: z
        .number()
        .min(-1e6)
        .max(1e6)
        .default(0)
        .describe("What is added then, in the quantity's unit."),
    }),
  )
  .describe('Per quantity: value × scale + offset, from a check against a reference instrument.')

export const place = z
  .string()
  .max(64)
  .describe('Where it stands, as people on the farm call it (a plot, the packing shed).')

export const channel = z
  .string()
  .max(32)
  .regex(/^[\p{L}\p{N} ._-]*$/u, 'only letters, digits, spaces and . _ -')
  .default('')
  .describe('Tells two values of one quantity apart, such as a depth.')

export const cronFields = z
  .string()
  .max(64)
  .refine((text) => cron.validate(text), {
    message: 'is not a cron expression',
    params: { remedy: 'five fields: minute hour day month weekday, such as 17 2 * * *' },
  })

export const timeZone = z
  .string()
  .refine(isTimeZone, { message: 'is not a time zone', params: { remedy: 'such as Asia/Ho_Chi_Minh' } })

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

export const password = z
  .string()
  .max(256)
  .optional()
  .meta({ secret: true })
  .describe('Use ${file:/path} or ${env:NAME}; never the password itself.')

/** How an MQTT broker is signed in at: ours by its nodes, another by us. */
export const account = {
  username: z.string().max(128).optional().describe('Name to sign in with; with it a password is needed.'),
  password,
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'
import { profileMistakes } from './profile-mistakes.ts'

/** A probe's register map as data: firmware-config/probes/<name>/profile.yaml, declared once here. */

const address = z.int().min(0).max(0xffff)
const unit = z.int().min(1).max(247)
const modbusFunction = z
  .union([z.literal(3), z.literal(4)])
  .describe('3 reads holding registers, 4 reads input registers.')
const why = z.string().min(1).max(300)
const profileName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'only small letters, digits and -')

const read = z.strictObject({
  function: modbusFunction,
  alsoFunction: modbusFunction
    .optional()
    .describe('It answers the same registers with this one too; frames that others recorded may carry it.'),
  address: address.describe('First register as it stands on the wire, counted from 0.'),
  count: z.int().min(1).max(125),
  fallbackCount: z
    .int()
    .min(1)
    .max(125)
    .optional()
    .describe('How many to ask for instead when the probe refuses the address (a smaller variant of it).'),
  destructive: z
    .boolean()
    .optional()
    .describe(
      'Reading it clears it: only the poller reads it, once in a period, and never again when no answer came.',
    ),
  unverified: z.boolean().optional().describe('Known from the family only, not read in its manual.'),
})

export const VALUE_TYPES = ['u16', 's16', 'u32', 's32', 'f32'] as const
const type = z.enum(VALUE_TYPES)
const wordOrder = z
  .enum(['big', 'little'])
  .default('big')
  .describe('Of 32-bit types: which word comes first.')

const counter = z.strictObject({
  modulus: z
    .int()
    .min(2)
    .max(0x1_0000_0000)
    .optional()
    .describe('Raw count at which it begins at 0 again, such as 65536.'),
  restarts: z.literal(true).optional().describe('It begins at 0 when the probe loses power.'),
  perRead: z
    .literal(true)
    .optional()
    .describe('Each read gives only what came since the one before; its read is destructive.'),
})

const value = z.strictObject({
  quantity: z.enum(Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]]),
  channel: z
    .string()
    .max(32)
    .default('')
    .describe('Tells two values of one quantity apart, such as a depth.'),
  function: modbusFunction.optional().describe('Needed only when two reads cover the same address.'),
  address,
  type,
  wordOrder,
  scale: z.number().default(1).describe('Value = raw × scale + offset, in the unit of the quantity.'),
  offset: z.number().default(0),
  sentinels: z
    .array(z.int().min(0).max(0xffffffff))
    .max(16)
    .default([])
    .describe('Raw contents that mean "no value", as unsigned numbers.'),
  validRaw: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('[lowest, highest] raw content, after its sign; anything else means "no value".'),
  map: z
    .record(z.string().regex(/^-?\d{1,10}$/, 'a whole number'), z.number())
    .optional()
    .describe('Raw content → value in the unit of the quantity; anything else means "no value".'),
  counter: counter.optional().describe('It counts: the value is kept as a running total.'),
  range: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('What the probe can measure; outside it a reading is marked.'),
  estimated: z.boolean().default(false).describe('The probe computes it from something else.'),
  unverified: z.boolean().default(false).describe('Known from the family only, not read in its manual.'),
})

const unitSwitch = z.strictObject({
  function: modbusFunction,
  address,
  celsius: z.int().min(0).max(0xffff).describe('Its content while the probe speaks °C.'),
  fahrenheit: z.int().min(0).max(0xffff).describe('Its content while the probe speaks °F.'),
  unverified: z.boolean().optional().describe('Known from the family only, not read in its manual.'),
})

const status = z.strictObject({
  function: modbusFunction,
  address,
  type,
  wordOrder,
  ok: z.array(z.number()).min(1).max(16).describe('Contents with which the values may be trusted.'),
  busy: z.array(z.number()).max(16).default([]).describe('Contents that mean "not yet".'),
  why: why.describe('What the register says, and where that is read.'),
  unverified: z.boolean().optional().describe('Known from the family only, not read in its manual.'),
})

export const profileSchema = z
  .strictObject({
    name: profileName,
    maker: z.string().min(1).max(128),
    model: z.string().min(1).max(128),
    aliases: z.array(z.string().min(1).max(64)).max(32).default([]).describe('Other names it is sold under.'),
    lookAlikes: z
      .array(z.strictObject({ profile: profileName, why: why.describe('How to tell them apart.') }))
      .max(16)
      .default([])
      .describe('Profiles of probes that look the same from outside.'),
    grade: z
      .enum(['manual', 'code', 'unchecked'])
      .describe('manual: read in the vendor’s text; code: in other people’s code; unchecked: neither.'),
    sources: z.array(z.string().min(1).max(300)).min(1),
    protocols: z
      .array(z.enum(['rtu', 'ascii']))
      .min(1)
      .default(['rtu'])
      .describe('Which Modbus it speaks on a serial line; the one it leaves the factory with first.'),
    line: z.strictObject({
      baudRate: z.int().min(300).max(921_600).meta({ unit: 'baud' }),
      parity: z.enum(['none', 'even', 'odd']).default('none'),
      dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
      stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
    }),
    defaultUnit: unit.describe('Modbus address that it leaves the factory with.'),
    otherUnits: z
      .array(unit)
      .max(16)
      .default([])
      .describe('Addresses that shipped ones carry against the manual.'),
    replyTimeoutMs: z.int().min(20).max(10_000).default(400).meta({ unit: 'ms' }),
    pollFloorS: z
      .number()
      .min(0.1)
      .max(3600)
      .default(1)
      .meta({ unit: 's' })
      .describe('More often than this it must not be asked.'),
    status: status.optional().describe('Read before the values are trusted.'),
    unitSwitch: unitSwitch
      .optional()
      .describe('A register that switches its temperatures to °F; read at start and when the line is back.'),
    reads: z.array(read).min(1).max(16),
    values: z.array(value).min(1).max(64),
    dangerous: z
      .array(z.strictObject({ address, count: z.int().min(1).default(1), why }))
      .default([])
      .describe('Registers that change the probe when written, or lose something when read.'),
  })
  .superRefine((profile, context) => {
    for (const { path, message, remedy } of profileMistakes(profile))
      context.addIssue({ code: 'custom', path, message, params: { remedy } })
  })

export type Profile = z.output<typeof profileSchema>
export type ProfileValue = Profile['values'][number]
export type ProfileRead = Profile['reads'][number]
export type ValueType = (typeof VALUE_TYPES)[number]

export const PROBES_FOLDER = fileURLToPath(new URL('../../../firmware-config/probes/', import.meta.url))

/** The names of the profiles at hand, sorted. */
export function profileNames(folder = PROBES_FOLDER): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/** Throws ConfigError with file, line, key and remedy, or `file-unreadable` for a name that is not there. */
export function loadProfile(name: string, folder = PROBES_FOLDER): Profile {
  const names = profileNames(folder)
  if (!names.includes(name)) {
    throw new VuonError('file-unreadable', `There is no probe profile "${name}".`, {
      hint: `Known: ${names.join(', ')}. A new one is a folder in firmware-config/probes.`,
    })
  }
  const file = join(folder, name, 'profile.yaml')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new VuonError('file-unreadable', `${file} could not be read.`, { cause })
  }
  const profile = parseConfig(profileSchema, text, file)
  if (profile.name !== name) {
    throw new VuonError(
      'config-invalid',
      `${file} name: is "${profile.name}" — must be its folder's, "${name}"`,
    )
  }
  return profile
}

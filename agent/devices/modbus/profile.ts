import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'

/** A probe's register map as data: firmware-config/probes/<name>/profile.yaml, declared once here. */

const address = z.int().min(0).max(0xffff)
const modbusFunction = z
  .union([z.literal(3), z.literal(4)])
  .describe('3 reads holding registers, 4 reads input registers.')

const read = z.strictObject({
  function: modbusFunction,
  address: address.describe('First register as it stands on the wire, counted from 0.'),
  count: z.int().min(1).max(125),
  fallbackCount: z
    .int()
    .min(1)
    .max(125)
    .optional()
    .describe('How many to ask for instead when the probe refuses the address (a smaller variant of it).'),
})

export const VALUE_TYPES = ['u16', 's16', 'u32', 's32', 'f32'] as const

const value = z.strictObject({
  quantity: z.enum(Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]]),
  channel: z
    .string()
    .max(32)
    .default('')
    .describe('Tells two values of one quantity apart, such as a depth.'),
  function: modbusFunction.optional().describe('Needed only when two reads cover the same address.'),
  address,
  type: z.enum(VALUE_TYPES),
  wordOrder: z.enum(['big', 'little']).default('big').describe('Of 32-bit types: which word comes first.'),
  scale: z.number().default(1).describe('Value = raw × scale + offset, in the unit of the quantity.'),
  offset: z.number().default(0),
  sentinels: z
    .array(z.int().min(0).max(0xffffffff))
    .max(16)
    .default([])
    .describe('Raw contents that mean "no value", as unsigned numbers.'),
  range: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('What the probe can measure; outside it a reading is marked.'),
  estimated: z.boolean().default(false).describe('The probe computes it from something else.'),
  unverified: z.boolean().default(false).describe('Known from the family only, not read in its manual.'),
})

export const profileSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'only small letters, digits and -'),
    maker: z.string().min(1).max(128),
    model: z.string().min(1).max(128),
    grade: z
      .enum(['manual', 'code', 'unchecked'])
      .describe('manual: read in the vendor’s text; code: in other people’s code; unchecked: neither.'),
    sources: z.array(z.string().min(1).max(300)).min(1),
    line: z.strictObject({
      baudRate: z.int().min(300).max(921_600).meta({ unit: 'baud' }),
      parity: z.enum(['none', 'even', 'odd']).default('none'),
      dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
      stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
    }),
    defaultUnit: z.int().min(1).max(247).describe('Modbus address that it leaves the factory with.'),
    replyTimeoutMs: z.int().min(20).max(10_000).default(400).meta({ unit: 'ms' }),
    pollFloorS: z
      .number()
      .min(0.1)
      .max(3600)
      .default(1)
      .meta({ unit: 's' })
      .describe('More often than this it must not be asked.'),
    reads: z.array(read).min(1).max(16),
    values: z.array(value).min(1).max(64),
    dangerous: z
      .array(z.strictObject({ address, count: z.int().min(1).default(1), why: z.string().min(1) }))
      .default([])
      .describe('Registers that change the probe when written, or lose something when read.'),
  })
  .superRefine((profile, context) => {
    const refuse = (path: PropertyKey[], message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path, message, params: { remedy } })
    const seen = new Set<string>()
    profile.values.forEach((each, index) => {
      const key = `${each.quantity}/${each.channel}`
      if (seen.has(key))
        refuse(['values', index, 'quantity'], `is there twice (${key})`, 'give each its own channel')
      seen.add(key)
      const isCovered = profile.reads.some(
        (block) =>
          (each.function ?? block.function) === block.function &&
          each.address >= block.address &&
          each.address + registersOf(each.type) <= block.address + block.count,
      )
      if (!isCovered)
        refuse(['values', index, 'address'], `${each.address} is in no read`, 'add a read that covers it')
      if (each.range && each.range[0] >= each.range[1])
        refuse(['values', index, 'range'], 'is empty', 'write [lowest, highest]')
    })
    profile.reads.forEach((block, index) => {
      const danger = profile.dangerous.find(
        (each) => each.address < block.address + block.count && block.address < each.address + each.count,
      )
      if (danger)
        refuse(
          ['reads', index],
          `covers the dangerous register ${danger.address}`,
          `leave it out: ${danger.why}`,
        )
      if (block.fallbackCount !== undefined && block.fallbackCount >= block.count)
        refuse(['reads', index, 'fallbackCount'], 'is not smaller than count', 'ask for fewer registers')
    })
  })

export type Profile = z.output<typeof profileSchema>
export type ProfileValue = Profile['values'][number]
export type ProfileRead = Profile['reads'][number]

export const registersOf = (type: (typeof VALUE_TYPES)[number]): number => (type.endsWith('32') ? 2 : 1)

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

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'

/** A vocabulary as a file: firmware-config/vocabulary/names.yaml, and a farm's own additions of the same shape. */

const quantity = z.enum(Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]])
const spelling = z.string().min(1).max(64)
const spellings = z.array(spelling).max(200)
const unit = z.string().max(32)

const guess = z.strictObject({
  unit: unit.describe('The unit, when the number looks so.'),
  from: z.number().describe('Lowest number that is meant in this unit.'),
  to: z.number().describe('Highest number that is meant in this unit.'),
  only: z
    .enum(['whole', 'fraction'])
    .optional()
    .describe('Only for numbers without, or with, something behind the point.'),
})

const measure = {
  unit: unit.optional().describe('Unit when neither field nor name says one.'),
  guesses: z
    .array(guess)
    .max(8)
    .optional()
    .describe('Instead of `unit`: by what the number looks like. What fits none is left alone.'),
  within: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe("[lowest, highest] in the quantity's own unit; what lies outside is something else."),
}

export const MARKS = ['of-water', 'of-soil', 'of-plant'] as const
const company = z.union([quantity, z.enum(MARKS)])

const candidate = z.strictObject({
  quantity,
  ...measure,
  beside: z
    .array(company)
    .default([])
    .describe('One of these has to be in the same message; none: any message.'),
  notBeside: z.array(company).default([]).describe('None of these may be in the same message.'),
})

const entry = z
  .strictObject({
    names: spellings.default([]).describe('How fields are called; case and separators do not matter.'),
    opposite: spellings.default([]).describe('Names that say the opposite of on (door open → contact).'),
    quantity: quantity.optional().describe('What it is.'),
    ...measure,
    means: z
      .array(candidate)
      .max(16)
      .default([])
      .describe('Instead of `quantity`: what it may be. The first that fits is taken, or nothing.'),
  })
  .refine((each) => (each.quantity === undefined) !== (each.means.length === 0), {
    message: 'needs either `quantity` or `means`',
    params: { remedy: 'give exactly one of the two' },
  })

export const namesSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this file.'),
  fields: z.array(entry).max(500).default([]).describe('Names of fields and what they mean.'),
  ignore: spellings.default([]).describe('Names that mean nothing to a farm, whatever they look like.'),
  marks: z
    .partialRecord(z.enum(MARKS), spellings)
    .default({})
    .describe('Words in names that tell what the device is put into, for `beside`.'),
  units: z
    .record(unit, z.array(unit).max(32))
    .default({})
    .describe('Unit → other spellings of it, in `unit` fields and at the end of names.'),
  words: z
    .strictObject({
      channels: spellings.default([]).describe('Words that tell two of a kind apart: chips, places, sides.'),
      fillers: spellings.default([]).describe('Words that add nothing.'),
      wrappers: spellings.default([]).describe('Names of objects that only hold others.'),
      health: spellings
        .default([])
        .describe('Names of objects that speak of the device: only battery and radio are taken from them.'),
      moments: spellings.default([]).describe('Names of lists of the same at several moments.'),
      never: spellings
        .default([])
        .describe('Words and names of objects with which nothing is a measurement (limits, settings).'),
    })
    .prefault({})
    .describe('Single words.'),
})

export type Names = z.output<typeof namesSchema>

export const NAMES_FILE = fileURLToPath(
  new URL('../../../firmware-config/vocabulary/names.yaml', import.meta.url),
)

/** Throws ConfigError with file, line, key and remedy, or `file-unreadable`. */
export function readNames(file: string): Names {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new VuonError('file-unreadable', `${file} could not be read.`, {
      cause,
      hint: 'The vocabulary is a YAML file like firmware-config/vocabulary/names.yaml.',
    })
  }
  return parseConfig(namesSchema, text, file)
}

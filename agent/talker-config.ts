import { z } from 'zod'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import {
  baudRate,
  calibration,
  channel,
  dataBits,
  name,
  parity,
  place,
  quantity,
  seconds,
  stopBits,
} from './config-fields.ts'
import { spellingsOf, toTableUnit } from './devices/units.ts'

/** What the config says of a device that has a line for itself and talks in its own way, beside Modbus. */

const line = z
  .strictObject({
    baudRate: baudRate
      .optional()
      .describe('Line speed; lines and rg15 9600, nmea 4800, davis 19200 if not given.'),
    parity: parity.default('none').describe('Parity.'),
    dataBits: dataBits.default(8).describe('Bits of a character: 7 or 8.'),
    stopBits: stopBits.default(1).describe('Stop bits: 1 or 2.'),
  })
  .prefault({})
  .describe('How the port is set; nothing to say on a tcp-line.')

const shared = {
  name: name.describe('Your name for the device; readings are kept under it.'),
  place: place.default(''),
  calibration: calibration.optional(),
  line,
}
const polledEvery = (least: number) => seconds(least, 86_400).default(60).describe('How often it is read.')
const expectedEvery = seconds(1, 86_400)
  .default(60)
  .describe('How often it is expected to speak; silent for several of these, it counts as silent.')
const keepEvery = (usually: number) =>
  seconds(0, 86_400)
    .default(usually)
    .describe('Of a quantity that comes more often, one value in this time is kept; 0 keeps all.')

const from = z
  .union([z.int().min(1).max(256), z.string().min(1).max(128)])
  .describe('Where it stands: a column (1 is the first), its title or key, or a JSON pointer such as /air/t.')

const value = z
  .strictObject({
    from,
    quantity: quantity.describe('What is measured.'),
    channel,
    unit: z
      .string()
      .max(16)
      .optional()
      .describe("The unit that the device means, such as F or kPa; the quantity's own if not given."),
    scale: z.number().min(-1e6).max(1e6).default(1).describe('What the number in the line is multiplied by.'),
    offset: z.number().min(-1e6).max(1e6).default(0).describe('What is added then; that is in `unit`.'),
  })
  .superRefine(({ quantity, unit }, context) => {
    const to = QUANTITIES[quantity].unit
    if (unit === undefined || toTableUnit(1, unit, to) !== undefined) return
    context.addIssue({
      code: 'custom',
      path: ['unit'],
      message: `can not become ${to} (got "${unit}")`,
      params: { remedy: `one of ${spellingsOf(to).filter(Boolean).join(', ')}; or use scale and offset` },
    })
  })

const lines = z
  .strictObject({
    kind: z.literal('lines'),
    ...shared,
    everyS: expectedEvery,
    keepEveryS: keepEvery(1),
    ask: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('What makes it speak, sent every everyS, such as "R\\n"; not given, it speaks by itself.'),
    format: z
      .enum(['csv', 'pairs', 'json'])
      .describe('23.5,60 is csv; T=23.5 H=60 is pairs; {"t":23.5} is json.'),
    separator: z
      .string()
      .min(1)
      .max(4)
      .optional()
      .describe(
        'Between columns or pairs; for csv a comma, for pairs commas, semicolons or spaces if not given.',
      ),
    assign: z
      .string()
      .min(1)
      .max(4)
      .optional()
      .describe('Between a key and its value in pairs; = or : if not given.'),
    decimalComma: z.boolean().default(false).describe('True when 23,5 means 23.5.'),
    comments: z
      .array(z.string().min(1).max(16))
      .max(16)
      .default(['#', ';', '//'])
      .describe('Lines that begin so are skipped.'),
    hasChecksum: z
      .boolean()
      .default(false)
      .describe('True when each line ends with * and two hex digits, the XOR of the characters before.'),
    node: from
      .optional()
      .describe('Where a line says which node of several it is of; devices are then called NAME/NODE.'),
    values: z.array(value).min(1).max(64).describe('What is read out of each line.'),
  })
  .superRefine(({ format, values, node, decimalComma, separator }, context) => {
    const refuse = (path: PropertyKey[], message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path, message, params: { remedy } })
    const places = [
      ...values.map((each, index) => ({ place: each.from, path: ['values', index, 'from'] })),
      ...(node === undefined ? [] : [{ place: node, path: ['node'] }]),
    ]
    for (const { place, path } of places)
      if (format !== 'csv' && typeof place === 'number')
        refuse(
          path,
          `is a column, which ${format} does not have`,
          'give the key, in quotes if it is a number',
        )
    if (decimalComma && format === 'csv' && (separator ?? ',') === ',')
      refuse(
        ['separator'],
        'is a comma, as the decimal mark is',
        'give the one that the device uses, such as ";"',
      )
    const seen = new Set<string>()
    values.forEach(({ quantity, channel }, index) => {
      const key = JSON.stringify([quantity, channel])
      if (seen.has(key))
        refuse(['values', index], 'is a second value of the same quantity', 'give each a channel of its own')
      seen.add(key)
    })
  })

const nmea = z.strictObject({
  kind: z.literal('nmea'),
  ...shared,
  everyS: expectedEvery,
  keepEveryS: keepEvery(10),
  needsChecksum: z
    .boolean()
    .default(true)
    .describe('Refuse sentences without a checksum; a wrong one is always refused.'),
  markDeg: z
    .number()
    .min(0)
    .max(360)
    .optional()
    .meta({ unit: '°' })
    .describe(
      'On a mast that stands still: where the north mark of the wind sensor points (0 = true north). Not given, wind from the mark is kept apart as "relative".',
    ),
})

const davis = z.strictObject({
  kind: z.literal('davis'),
  ...shared,
  everyS: polledEvery(5),
  rainClickMm: z
    .number()
    .min(0.01)
    .max(10)
    .default(0.2)
    .meta({ unit: 'mm' })
    .describe('Rain of one tip of the bucket: 0.2, or 0.254 for one of 0.01 in.'),
})

const rg15 = z.strictObject({
  kind: z.literal('rg15'),
  ...shared,
  everyS: polledEvery(1),
})

export const talker = z.discriminatedUnion('kind', [lines, nmea, davis, rg15])
export type TalkerConfig = z.output<typeof talker>

/** The talker of a bus of any kind; undefined where Modbus or MQTT is spoken. */
export const talkerOf = (bus: object): TalkerConfig | undefined =>
  'talker' in bus ? (bus.talker as TalkerConfig | undefined) : undefined

/** Whether a device is this talker, or one of the nodes whose lines it passes on. */
export const isOfTalker = (talker: TalkerConfig, device: string): boolean =>
  device === talker.name ||
  ('node' in talker && talker.node !== undefined && device.startsWith(`${talker.name}/`))

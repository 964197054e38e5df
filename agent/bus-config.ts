import { z } from 'zod'
import { ORGANS } from '#contract/wire/finding.ts'
import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'

/** What the config says of one bus and what talks on it; and the fields that other parts of the config share. */

// Names travel in topics, file names and entries: short, one line, nothing that needs quoting.
export const name = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._/-]*$/u, 'only letters, digits, spaces and . _ / -')
export const quantity = z.enum(Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]])
export const port = z.int().min(0).max(65535)
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

const probe = z.strictObject({
  name: name.describe('Your name for the probe; readings are kept under it.'),
  profile: z
    .string()
    .max(64)
    .describe('Register map, a folder of firmware-config/probes; `vuon-agent probe list` shows them.'),
  unit: z.int().min(1).max(247).describe('Modbus address of the probe.'),
  everyS: seconds(1, 86_400).default(60).describe('How often it is read.'),
  timeoutMs: z
    .int()
    .min(20)
    .max(10_000)
    .optional()
    .meta({ unit: 'ms' })
    .describe("How long to wait for an answer; the profile's value if not given."),
  baudRate: z
    .int()
    .min(300)
    .max(921_600)
    .optional()
    .meta({ unit: 'baud' })
    .describe("Line speed; the profile's value if not given."),
  parity: z.enum(['none', 'even', 'odd']).optional().describe("Parity; the profile's value if not given."),
  place: place.default(''),
  calibration: calibration.optional(),
})

const decoders = z
  .array(z.enum(['zigbee2mqtt', 'tasmota']))
  .min(1)
  .default(['zigbee2mqtt', 'tasmota'])
  .describe('Which kinds of nodes talk here.')

const decoderSettings = {
  decoders,
  zigbee2mqttBase: z.string().min(1).max(128).default('zigbee2mqtt').describe('Base topic of Zigbee2MQTT.'),
}

// As a model's manifest names its crop; a camera may look at one that no plot has.
const cropOfPhoto = z
  .string()
  .max(64)
  .regex(/^([a-z0-9]+(-[a-z0-9]+)*)?$/, 'must be lower case with hyphens, such as dragon-fruit')

export const bus = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('serial'),
    name: name.describe('Your name for it, as faults and logs call it.'),
    path: z
      .string()
      .min(1)
      .max(256)
      .describe('Serial port; prefer /dev/serial/by-id/…, which stays the same when sticks are swapped.'),
    probes: z.array(probe).max(247).default([]).describe('The probes on this line.'),
  }),
  z.strictObject({
    kind: z.literal('modbus-tcp'),
    name: name.describe('Your name for it, as faults and logs call it.'),
    host: z.string().min(1).max(255).describe('Name or address of the device or converter.'),
    port: port.default(502).describe('TCP port; 502 is the one of Modbus.'),
    probes: z.array(probe).max(247).default([]).describe('The probes on this line.'),
  }),
  z.strictObject({
    kind: z.literal('mqtt-broker'),
    name: name.describe('Your name for it, as faults and logs call it.'),
    host: z.string().default('0.0.0.0').describe('Address that the built-in broker listens on.'),
    port: port.default(1883).describe('TCP port of the built-in broker.'),
    username: z.string().max(128).optional().describe('Name to sign in with; with it a password is needed.'),
    password: z
      .string()
      .max(256)
      .optional()
      .meta({ secret: true })
      .describe('Use ${file:/path} or ${env:NAME}; never the password itself.'),
    ...decoderSettings,
  }),
  z.strictObject({
    kind: z.literal('mqtt'),
    name: name.describe('Your name for it, as faults and logs call it.'),
    url: z
      .string()
      .regex(/^(mqtt|mqtts|tcp|ssl|ws|wss):\/\/\S+$/, 'must look like mqtt://host:1883')
      .describe('Address of the broker.'),
    username: z.string().max(128).optional().describe('Name to sign in with; with it a password is needed.'),
    password: z
      .string()
      .max(256)
      .optional()
      .meta({ secret: true })
      .describe('Use ${file:/path} or ${env:NAME}; never the password itself.'),
    caFile: z.string().optional().describe('Certificate authority of the broker (PEM).'),
    certFile: z.string().optional().describe('Client certificate (PEM).'),
    keyFile: z.string().optional().describe('Client key (PEM).'),
    ...decoderSettings,
  }),
  z.strictObject({
    kind: z.literal('camera-folder'),
    name: name.describe('Your name for it, as faults and logs call it.'),
    path: z
      .string()
      .min(1)
      .max(1000)
      .describe(
        'Folder that a camera or an FTP server puts photos into; a photo is removed once it is kept.',
      ),
    everyS: seconds(1, 86_400).default(5).describe('How often the folder is looked at.'),
    plot: z.string().max(32).default('').describe('Id of the plot that the camera stands in (see plots).'),
    crop: cropOfPhoto.default('').describe("What it looks at; the plot's crop if not given."),
    organ: z.enum(ORGANS).default('').describe('stem, leaf or fruit, where it is always the same.'),
  }),
])

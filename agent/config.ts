import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { configSchema, parseConfig, withoutSecrets } from '#contract/ground/config-declaration.ts'
import type { JsonSchema } from '#contract/ground/config-mistakes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'

/** Every setting of the agent, declared once. `agent.sample.yaml` shows them to the technician. */

// Names travel in topics, file names and entries: short, one line, nothing that needs quoting.
const name = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._/-]*$/u, 'only letters, digits, spaces and . _ / -')
const quantity = z.enum(Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]])
const port = z.int().min(0).max(65535)
const seconds = (low: number, high: number) => z.number().min(low).max(high).meta({ unit: 's' })

const calibration = z
  .partialRecord(quantity, z.strictObject({ scale: z.number().default(1), offset: z.number().default(0) }))
  .describe('Per quantity: value × scale + offset, from a check against a reference instrument.')

const place = z
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

const bus = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('serial'),
    name,
    path: z
      .string()
      .min(1)
      .max(256)
      .describe('Serial port; prefer /dev/serial/by-id/…, which stays the same when sticks are swapped.'),
    probes: z.array(probe).max(247).default([]),
  }),
  z.strictObject({
    kind: z.literal('modbus-tcp'),
    name,
    host: z.string().min(1).max(255),
    port: port.default(502),
    probes: z.array(probe).max(247).default([]),
  }),
  z.strictObject({
    kind: z.literal('mqtt-broker'),
    name,
    host: z.string().default('0.0.0.0').describe('Address that the built-in broker listens on.'),
    port: port.default(1883),
    username: z.string().max(128).optional(),
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
    name,
    url: z.string().regex(/^(mqtt|mqtts|tcp|ssl|ws|wss):\/\/\S+$/, 'must look like mqtt://host:1883'),
    username: z.string().max(128).optional(),
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
])

const alarm = z
  .strictObject({
    name: name.describe('What people call this alarm.'),
    device: z.string().max(64).default('*').describe('Which device; * means any.'),
    quantity,
    above: z.number().optional().describe('Raise when the value is above this.'),
    below: z.number().optional().describe('Raise when the value is below this.'),
    hysteresis: z.number().min(0).default(0).describe('How far back it must go before the alarm is cleared.'),
    forS: seconds(0, 86_400).default(0).describe('How long it must stay so before the alarm is raised.'),
    severity: z.enum(['info', 'warning', 'critical']).default('warning'),
  })
  .refine((rule) => (rule.above === undefined) !== (rule.below === undefined), {
    message: 'needs either `above` or `below`',
    params: { remedy: 'give exactly one of the two; write two alarms for a band' },
  })

const cron = z
  .string()
  .max(64)
  .regex(/^\S+(\s+\S+){4,5}$/, 'must be five cron fields, such as 17 2 * * *')

export const agentConfigSchema = z
  .strictObject({
    version: z.literal(1).default(1).describe('Version of this file.'),
    dataDir: z
      .string()
      .min(1)
      .default('/var/lib/vuon')
      .describe('Where the journal, the key and the enrolment are kept.'),
    timeZone: z
      .string()
      .default('Asia/Ho_Chi_Minh')
      .refine(isTimeZone, { message: 'is not a time zone', params: { remedy: 'such as Asia/Ho_Chi_Minh' } }),
    language: z
      .enum(['vi', 'en'])
      .default('vi')
      .describe("Language of the box's page when the visitor asks for none."),
    page: z
      .strictObject({
        host: z.string().default('0.0.0.0'),
        port: port.default(8080),
        hostNames: z
          .array(z.string().max(255))
          .default([])
          .describe('Further names by which phones reach this page.'),
        readingNeedsPin: z.boolean().default(false).describe('Ask for a PIN before showing readings too.'),
      })
      .prefault({}),
    buses: z.array(bus).max(32).default([]).describe('Serial lines and MQTT brokers that devices talk on.'),
    devices: z
      .record(
        z.string().min(1).max(64),
        z.strictObject({
          place: place.default(''),
          everyS: seconds(1, 604_800).optional(),
          calibration: calibration.optional(),
        }),
      )
      .default({})
      .describe('What the config knows of MQTT devices beyond what they say themselves.'),
    plots: z
      .array(
        z.strictObject({
          id: z
            .string()
            .regex(/^[A-Za-z0-9-]{1,32}$/, 'only letters, digits and -')
            .describe('Short name that never changes.'),
          name: z.string().min(1).max(64),
          crop: z.enum(['dragon-fruit', 'durian', 'coffee', 'mango', 'chilli']),
          areaHa: z.number().min(0.001).max(10_000).meta({ unit: 'ha' }),
        }),
      )
      .max(200)
      .default([]),
    alarms: z.array(alarm).max(200).default([]),
    silence: z
      .strictObject({
        factor: z
          .number()
          .min(2)
          .max(100)
          .default(5)
          .describe('A device is silent after this many of its periods.'),
        atLeastS: seconds(10, 604_800).default(900).describe('But not sooner than this.'),
      })
      .prefault({}),
    journal: z
      .strictObject({
        lossWindowMs: z
          .int()
          .min(0)
          .max(60_000)
          .default(1000)
          .meta({ unit: 'ms' })
          .describe(
            'At most this much of polled readings may be lost with the power; larger is kinder to the card.',
          ),
        quotaMb: z
          .int()
          .min(16)
          .max(1_000_000)
          .default(2000)
          .meta({ unit: 'MB' })
          .describe('How much disk the journal may take; acknowledged readings go first.'),
      })
      .prefault({}),
    sync: z
      .strictObject({
        batchEveryS: seconds(1, 86_400).default(60).describe('How often readings are sent.'),
        retryLongestS: seconds(1, 86_400).default(300).describe('Longest wait after a failure.'),
      })
      .prefault({}),
    schedule: z
      .strictObject({
        housekeeping: cron
          .default('17 2 * * *')
          .describe('When old readings are tidied away (cron, in timeZone).'),
        selfReport: cron
          .default('*/5 * * * *')
          .describe('When the box records how many readings wait to be sent (cron).'),
      })
      .prefault({}),
    log: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  })
  .superRefine((config, context) => {
    const refuse = (path: PropertyKey[], message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path, message, params: { remedy } })
    const busNames = new Set<string>()
    const probeNames = new Set<string>()
    config.buses.forEach((each, index) => {
      if (busNames.has(each.name))
        refuse(['buses', index, 'name'], `is used twice ("${each.name}")`, 'give each bus its own name')
      busNames.add(each.name)
      if (!('probes' in each)) return
      const units = new Set<number>()
      each.probes.forEach((item, probeIndex) => {
        const at = ['buses', index, 'probes', probeIndex]
        if (probeNames.has(item.name))
          refuse([...at, 'name'], `is used twice ("${item.name}")`, 'give each probe its own name')
        probeNames.add(item.name)
        if (units.has(item.unit))
          refuse(
            [...at, 'unit'],
            `two probes of this line have the address ${item.unit}`,
            'change the address of one of them',
          )
        units.add(item.unit)
      })
    })
    const plots = new Set<string>()
    config.plots.forEach((plot, index) => {
      if (plots.has(plot.id))
        refuse(['plots', index, 'id'], `is used twice ("${plot.id}")`, 'give each plot its own id')
      plots.add(plot.id)
    })
  })

export type AgentConfig = z.output<typeof agentConfigSchema>
export type BusConfig = AgentConfig['buses'][number]
export type ProbeConfig = Extract<BusConfig, { kind: 'serial' }>['probes'][number]

export const agentJsonSchema = (): JsonSchema => configSchema(agentConfigSchema)

export const agentConfigWithoutSecrets = (config: AgentConfig): unknown =>
  withoutSecrets(config, agentJsonSchema())

/** Reads and checks a config file. Throws `file-unreadable` or a ConfigError with line, key and remedy. */
export function loadAgentConfig(file: string): AgentConfig {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new VuonError('file-unreadable', `The configuration ${file} could not be read.`, {
      cause,
      hint: 'Give its path with --config; agent/agent.sample.yaml is a start.',
    })
  }
  return parseConfig(agentConfigSchema, text, file, readReference)
}

function readReference(kind: 'env' | 'file' | 'cred', key: string): string | undefined {
  if (kind === 'env') return process.env[key]
  try {
    return readFileSync(
      kind === 'file' ? key : join(process.env['CREDENTIALS_DIRECTORY'] ?? '/nonexistent', key),
      'utf8',
    )
  } catch {
    return undefined
  }
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { configSchema, parseConfig, withoutSecrets } from '#contract/ground/config-declaration.ts'
import type { JsonSchema } from '#contract/ground/config-mistakes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { alarms, modelAlarms } from './alarm-config.ts'
import { bus } from './bus-config.ts'
import { cameraMistakes } from './camera-config.ts'
import { calibration, cronFields, place, port, seconds, timeZone } from './config-fields.ts'
import { downlink } from './downlink-config.ts'
import { farmBook } from './farm-book-config.ts'
import { farm, forecast, growing } from './field-config.ts'
import { lorawan } from './lorawan-config.ts'
import { boxName, homeAssistant, noticeMistakes, notify } from './notify-config.ts'
import { outlook } from './outlook-config.ts'
import { printers } from './printer-config.ts'
import { sync } from './sync-config.ts'
import { talkerOf } from './talker-config.ts'

/** Every setting of the agent, declared once. `agent.sample.yaml` shows them to the technician. */

export const agentConfigSchema = z
  .strictObject({
    version: z.literal(1).default(1).describe('Version of this file.'),
    dataDir: z
      .string()
      .min(1)
      .default('/var/lib/vuon')
      .describe('Where the journal, the key and the enrolment are kept.'),
    timeZone: timeZone
      .default('Asia/Ho_Chi_Minh')
      .describe('Zone of the farm: days begin and schedules run by it.'),
    language: z
      .enum(['vi', 'en'])
      .default('vi')
      .describe("Language of the box's page when the visitor asks for none."),
    page: z
      .strictObject({
        host: z
          .string()
          .max(255)
          .default('0.0.0.0')
          .describe('Address that the page listens on; 127.0.0.1 closes it to phones.'),
        port: port.default(8080).describe('Port of the page.'),
        hostNames: z
          .array(z.string().max(255))
          .default([])
          .describe('Further names by which phones reach this page.'),
        readingNeedsPin: z.boolean().default(false).describe('Ask for a PIN before showing readings too.'),
      })
      .prefault({})
      .describe("The box's own page."),
    buses: z.array(bus).max(32).default([]).describe('Serial lines and MQTT brokers that devices talk on.'),
    lorawan,
    devices: z
      .record(
        z.string().min(1).max(64),
        z.strictObject({
          place: place.default(''),
          everyS: seconds(1, 604_800)
            .optional()
            .meta({ remote: true })
            .describe('How often it is expected to speak; learnt from its rhythm if not given.'),
          calibration: calibration.optional(),
        }),
      )
      .default({})
      .describe('What the config knows of MQTT devices beyond what they say themselves.'),
    farm,
    forecast,
    plots: z
      .array(
        z.strictObject({
          id: z
            .string()
            .regex(/^[A-Za-z0-9-]{1,32}$/, 'only letters, digits and -')
            .describe('Short name that never changes.'),
          name: z.string().min(1).max(64).describe('What people on the farm call it.'),
          crop: z.enum(['dragon-fruit', 'durian', 'coffee', 'mango', 'chilli']).describe('What grows there.'),
          areaHa: z.number().min(0.001).max(10_000).meta({ unit: 'ha' }).describe('Its area.'),
          ...growing,
        }),
      )
      .max(200)
      .default([])
      .describe('Pieces of land with one crop each.'),
    alarms,
    modelAlarms,
    notify,
    boxName,
    homeAssistant,
    silence: z
      .strictObject({
        factor: z
          .number()
          .min(2)
          .max(100)
          .default(5)
          .meta({ remote: true })
          .describe('A device is silent after this many of its periods.'),
        atLeastS: seconds(10, 604_800)
          .default(900)
          .meta({ remote: true })
          .describe('But not sooner than this.'),
      })
      .prefault({})
      .describe('When a device counts as silent.'),
    journal: z
      .strictObject({
        lossWindowMs: z
          .int()
          .min(0)
          .max(60_000)
          .default(1000)
          .meta({ unit: 'ms', remote: true })
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
        keepFreeMb: z
          .int()
          .min(16)
          .max(1_000_000)
          .default(200)
          .meta({ unit: 'MB' })
          .describe(
            'With less than this left on the disk the journal makes room inside its file instead of growing.',
          ),
      })
      .prefault({})
      .describe('What is kept on the card.'),
    photos: z
      .strictObject({
        quotaMb: z
          .int()
          .min(50)
          .max(1_000_000)
          .default(4000)
          .meta({ unit: 'MB' })
          .describe('How much disk photos may take; those that the province holds go first.'),
        models: z
          .string()
          .max(1000)
          .default('')
          .describe(
            'Folder of the disease models; those that came with the program if not given. "none": photos are kept, not judged.',
          ),
        tooHotC: z
          .number()
          .min(40)
          .max(110)
          .default(80)
          .meta({ unit: '°C' })
          .describe('From this temperature of the processor on photos wait until it is cooler.'),
        timeoutS: seconds(5, 600)
          .default(30)
          .describe('A photo that takes longer to look at is given up, and a new process begins.'),
        promoteAfter: z
          .int()
          .min(0)
          .max(5000)
          .default(100)
          .describe(
            'After so many photos a model that runs in the shadow answers by itself, if its figures are good; 0: a person decides.',
          ),
        releaseKeys: z
          .array(
            z.string().refine((text) => /^[A-Za-z0-9+/_-]{43}=?$/.test(text), {
              message: 'is no public key',
              params: { remedy: '32 bytes in base64, as vuon-gateway models pack prints it' },
            }),
          )
          .max(8)
          .default([])
          .describe("Keys by which bundles of models are believed, beside the province's own (base64)."),
      })
      .prefault({})
      .describe('What is kept of photos.'),
    farmBook,
    printers,
    sync,
    outlook,
    downlink,
    schedule: z
      .strictObject({
        housekeeping: cronFields
          .default('17 2 * * *')
          .describe('When old readings are tidied away (cron, in timeZone).'),
        selfReport: cronFields
          .default('*/5 * * * *')
          .describe('When the box records how many readings wait to be sent (cron).'),
      })
      .prefault({})
      .describe('What is done by the clock.'),
    log: z
      .enum(['debug', 'info', 'warn', 'error'])
      .default('info')
      .meta({ remote: true })
      .describe('What the log keeps.'),
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
      const speaks = talkerOf(each)
      if (speaks) {
        if (probeNames.has(speaks.name))
          refuse(
            ['buses', index, 'talker', 'name'],
            `is used twice ("${speaks.name}")`,
            'give each probe and talker its own name',
          )
        probeNames.add(speaks.name)
      }
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
    for (const mistake of noticeMistakes(config)) refuse(...mistake)
    const plots = new Set<string>()
    config.plots.forEach((plot, index) => {
      if (plots.has(plot.id))
        refuse(['plots', index, 'id'], `is used twice ("${plot.id}")`, 'give each plot its own id')
      plots.add(plot.id)
    })
    for (const mistake of cameraMistakes(config.buses, plots)) refuse(...mistake)
  })

export type AgentConfig = z.output<typeof agentConfigSchema>
export type BusConfig = AgentConfig['buses'][number]
export type ProbeConfig = Extract<BusConfig, { kind: 'serial' }>['probes'][number]

let jsonSchema: JsonSchema | undefined

/** Made once: it takes a tenth of a second of a start on a Pi. */
export const agentJsonSchema = (): JsonSchema => {
  jsonSchema ??= configSchema(agentConfigSchema)
  return jsonSchema
}

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

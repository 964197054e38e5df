import { z } from 'zod'
import { cameraFolder, cameraSnapshot, messageCameras } from './camera-config.ts'
import {
  account,
  baudRate,
  calibration,
  dataBits,
  name,
  parity,
  place,
  port,
  seconds,
  stopBits,
} from './config-fields.ts'
import {
  brokerClientSettings,
  checkBrokerClient,
  checkOwnBroker,
  ownBrokerSettings,
  sparkplugSettings,
} from './mqtt-config.ts'
import { nodeMessageSettings } from './node-messages-config.ts'
import { talker } from './talker-config.ts'

/** What the config says of one bus and what talks on it. */

const probe = z.strictObject({
  name: name.describe('Your name for the probe; readings are kept under it.'),
  profile: z
    .string()
    .max(64)
    .describe('Register map, a folder of firmware-config/probes; `vuon-agent probe list` shows them.'),
  unit: z.int().min(1).max(247).describe('Modbus address of the probe.'),
  everyS: seconds(1, 86_400).default(60).meta({ remote: true }).describe('How often it is read.'),
  timeoutMs: z
    .int()
    .min(20)
    .max(10_000)
    .optional()
    .meta({ unit: 'ms' })
    .describe("How long to wait for an answer; the profile's value if not given."),
  baudRate: baudRate.optional().describe("Line speed; the profile's value if not given."),
  parity: parity.optional().describe("Parity; the profile's value if not given."),
  dataBits: dataBits
    .optional()
    .describe("Bits of a character; the profile's value if not given. Only Modbus ASCII can do with 7."),
  stopBits: stopBits.optional().describe("Stop bits; the profile's value if not given."),
  place: place.default(''),
  calibration: calibration.optional(),
})

const decoders = z
  .array(
    z.enum(['zigbee2mqtt', 'tasmota', 'esphome', 'home-assistant', 'chirpstack', 'ttn', 'json', 'sparkplug']),
  )
  .min(1)
  .default(['zigbee2mqtt', 'tasmota'])
  .describe('Which kinds of nodes talk here.')

const decoderSettings = {
  decoders,
  zigbee2mqttBase: z.string().min(1).max(128).default('zigbee2mqtt').describe('Base topic of Zigbee2MQTT.'),
  ...nodeMessageSettings,
  ...sparkplugSettings,
  ...messageCameras,
}

export const bus = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('serial'),
      name: name.describe('Your name for it, as faults and logs call it.'),
      path: z
        .string()
        .min(1)
        .max(256)
        .describe('Serial port; prefer /dev/serial/by-id/…, which stays the same when sticks are swapped.'),
      protocol: z
        .enum(['rtu', 'ascii'])
        .default('rtu')
        .describe('Which Modbus the probes of this line speak: RTU, or ASCII (old loggers, mostly at 7E1).'),
      probes: z.array(probe).max(247).default([]).describe('The Modbus probes on this line.'),
      talker: talker
        .optional()
        .describe('Instead of probes: one device that has this line for itself and talks in its own way.'),
    })
    .refine((bus) => bus.talker === undefined || bus.probes.length === 0, {
      path: ['talker'],
      message: 'stands on a line with Modbus probes',
      params: { remedy: 'a talker needs a port of its own: give it another bus, or take the probes out' },
    }),
  z.strictObject({
    kind: z.literal('tcp-line'),
    name: name.describe('Your name for it, as faults and logs call it.'),
    host: z.string().min(1).max(255).describe('Name or address of the serial server or of the device.'),
    port: port.describe('TCP port on which it passes the bytes of the line through, unchanged.'),
    talker: talker.describe('The device at its far end; speed and parity are set on the server.'),
  }),
  z.strictObject({
    kind: z.literal('modbus-tcp'),
    name: name.describe('Your name for it, as faults and logs call it.'),
    host: z.string().min(1).max(255).describe('Name or address of the device or converter.'),
    port: port.default(502).describe('TCP port; 502 is the one of Modbus.'),
    framing: z
      .enum(['tcp', 'rtu'])
      .default('tcp')
      .describe(
        'tcp: the device or converter speaks Modbus TCP. rtu: a serial server that passes the bytes of the line through.',
      ),
    probes: z.array(probe).max(247).default([]).describe('The probes on this line.'),
  }),
  z
    .strictObject({
      kind: z.literal('mqtt-broker'),
      name: name.describe('Your name for it, as faults and logs call it.'),
      host: z.string().default('0.0.0.0').describe('Address that the built-in broker listens on.'),
      port: port.default(1883).describe('TCP port of the built-in broker.'),
      ...account,
      ...ownBrokerSettings,
      ...decoderSettings,
    })
    .superRefine(checkOwnBroker),
  z
    .strictObject({
      kind: z.literal('mqtt'),
      name: name.describe('Your name for it, as faults and logs call it.'),
      url: z
        .string()
        .regex(/^(mqtt|mqtts|tcp|ssl|ws|wss):\/\/\S+$/, 'must look like mqtt://host:1883')
        .describe('Address of the broker.'),
      ...account,
      ...brokerClientSettings,
      ...decoderSettings,
    })
    .superRefine(checkBrokerClient),
  cameraFolder,
  cameraSnapshot,
])

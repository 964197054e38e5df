import { z } from 'zod'
import { channel, quantity } from './config-fields.ts'
import { mappingProblem } from './devices/json-mapping/mapping.ts'

/** What the config says of the messages that nodes send over MQTT: names, prefixes, and people's own JSON. */

const pointer = z.string().max(256)

const mappedReading = z.strictObject({
  pointer: pointer.describe(
    'Where the value stands, as a JSON pointer: /air/temperature, /values/0; "" is all.',
  ),
  quantity: quantity.describe('What is measured.'),
  channel,
  unit: z
    .string()
    .min(1)
    .max(32)
    .optional()
    .describe("Unit that the device uses, such as °F or mS/cm; the quantity's own if not given."),
  scale: z.number().min(-1e9).max(1e9).default(1).describe('What the stated number is multiplied by.'),
  offset: z.number().min(-1e9).max(1e9).default(0).describe('What is added then.'),
})

const mapping = z
  .strictObject({
    topic: z.string().min(1).max(256).describe('Topics that it is for, with + and # as MQTT has them.'),
    device: z.string().min(1).max(64).optional().describe('Name of the device, where it is always the same.'),
    deviceLevel: z
      .int()
      .min(1)
      .max(32)
      .optional()
      .describe('Level of the topic that names the device, counted from 1; all at + and # if not given.'),
    devicePointer: pointer.min(1).optional().describe('Or where in the payload its name stands.'),
    readings: z
      .array(mappedReading)
      .max(200)
      .default([])
      .describe('What is measured; if none is given, the names in the payload are looked up.'),
    time: pointer
      .optional()
      .describe('Where the payload says when it was measured (ISO 8601 with zone, or epoch).'),
  })
  .superRefine((stated, context) => {
    const problem = mappingProblem(stated)
    if (problem)
      context.addIssue({
        code: 'custom',
        message: problem,
        params: {
          remedy: 'such as {topic: "farm/+/data", readings: [{pointer: /t, quantity: air-temperature}]}',
        },
      })
  })

export const nodeMessageSettings = {
  homeAssistantPrefix: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[^+#]+$/, 'must not hold + or #')
    .default('homeassistant')
    .describe('Topic under which devices announce themselves (discovery).'),
  vocabulary: z
    .string()
    .max(1000)
    .default('')
    .describe(
      "File with the farm's own names for quantities, shaped like firmware-config/vocabulary/names.yaml.",
    ),
  lorawanNames: z
    .enum(['name', 'eui'])
    .default('name')
    .describe('What LoRaWAN nodes are called: the name in the network server, or the EUI.'),
  ttnPayload: z
    .enum(['normalized', 'decoded'])
    .default('normalized')
    .describe('Which payload of The Things Stack goes first where both are there.'),
  mappings: z
    .array(mapping)
    .max(100)
    .default([])
    .describe("For decoder json: what stands where in the messages of people's own making."),
}

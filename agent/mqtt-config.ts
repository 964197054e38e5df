import { z } from 'zod'
import { isBrokenHash } from './bus/password-hash.ts'
import { isTopicFilter } from './bus/topic-filter.ts'

/** What the config says of MQTT beyond address and name: how the outside broker is met, and who may use our own. */

const file = z.string().min(1).max(1000)

/** Of a bus of kind `mqtt`. */
export const brokerClientSettings = {
  caFile: file.optional().describe("Certificate authority of the broker (PEM); the system's if not given."),
  certFile: file.optional().describe('Client certificate (PEM), where the broker asks for one.'),
  keyFile: file.optional().describe('Key of the client certificate (PEM).'),
  protocol: z
    .union([z.literal(4), z.literal(5)])
    .optional()
    .describe('MQTT version: 4 is 3.1.1. If not given: 5, and 3.1.1 where the broker does not speak 5.'),
}

const user = z.strictObject({
  name: z.string().min(1).max(128).describe('User name that the device signs in with.'),
  password: z
    .string()
    .min(1)
    .max(512)
    .meta({ secret: true })
    .describe(
      'A line of `vuon-agent mqtt-password`, or ${file:/path} or ${env:NAME}; never the password itself.',
    ),
  topics: z
    .array(z.string().min(1).max(256))
    .min(1)
    .max(64)
    .default(['#'])
    .describe('Topics that it may write and read, with + and # as MQTT has them.'),
})

/** Of a bus of kind `mqtt-broker`. */
export const ownBrokerSettings = {
  users: z
    .array(user)
    .max(500)
    .default([])
    .describe(
      'Who may sign in, a line a device. If none is given (nor `username`), everybody on the network may.',
    ),
  allowInternet: z
    .boolean()
    .default(false)
    .describe('Whether devices may connect from beyond the local network; only with users and TLS.'),
  maxClients: z.int().min(1).max(1000).default(64).describe('How many devices may be connected at once.'),
  certFile: file
    .optional()
    .describe('Certificate of the built-in broker (PEM); with it, it speaks TLS only.'),
  keyFile: file.optional().describe('Key of that certificate (PEM).'),
}

/** Of both: Sparkplug B. */
export const sparkplugSettings = {
  sparkplug: z
    .strictObject({
      withGroup: z
        .boolean()
        .default(false)
        .describe('Put the group before device names, where two groups have an edge node of the same name.'),
      reorderMs: z
        .int()
        .min(0)
        .max(60_000)
        .default(2000)
        .meta({ unit: 'ms' })
        .describe('How long a message may come late before edge nodes are asked for their births.'),
      hostId: z
        .string()
        .regex(/^[^+#/\p{Cc}]{1,64}$/u, 'no + # / in it')
        .optional()
        .describe(
          'Say under this name that the box is there, for edge nodes that wait for their host; the broker then keeps nothing for the box while it is away.',
        ),
    })
    .prefault({})
    .describe('How Sparkplug B is read.'),
}

/** What is wrong between two settings of a bus: where, what, and what would be right. */
type Mistake = readonly [path: PropertyKey[], message: string, remedy: string]

interface BrokerClientBus {
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

function brokerClientMistakes(bus: BrokerClientBus): Mistake[] {
  const mistakes: Mistake[] = [...halfCertificate(bus)]
  const isPlain = /^(?:mqtt|tcp|ws):/.test(bus.url)
  for (const key of ['caFile', 'certFile'] as const)
    if (isPlain && bus[key] !== undefined)
      mistakes.push([[key], 'is for a connection with TLS', 'write mqtts:// (port 8883 as a rule) in url'])
  if (bus.password !== undefined && bus.username === undefined)
    mistakes.push([['password'], 'stands without a username', 'give username too'])
  return mistakes
}

interface OwnBrokerBus {
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly users: readonly z.output<typeof user>[]
  readonly allowInternet: boolean
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

function ownBrokerMistakes(bus: OwnBrokerBus): Mistake[] {
  const mistakes: Mistake[] = [...halfCertificate(bus)]
  const names = new Set(bus.username === undefined ? [] : [bus.username])
  bus.users.forEach(({ name, password, topics }, index) => {
    if (names.has(name))
      mistakes.push([['users', index, 'name'], `is used twice ("${name}")`, 'give each device its own name'])
    names.add(name)
    if (isBrokenHash(password))
      mistakes.push([
        ['users', index, 'password'],
        'is no hash that can be checked',
        'copy the whole line that `vuon-agent mqtt-password` printed',
      ])
    topics.forEach((topic, at) => {
      if (!isTopicFilter(topic))
        mistakes.push([
          ['users', index, 'topics', at],
          `is no topic filter ("${topic}")`,
          '+ stands for a whole level, # for all that follows: farm/+/soil, farm/#',
        ])
    })
  })
  if (bus.username !== undefined && !bus.password)
    mistakes.push([['username'], 'has no password', 'give password, such as ${file:/etc/vuon/mqtt-password}'])
  if (bus.allowInternet && names.size === 0)
    mistakes.push([['allowInternet'], 'would let anybody in', 'give users, a line a device'])
  if (bus.allowInternet && bus.certFile === undefined)
    mistakes.push([['allowInternet'], 'would send passwords in the clear', 'give certFile and keyFile'])
  return mistakes
}

const halfCertificate = (bus: { certFile?: string | undefined; keyFile?: string | undefined }): Mistake[] =>
  (bus.certFile === undefined) === (bus.keyFile === undefined)
    ? []
    : [
        [
          [bus.certFile === undefined ? 'keyFile' : 'certFile'],
          'needs the other one of the two',
          'give certFile and keyFile together',
        ],
      ]

export const checkBrokerClient = checked(brokerClientMistakes)
export const checkOwnBroker = checked(ownBrokerMistakes)

function checked<Bus>(mistakesOf: (bus: Bus) => Mistake[]) {
  return (bus: Bus, context: z.core.$RefinementCtx): void => {
    for (const [path, message, remedy] of mistakesOf(bus))
      context.addIssue({ code: 'custom', path, message, params: { remedy } })
  }
}

import { z } from 'zod'
import { isLocalPeer } from './bus/local-peer.ts'
import { name, seconds } from './config-fields.ts'

/** `notify:` and `homeAssistant:` in the config: who hears of alarms beside the box's page, and how. */

const TIME = '([01]\\d|2[0-3]):[0-5]\\d'
const stretch = z
  .string()
  .max(11)
  .refine(
    (text) => new RegExp(`^${TIME}-(${TIME}|24:00)$`).test(text) && text.slice(0, 5) !== text.slice(6),
    {
      message: 'is not a stretch of the day',
      params: { remedy: 'from-to as HH:MM-HH:MM, such as 12:00-13:30; 21:00-05:00 goes over midnight' },
    },
  )

const minutes = (low: number) => z.number().min(low).max(10_080).meta({ unit: 'min' })
const busName = name.describe('Name of a bus of kind mqtt or mqtt-broker.')

const each = (quiet: boolean, atLeast: 'info' | 'warning') => ({
  name: name.describe('Your name for it, as `alarms test` and doctor call it.'),
  atLeast: z
    .enum(['info', 'warning', 'critical'])
    .default(atLeast)
    .describe('It hears of alarms that matter at least so much.'),
  afterMin: minutes(0)
    .default(0)
    .describe('It hears only of alarms that nobody has acknowledged for so long; 0: of all, at once.'),
  keepsQuiet: z
    .boolean()
    .default(quiet)
    .describe('Whether quiet hours hold it back. Critical alarms always go.'),
})

const webhook = z
  .strictObject({
    kind: z.literal('webhook'),
    ...each(true, 'warning'),
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .describe('Where alarms are posted to, as signed JSON.'),
    secret: z
      .string()
      .min(16)
      .max(256)
      .meta({ secret: true })
      .describe(
        'Key of the signature, which the receiver knows too. Use ${file:/path} or ${env:NAME}; never the secret itself.',
      ),
    allowHttp: z
      .boolean()
      .default(false)
      .describe("Whether plain http is allowed: only to addresses of the farm's own network."),
  })
  .superRefine(({ url, allowHttp }, context) => {
    const refuse = (message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path: ['url'], message, params: { remedy } })
    if (!URL.canParse(url)) return
    const { protocol, hostname, username, password } = new URL(url)
    const literal = hostname.replace(/^\[|\]$/g, '')
    if (username || password) refuse('holds a password', 'the signature says who we are; take it out')
    if (protocol !== 'http:') return
    if (!allowHttp) refuse('is plain http', 'write https://, or allowHttp: true for a receiver on the farm')
    else if (/^[\d.]+$|:/.test(literal) && !isLocalPeer(literal))
      refuse("is plain http to an address beyond the farm's own network", 'write https://')
  })

const mqtt = z.strictObject({
  kind: z.literal('mqtt'),
  ...each(false, 'info'),
  bus: busName,
})

export const notify = z
  .strictObject({
    quietHours: z
      .array(stretch)
      .max(12)
      .default([])
      .describe(
        "Hours of the farm's day in which only critical alarms are told, such as 21:00-05:00; the others wait until they end.",
      ),
    escalateAfterMin: minutes(1)
      .optional()
      .describe(
        'An alarm that nobody acknowledges for so long counts for more (a warning as critical), and channels are told again. Without it nothing is escalated.',
      ),
    channels: z
      .array(z.discriminatedUnion('kind', [mqtt, webhook]))
      .max(16)
      .default([])
      .describe("Who hears of alarms beside the box's page."),
  })
  .prefault({})
  .describe('How people hear of alarms.')

export const boxName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'only lower case letters, digits and -')
  .optional()
  .describe('How topics call this box: vuon/<box>/alarm/… If not given, a name that the box made for itself.')

export const homeAssistant = z
  .strictObject({
    isEnabled: z.boolean().default(false).describe('Announce series and alarms to Home Assistant.'),
    bus: busName
      .optional()
      .describe('Broker that Home Assistant listens to: name of a bus of kind mqtt or mqtt-broker.'),
    prefix: z
      .string()
      .regex(/^[^+#\s/]{1,64}$/, 'one level of a topic')
      .default('homeassistant')
      .describe("Home Assistant's discovery prefix."),
    everyS: seconds(1, 3600)
      .default(30)
      .describe('A value is published at most so often; the newest one counts.'),
  })
  .prefault({})
  .describe("The box's series and alarms in Home Assistant, by MQTT discovery.")

/** Mistakes between these settings and the buses: where, what, and what would be right. */
export function noticeMistakes(config: {
  readonly buses: readonly { readonly name: string; readonly kind: string }[]
  readonly notify: z.output<typeof notify>
  readonly homeAssistant: z.output<typeof homeAssistant>
}): [path: PropertyKey[], message: string, remedy: string][] {
  const brokers = config.buses.filter(({ kind }) => kind === 'mqtt' || kind === 'mqtt-broker')
  const names = brokers.map((bus) => bus.name)
  const mistakes: [PropertyKey[], string, string][] = []
  const check = (path: PropertyKey[], bus: string | undefined) => {
    if (bus === undefined || names.includes(bus)) return
    const known = names.join(', ') || 'a bus of kind mqtt or mqtt-broker under buses'
    mistakes.push([path, `names no MQTT bus ("${bus}")`, `one of ${known}`])
  }
  const taken = new Set(['page'])
  config.notify.channels.forEach((channel, index) => {
    const at = ['notify', 'channels', index]
    if (taken.has(channel.name))
      mistakes.push([
        [...at, 'name'],
        `is used twice ("${channel.name}")`,
        "another name; page is the box's own",
      ])
    taken.add(channel.name)
    if (channel.kind === 'mqtt') check([...at, 'bus'], channel.bus)
  })
  const { isEnabled, bus } = config.homeAssistant
  check(['homeAssistant', 'bus'], bus)
  if (isEnabled && bus === undefined)
    mistakes.push([['homeAssistant', 'bus'], 'is missing', `one of ${names.join(', ') || 'your MQTT buses'}`])
  return mistakes
}

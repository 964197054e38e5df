import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { configSchema, parseConfig, withoutSecrets } from '#contract/ground/config-declaration.ts'
import type { JsonSchema } from '#contract/ground/config-mistakes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { parseNoteKey } from '#contract/trace/signed-note.ts'

/** Every setting of the gateway, declared once. `gateway.sample.yaml` shows them to the administrator. */
export const gatewayConfigSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this file.'),
  dataDir: z
    .string()
    .min(1)
    .default('/var/lib/vuon-gateway')
    .describe("Where the database and the province's key are kept."),
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address to listen on; a TLS proxy stands before it.'),
      port: z.int().min(0).max(65535).default(8090).describe('TCP port.'),
      trustProxy: z.boolean().default(false).describe('Believe X-Forwarded-For of the proxy before us.'),
    })
    .prefault({})
    .describe('Where it is reached.'),
  publicUrl: z
    .string()
    .regex(/^https?:\/\/[^\s/]+(\/[^\s]*)?$/, 'must look like https://vuon.example')
    .default('http://127.0.0.1:8090')
    .describe('How consumers reach this gateway; it is printed on every label, so choose it for years.'),
  province: z
    .strictObject({
      vi: z.string().min(1).max(100).default('Sở Nông nghiệp và Môi trường').describe('In Vietnamese.'),
      en: z
        .string()
        .min(1)
        .max(100)
        .default('Department of Agriculture and Environment')
        .describe('In English.'),
    })
    .prefault({})
    .describe('What the office is called on every page.'),
  timeZone: z
    .string()
    .refine(isTimeZone, 'is not a time zone that this computer knows, such as Asia/Ho_Chi_Minh')
    .default('Asia/Ho_Chi_Minh')
    .describe('The clock that screens and lot pages show.'),
  productLinks: z
    .array(
      z.strictObject({
        gtin: z
          .string()
          .regex(/^\d{14}$/, 'has 14 digits')
          .describe('The product code.'),
        linkType: z
          .string()
          .regex(/^[a-z][A-Za-z]{1,40}$/, 'is a word such as pip or sustainabilityInfo')
          .describe('A link type of the GS1 web vocabulary.'),
        href: z.url({ protocol: /^https?$/ }).describe('Where it leads.'),
        title: z.string().min(1).max(200).describe('What is there.'),
        language: z
          .string()
          .regex(/^[a-z]{2,3}(-\w{2,8})*$/)
          .default('vi')
          .describe('Its language.'),
      }),
    )
    .max(1000)
    .default([])
    .describe('Links of others that the Digital Link resolver offers for a product code.'),
  sessionHours: z
    .number()
    .min(0.25)
    .max(720)
    .default(12)
    .meta({ unit: 'h' })
    .describe('How long a person stays signed in.'),
  claimsPerMinute: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe('Claims, and box sessions that fail, that one address may try a minute.'),
  photos: z
    .strictObject({
      perBoxPerDayMb: z
        .int()
        .min(1)
        .max(100_000)
        .default(500)
        .meta({ unit: 'MB' })
        .describe('How much one box may send of photos a day; a photo has 1 to 4 MB.'),
    })
    .prefault({})
    .describe('What boxes may send of photos.'),
  epcis: z
    .strictObject({
      companyPrefixes: z
        .array(z.string().regex(/^\d{6,12}$/, 'must be 6 to 12 digits'))
        .max(500)
        .default([])
        .describe('GS1 company prefixes whose Digital Links can be written as EPC URNs.'),
      webhooksMayReachPrivate: z
        .boolean()
        .default(false)
        .describe(
          'Let subscriptions send to private addresses; only where the receiver stands in the same network.',
        ),
    })
    .prefault({})
    .describe('The EPCIS interface, at /epcis/v2.'),
  transparency: z
    .strictObject({
      origin: z
        .string()
        .regex(/^[^\s+]{1,200}$/, 'must be a name without spaces, such as vuon.example/log')
        .optional()
        .describe(
          'Name of the log in every checkpoint; made from publicUrl without it. Never change it later.',
        ),
      cosigners: z
        .array(
          z.strictObject({
            url: z
              .string()
              .regex(/^https?:\/\/[^\s]+$/, 'must look like https://witness.example')
              .describe('Address before /add-checkpoint.'),
            key: z
              .string()
              .refine(isCosignerKey, 'must be the verifier key of a cosigner: name+hash+key, of kind 4')
              .describe('Verifier key of its cosignatures, as its owner publishes it.'),
          }),
        )
        .max(16)
        .default([])
        .describe(
          'Who signs each hour that all see the same log: bodies that the province does not control.',
        ),
    })
    .prefault({})
    .describe('The public log of events.'),
  log: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('What the log keeps.'),
})

function isCosignerKey(text: string): boolean {
  try {
    return parseNoteKey(text, sha256).kind === 'cosignature'
  } catch {
    return false
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

export type GatewayConfig = z.output<typeof gatewayConfigSchema>

export const gatewayJsonSchema = (): JsonSchema => configSchema(gatewayConfigSchema)

export const gatewayConfigWithoutSecrets = (config: GatewayConfig): unknown =>
  withoutSecrets(config, gatewayJsonSchema())

/** Reads and checks a config file; without one, the defaults. Throws `file-unreadable` or a ConfigError. */
export function loadGatewayConfig(file: string | undefined): GatewayConfig {
  if (file === undefined) return gatewayConfigSchema.parse({})
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new VuonError('file-unreadable', `The configuration ${file} could not be read.`, {
      cause,
      hint: 'Give its path with --config; gateway/gateway.sample.yaml is a start.',
    })
  }
  return parseConfig(gatewayConfigSchema, text, file)
}

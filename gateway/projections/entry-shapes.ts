import { z } from 'zod'
import { DOWNLINK_OUTCOMES } from '#contract/wire/downlink.ts'
import { isQuantityName } from '#contract/wire/quantities.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import { activityMore, permissionShape, productShape } from './farm-book-shapes.ts'
import { findingShape } from './finding-shape.ts'
import { modelChangeShape, shadowLookShape } from './model-life-shapes.ts'
import { modelShape } from './model-words.ts'
import { outlookShape } from './outlook-shape.ts'

/**
 * The shapes of the entries that this gateway reads. Their signature says who wrote them, not that they make
 * sense: what does not fit its shape stays in the log, is counted as unknown, and may fit a later reader.
 */

// Names and ids of the field are short; what is longer is not one. PostgreSQL stores no NUL in a text.
const text = z
  .string()
  .max(300)
  .refine((value) => !value.includes('\0'))
const id = text.min(1)
const whole = z.int()
const bytes = z.instanceof(Uint8Array)

const facts = z.unknown().transform((value) => plainFacts(value))

const series = z.object({
  kind: z.literal('series'),
  no: whole.min(0),
  uuid: id,
  device: text,
  channel: text.default(''),
  quantity: text.refine(isQuantityName),
  unit: text,
  // Finer or coarser than any probe, and a value would leave what a double can show.
  resolution: z.number().min(1e-9).max(1e9),
  timeStepMs: whole.positive(),
  place: text.default(''),
  origin: text.default('measured'),
  continues: text.optional(),
})

const alarm = z.object({
  kind: z.literal('alarm'),
  alarmId: id,
  state: z.enum(['raised', 'acknowledged', 'cleared']),
  severity: text,
  rule: text,
  name: text,
  device: text,
  quantity: text,
  facts,
})

const clock = z.object({
  kind: z.literal('clock'),
  ofBoot: id,
  offsetMs: whole,
  plusMinusMs: whole,
  source: text,
})

const loss = z
  .object({
    kind: z.literal('loss'),
    lane: z.string().refine((name): name is Lane => LANES.includes(name as Lane)),
    from: whole.min(1),
    to: whole,
    count: whole,
    reason: text,
  })
  .refine(({ from, to }) => from <= to)

const activity = z.object({
  kind: z.literal('activity'),
  activityId: id,
  type: text,
  plot: text,
  at: whole,
  person: text,
  details: facts,
  ...activityMore,
})

const lot = z.object({
  kind: z.literal('lot'),
  gtin: id,
  lot: id,
  activityId: id,
  crop: text,
  plot: text,
  harvestedAt: whole,
  massKg: z.number().positive().max(1e9),
  growingArea: z.object({ gln: text, code: text }).optional(),
})

const plot = z.object({
  kind: z.literal('plot'),
  plot: id,
  name: text,
  crop: text,
  areaHa: z.number().min(0).max(1e9),
})

const event = z.object({ kind: z.literal('event'), signed: bytes, signature: bytes })

const config = z.object({ kind: z.literal('config') })

const downlink = z.object({
  kind: z.literal('downlink'),
  no: whole.min(1).max(2 ** 31),
  of: text,
  outcome: z.enum(DOWNLINK_OUTCOMES),
  reason: text,
})

const keyId = z.string().regex(/^[0-9a-f]{16}$/)
const firstSeq = whole.min(1)
const keyRotation = z.object({
  kind: z.literal('key-rotation'),
  oldKey: keyId,
  publicKey: bytes.refine(({ length }) => length === 32),
  epoch: keyId,
  from: z.object({ record: firstSeq, finding: firstSeq, reading: firstSeq }),
  proof: bytes.refine(({ length }) => length === 64),
})

const entryShape = z.discriminatedUnion('kind', [
  series,
  alarm,
  clock,
  loss,
  activity,
  productShape,
  permissionShape,
  lot,
  plot,
  event,
  findingShape,
  modelShape,
  modelChangeShape,
  shadowLookShape,
  outlookShape,
  config,
  downlink,
  keyRotation,
])

export type KnownEntry = z.output<typeof entryShape>
export type Known<Kind extends KnownEntry['kind']> = Extract<KnownEntry, { kind: Kind }>

export function knownEntry(entry: unknown): KnownEntry | undefined {
  const result = entryShape.safeParse(entry)
  return result.success ? result.data : undefined
}

// A rule has a handful of facts; more is not an alarm.
const MAX_FACTS = 50

/** Texts and finite numbers; whatever else a newer agent puts there stays in the log. */
function plainFacts(value: unknown): Record<string, string | number> {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array)
    return {}
  const plain = Object.entries(value).filter(
    ([key, fact]) => text.safeParse(key).success && (text.safeParse(fact).success || Number.isFinite(fact)),
  )
  return Object.fromEntries(plain.slice(0, MAX_FACTS))
}

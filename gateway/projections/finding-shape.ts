import { z } from 'zod'
import { MAX_PHOTO_BYTES } from '#contract/wire/finding.ts'

/** A finding as this gateway reads it; reasons, organs and measures that a newer agent adds are taken as they are. */

const text = z
  .string()
  .max(300)
  .refine((value) => !value.includes('\0'))
const hash = z.instanceof(Uint8Array).refine((bytes) => bytes.length === 32)
const side = z.int().min(1).max(100_000)
const share = z.number().min(0).max(1)
const moment = z.int().min(-8.64e15).max(8.64e15)
const sizeBytes = z.int().min(1).max(MAX_PHOTO_BYTES)
const image = { sha256: hash, sizeBytes, widthPx: side, heightPx: side }

// A model has a handful of labels, a gate a handful of measures; a hundred are a mistake.
const MANY = 100

// A photo of 1,280 px has 40 cells of 32 px to a side; a finer model might have four times as many.
const MAX_HEAT_SIDE = 160
const heatSide = z.int().min(1).max(MAX_HEAT_SIDE)
const heat = z
  .object({ rows: heatSide, columns: heatSide, values: z.instanceof(Uint8Array) })
  .refine(({ rows, columns, values }) => values.length === rows * columns)

export const findingShape = z.object({
  kind: z.literal('finding'),
  findingId: text.min(1),
  photo: z.object({ ...image, takenAt: moment.optional(), thumbnail: z.object(image) }),
  crop: text,
  organ: text,
  plot: text,
  plant: text.optional(),
  at: moment,
  person: text,
  model: z.object({ id: text, version: text, sha256: hash }).nullable(),
  verdict: text.nullable(),
  abstained: text.nullable(),
  labels: z.array(z.object({ label: text, probability: share })).max(MANY),
  lesionShare: share.nullable(),
  // A map that is none is no reason to lose the finding.
  heat: heat.optional().catch(undefined),
  quality: z.record(text, z.number()).refine((measures) => Object.keys(measures).length <= MANY),
})

export type Finding = z.output<typeof findingShape>

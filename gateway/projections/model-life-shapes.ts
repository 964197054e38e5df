import { z } from 'zod'
import { MODEL_CHANGES } from '#contract/wire/model-life.ts'

/** What boxes tell of their models' life. It is read where it lies, in the log: no table is made of it yet. */

const text = z
  .string()
  .max(300)
  .refine((value) => !value.includes('\0'))
const model = z.object({
  id: text.min(1),
  version: text,
  sha256: z.instanceof(Uint8Array).refine((bytes) => bytes.length === 32),
})
const said = { verdict: text.nullable(), abstained: text.nullable(), ms: z.number().min(0) }

export const modelChangeShape = z.object({
  kind: z.literal('model-change'),
  model,
  change: z.enum(MODEL_CHANGES),
  by: text,
  now: model.nullable(),
  reason: text,
  at: z.number(),
})

export const shadowLookShape = z.object({
  kind: z.literal('shadow-look'),
  findingId: text.min(1),
  model,
  ...said,
  probability: z.number().min(0).max(1).nullable(),
  failure: text,
  beside: z.object({ model: model.nullable(), ...said }),
})

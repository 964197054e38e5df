import { z } from 'zod'
import {
  MAX_ACTIVITY_PHOTOS,
  MAX_INTERVALS,
  MAX_LOT_SHARES,
  PRODUCT_KINDS,
} from '#contract/wire/farm-book.ts'

// As in entry-shapes.ts: names of the field are short, and PostgreSQL stores no NUL in a text.
const text = z
  .string()
  .max(300)
  .refine((value) => !value.includes('\0'))
const id = text.min(1)
const bytes = z.instanceof(Uint8Array)

const share = z.object({
  gtin: z.string().regex(/^\d{14}$/),
  lot: id.max(20),
  massKg: z.number().positive().max(1e9),
  count: z.int().min(0).max(1e9).optional(),
})
const shares = z.array(share).max(MAX_LOT_SHARES).default([])

/** What an activity says beyond its details; an agent of before says none of it. */
export const activityMore = {
  corrects: text.default(''),
  isWithdrawn: z.boolean().default(false),
  why: text.default(''),
  photos: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .max(MAX_ACTIVITY_PHOTOS)
    .default([]),
  inputs: shares,
  outputs: shares,
}

export const productShape = z.object({
  kind: z.literal('product'),
  productId: id,
  name: id,
  productKind: z.enum(PRODUCT_KINDS),
  activeSubstance: text,
  registrationNo: text,
  intervals: z
    .array(z.object({ crop: text, market: text, days: z.int().min(0).max(365) }))
    .max(MAX_INTERVALS),
  isRetired: z.boolean(),
})

export const permissionShape = z.object({
  kind: z.literal('permission'),
  signed: bytes,
  signature: bytes.refine(({ length }) => length === 64),
})

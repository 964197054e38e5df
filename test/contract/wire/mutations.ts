import fc from 'fast-check'
import { concatBytes } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'

type Edit =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly at: number }

// Bytes that mean something to varints and CBOR: largest counts, open lists, tags, ends.
const TELLING = [
  0x00, 0x01, 0x7f, 0x80, 0xff, 0x9f, 0xbf, 0x1b, 0x3b, 0x5b, 0x7b, 0x9b, 0xbb, 0xdb, 0xf6, 0xf7, 0xfb,
]

const place = fc.nat(0xffffff)
const byte = fc.oneof(fc.constantFrom(...TELLING), fc.nat(255))
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('set' as const), at: place, byte }),
  fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: place,
    bytes: fc.array(byte, { minLength: 1, maxLength: 12 }).map((bytes) => Uint8Array.from(bytes)),
  }),
  fc.record({ kind: fc.constant('end' as const), at: place }),
)

/** One of some valid inputs with one to six wounds, or plain noise. */
export const wounded = (valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.constantFrom(...valid), fc.array(edit, { minLength: 1, maxLength: 6 }))
        .map(([bytes, edits]) => edits.reduce(wound, bytes)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }) },
  )

function wound(bytes: Uint8Array, change: Edit): Uint8Array {
  const at = change.at % Math.max(1, bytes.length)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (change.kind) {
    case 'flip':
      return concatBytes(before, Uint8Array.of((after[0] ?? 0) ^ (1 << change.bit)), after.subarray(1))
    case 'set':
      return concatBytes(before, Uint8Array.of(change.byte), after.subarray(1))
    case 'cut':
      return concatBytes(before, after.subarray(change.length))
    case 'insert':
      return concatBytes(before, change.bytes, after)
    case 'end':
      return before.slice()
  }
}

const REFUSALS = ['batch-malformed', 'batch-bomb', 'batch-too-large']

/** The value, or undefined when it was refused as what can't be read; anything else thrown is a failure. */
export function readOrRefuse<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    // Asked without expect, which would take longer than what reads.
    if (!(error instanceof VuonError && REFUSALS.includes(error.code))) throw error
    return undefined
  }
}

/** How many bytes the process grew by, at its peak, while `run` ran. */
export function peakGrowthBytes(run: () => void): number {
  const before = process.resourceUsage().maxRSS
  run()
  return (process.resourceUsage().maxRSS - before) * 1024
}

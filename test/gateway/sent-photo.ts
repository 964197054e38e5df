import { createHash } from 'node:crypto'
import { fromHex } from '#contract/ground/bytes.ts'
import type { SealedBatch } from '#contract/wire/batch.ts'
import { encodeEntries } from '#contract/wire/entries-codec.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import { DAY, type SignedBox, STAMP } from './signed-box.ts'

/** Bytes that begin like a JPEG or a WebP and are otherwise of the given size: all that the gateway looks at. */
export function photoBytes(sizeBytes = 5000, fill = 7, kind: 'jpeg' | 'webp' = 'jpeg'): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(fill)
  if (kind === 'jpeg') bytes.set([0xff, 0xd8, 0xff, 0xe0])
  else bytes.set(Buffer.from('RIFF\x10\0\0\0WEBP', 'latin1'))
  return bytes
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface NamedPhoto {
  readonly photo: Uint8Array
  readonly thumbnail: Uint8Array
}

export function findingOf(
  { photo, thumbnail }: NamedPhoto,
  change: Partial<FindingEntry> = {},
): FindingEntry {
  const ref = (bytes: Uint8Array) => ({
    sha256: fromHex(hashOf(bytes)),
    sizeBytes: bytes.length,
    widthPx: 640,
    heightPx: 480,
  })
  return {
    kind: 'finding',
    findingId: 'find-1',
    photo: { ...ref(photo), thumbnail: ref(thumbnail) },
    crop: 'dragon-fruit',
    organ: 'stem',
    plot: 'lo-a',
    at: DAY + 1000,
    person: 'p1',
    model: null,
    verdict: null,
    abstained: 'uncertain',
    labels: [],
    lesionShare: null,
    quality: {
      sharpness: 80,
      brightness: 0.4,
      darkest: 0.1,
      brightest: 0.9,
      blownShare: 0,
      shortSidePx: 480,
    },
    ...change,
  }
}

/** The next batch of the box's finding lane. */
export function findings(
  box: SignedBox,
  ...entries: (Record<string, unknown> | FindingEntry)[]
): SealedBatch {
  const stamped = entries.map((entry) => ({ ...STAMP, ...entry }) as RecordEntry)
  return box.seal('finding', encodeEntries(stamped), stamped.length)
}

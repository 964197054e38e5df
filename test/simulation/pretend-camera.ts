import { createHash, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { Random } from '#contract/ground/random.ts'
import type { Agent } from '../../agent/agent.ts'
import { PhotoLook } from '../../agent/vision/look.ts'
import { PhotoStore } from '../../agent/vision/photo-store.ts'
import type { PhotoAnswer, WrittenImage } from '../../agent/vision/worker/photo-answer.ts'
import { seededBytes, seededRandom } from '../world/seeded.ts'

// The smallest fits one part of the upload, the largest takes several, which a bad link cuts.
const LEAST_BYTES = 2_000
const MOST_BYTES = 90_000
const THUMBNAIL_BYTES = 1_500

/**
 * A photo comes to the box: its store, its journal and its upload are the real ones, only nobody looks at the picture, for
 * the worker is a process that knows no pretend time. Resolves with the names of photo and thumbnail when the person hears
 * "kept"; never where the power goes first.
 */
export async function takePhoto(agent: Agent, chance: Random): Promise<string[]> {
  const { source } = agent.photos
  if (!(source instanceof PhotoStore)) throw new TypeError('the photos are somewhere else')
  const random = seededRandom(chance() * 2 ** 32)
  const path = source.newIncoming()
  const sizeBytes = LEAST_BYTES + random() * (MOST_BYTES - LEAST_BYTES)
  const kept = written(`${path}.kept.jpg`, picture(random, sizeBytes, JPEG))
  const thumbnail = written(`${path}.thumbnail.webp`, picture(random, THUMBNAIL_BYTES, WEBP))
  const hashes = [kept, thumbnail].map(({ bytes }) => hashOf(bytes))
  const look = new PhotoLook({
    store: source,
    examiner: { examine: async () => answerOf(kept.image, thumbnail.image) },
    log: {
      now: () => agent.journal.now(),
      appendFindings: (findings) => agent.journal.appendRecords(findings),
      recentFindings: (limit) => agent.photos.recent(limit),
    },
    newId: randomUUID,
  })
  try {
    await look.take(path, { crop: 'dragon-fruit', organ: 'stem', plot: 'lo-a', person: 'p-1' })
  } finally {
    source.removeIncoming(path)
  }
  agent.upstream.photoTaken()
  return hashes
}

/** All that the province looks at before the hash: how the file begins. */
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0])
const WEBP = Buffer.from('RIFF\x10\0\0\0WEBP', 'latin1')

function picture(random: Random, sizeBytes: number, head: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(seededBytes(random)(Math.floor(sizeBytes)))
  bytes.set(head)
  return bytes
}

function written(path: string, bytes: Uint8Array): { bytes: Uint8Array; image: WrittenImage } {
  writeFileSync(path, bytes)
  return { bytes, image: { path, sizeBytes: bytes.length, widthPx: 640, heightPx: 480 } }
}

const answerOf = (kept: WrittenImage, thumbnail: WrittenImage): PhotoAnswer => ({
  kind: 'photo',
  widthPx: 640,
  heightPx: 480,
  quality: { sharpness: 80, brightness: 0.4, darkest: 0.1, brightest: 0.9, blownShare: 0, shortSidePx: 480 },
  diagnosis: { model: null, verdict: null, abstained: null, labels: [], lesionShare: null, heat: null },
  kept,
  thumbnail,
  ms: { decode: 0, infer: 0, total: 0 },
})

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Compression } from '../compression.ts'
import { VuonError } from '../errors.ts'

export const compression: Compression = {
  deflate: (bytes) => new Uint8Array(deflateRawSync(bytes, { level: 9 })),
  inflate(bytes, atMostBytes) {
    try {
      return new Uint8Array(inflateRawSync(bytes, { maxOutputLength: Math.max(1, atMostBytes) }))
    } catch (cause) {
      const isBomb = (cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
      throw new VuonError(isBomb ? 'batch-bomb' : 'batch-malformed', undefined, { cause })
    }
  },
}

import { afterAll } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import {
  type Codec,
  CodecWorker,
  type CodecWorkerOptions,
} from '../../../../agent/devices/lorawan/codec-worker.ts'
import type { CodecAnswer, Uplink } from '../../../../agent/devices/lorawan/uplink.ts'

/** A thread for codecs that lasts as long as the test file. */
export function codecRoom(options: Partial<CodecWorkerOptions> = {}) {
  const worker = new CodecWorker({ clock: systemClock, ...options })
  afterAll(() => worker.stop())
  const ask = (
    source: string | Codec,
    uplink: Partial<Uplink> = {},
    device = 'node-1',
  ): Promise<CodecAnswer> =>
    worker.decode(codecOf(source), device, { fPort: 2, bytes: [1, 2, 255], ...uplink })
  return { worker, ask }
}

const codecs = new Map<string, Codec>()

/** The same text is the same codec. */
export function codecOf(source: string | Codec): Codec {
  if (typeof source !== 'string') return source
  const known = codecs.get(source)
  if (known) return known
  const codec = { name: 'vendor.js', source }
  codecs.set(source, codec)
  return codec
}

export const said = (data: unknown, warnings: string[] = [], errors: string[] = []): CodecAnswer => ({
  data,
  warnings,
  errors,
})

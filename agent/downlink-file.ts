import { z } from 'zod'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { readSmallFile } from './small-file.ts'
import type { DownlinkBook, DownlinkStore } from './sync/downlink.ts'

/**
 * The messages of the province that this box has, in one small file. Written a few times a message, and there are a few
 * messages a month. One that is damaged is set aside: the box then asks from the first message on, and what the journal says
 * was done is not done again.
 */
export class DownlinkFile implements DownlinkStore {
  readonly #path: string
  readonly #onFault: (code: string, detail: string) => void

  constructor(path: string, onFault: (code: string, detail: string) => void) {
    this.#path = path
    this.#onFault = onFault
  }

  load(): DownlinkBook | null {
    return readSmallFile(
      this.#path,
      (text) => book.parse(JSON.parse(text)),
      (aside) => this.#onFault('downlink-damaged', `set aside as ${aside}; the messages are asked for again`),
    )
  }

  keep(newest: DownlinkBook): void {
    writeFileAtomically(this.#path, JSON.stringify({ version: 1, ...newest }), 0o600)
  }
}

const hash = z.string().regex(/^[0-9a-f]{64}$/)
// A message of 64 KiB as base64.
const message = z.string().max(90_000)
const book = z.object({
  province: hash,
  sinceT: z.number().min(0),
  through: z.int().min(0),
  prev: hash.nullable(),
  waiting: z.array(message).max(64),
  isApplying: z.boolean(),
  kept: z.array(message).max(64),
})

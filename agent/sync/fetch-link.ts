import { VuonError } from '#contract/ground/errors.ts'
import type { Link, LinkAnswer, LinkRequest } from './link.ts'

// 1 MiB over 64 kbit/s takes 130 s; a link that says nothing for longer is dead.
const TIMEOUT_MS = 180_000
// Answers are small; a captive portal's page is not worth a farm's memory.
const MAX_ANSWER_BYTES = 1024 * 1024

export class FetchLink implements Link {
  readonly #base: string
  constructor(gateway: string) {
    this.#base = gateway.replace(/\/+$/, '')
  }

  async request({ method, path, headers, body }: LinkRequest): Promise<LinkAnswer> {
    try {
      const answer = await fetch(this.#base + path, {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(headers ? { headers } : {}),
        ...(body ? { body: body as Uint8Array<ArrayBuffer> } : {}),
      })
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: await readBounded(answer),
      }
    } catch (cause) {
      if (cause instanceof VuonError) throw cause
      const reason = (cause as Error & { cause?: { code?: string } }).cause?.code ?? (cause as Error).message
      throw new VuonError('link-down', `${this.#base} could not be reached (${reason}).`, { cause })
    }
  }
}

async function readBounded(answer: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of answer.body ?? []) {
    size += part.length
    if (size > MAX_ANSWER_BYTES)
      throw new VuonError('link-refused', 'The answer is larger than any gateway sends.')
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

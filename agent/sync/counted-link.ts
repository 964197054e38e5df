import type { Clock } from '#contract/ground/clock.ts'
import { KeptConnections } from './kept-connections.ts'
import type { Link, LinkAnswer, LinkRequest } from './link.ts'

// What a phone company counts beside the bytes of a request: lines and heads that HTTP adds on both sides,
const HTTP_BYTES = 250
// IP and TCP heads of a segment and of its acknowledgement,
const SEGMENT_BYTES = 1400
const SEGMENT_HEAD_BYTES = 80
// and what it takes to open a connection: three packets, and with TLS the certificates of the province.
const CONNECT_BYTES = 250
const TLS_BYTES = 5500

/**
 * Tells how many bytes each request took in both directions, nearly as the phone company counts them. Of a request that
 * failed the whole body counts: nobody knows how far it came.
 */
export function countedLink(
  link: Link,
  options: {
    isTls: boolean
    clock: Clock
    onBytes: (bytes: number) => void
    /** Of the link, where others count what they send over it. */
    kept?: KeptConnections
  },
): Link {
  const kept = options.kept ?? new KeptConnections()
  return {
    async request(request) {
      const { isTls, clock, onBytes } = options
      const isNew = kept.take(clock.monotonicMs())
      const connectBytes = isNew ? CONNECT_BYTES + (isTls ? TLS_BYTES : 0) : 0
      onBytes(connectBytes + withSegments(sizeOfRequest(request)))
      try {
        const answer = await link.request(request)
        kept.giveBack(clock.monotonicMs())
        // The kept connection took the request, or a part of it, before it turned out to be closed.
        const again = answer.resends ?? 0
        const resentBytes = withSegments(sizeOfRequest(request)) + CONNECT_BYTES + (isTls ? TLS_BYTES : 0)
        onBytes(withSegments(sizeOfAnswer(answer)) + again * resentBytes)
        return answer
      } catch (error) {
        kept.forget()
        throw error
      }
    },
  }
}

const sizeOfRequest = ({ path, headers, body }: LinkRequest): number =>
  path.length + sizeOfHeaders(headers ?? {}) + (body?.length ?? 0) + HTTP_BYTES / 2

const sizeOfAnswer = ({ headers, body }: LinkAnswer): number =>
  sizeOfHeaders(headers) + body.length + HTTP_BYTES / 2

// A colon, a space and the end of the line.
const sizeOfHeaders = (headers: Readonly<Record<string, string>>): number =>
  Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)

const withSegments = (bytes: number): number =>
  Math.ceil(bytes + Math.ceil(bytes / SEGMENT_BYTES) * SEGMENT_HEAD_BYTES)

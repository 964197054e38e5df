/** What differs between Modbus RTU and Modbus TCP: how a question is written and how its answer is found. */
export interface Framing {
  /** Answers carry the number of their question, so that a late one is never taken for another. */
  readonly numbersQuestions?: true
  ask(request: ReadRequest): Question
}

/** One request on its way: its bytes, and the search for its answer in what comes in. */
export interface Question {
  readonly bytes: Uint8Array
  /** Takes what came in, in any pieces. Answers once the reply is whole; undefined as long as it is not. */
  push(bytes: Uint8Array): Reply | undefined
  /** Called when the time is up: what was wrong with what came in so far. */
  giveUp(): Failure
}

/** Holding registers are read with function 3, input registers with function 4. */
export interface ReadRequest {
  readonly unit: number
  readonly function: 3 | 4
  readonly address: number
  readonly count: number
}

export type Reply =
  | { readonly kind: 'registers'; readonly words: readonly number[]; readonly strayBytes: number }
  | { readonly kind: 'exception'; readonly code: number; readonly strayBytes: number }

export interface Failure {
  readonly kind: 'failure'
  readonly code: 'timeout' | 'crc' | 'wrong-reply' | 'garbage'
  readonly detail: string
  readonly strayBytes: number
}

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'device failure',
  5: 'acknowledged, still working',
  6: 'device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target did not answer',
}

export const exceptionText = (code: number): string =>
  `exception ${String(code).padStart(2, '0')} (${EXCEPTIONS[code] ?? 'unknown'})`

/** Big-endian 16-bit words of the bytes in [from, to). */
export function wordsOf(bytes: Uint8Array, from: number, to: number): number[] {
  const words: number[] = []
  for (let at = from; at + 1 < to; at += 2) words.push((bytes[at]! << 8) | bytes[at + 1]!)
  return words
}

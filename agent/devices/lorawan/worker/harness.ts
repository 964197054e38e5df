/**
 * Stands between the agent and a codec, inside of the sandbox. This function's text is run there before the codec,
 * so it may use nothing from this file, and it keeps the built-ins that it needs: a codec may replace any of them.
 *
 * Returns `choose(decodeUplink, Decoder, Decode)`, which says how many of the three there are and picks the first;
 * `decode(bytes, fPort, recvTimeMs, variables)` → answer as JSON text; `settled()` → the answer of a promise, once its jobs have run.
 */
export function harness(maxAnswerLength: number) {
  const { parse, stringify } = JSON
  const { isArray } = Array
  const [RealDate, RealError, RealString, RealNumber] = [Date, Error, String, Number]
  const isSafe = Number.isSafeInteger
  const { getPrototypeOf, keys } = Object
  // What reads the answer takes 24 levels, and `data` stands in the first.
  const MAX_DEPTH = 22
  type Codec = (...values: unknown[]) => unknown
  type Input = { bytes: number[]; fPort: number | undefined; recvTime?: unknown; variables: unknown }

  let run: (input: Input) => unknown = () => undefined
  let pending: { answer?: string } | undefined

  function choose(decodeUplink: unknown, decoder: unknown, decode: unknown): boolean {
    if (typeof decodeUplink === 'function') {
      const codec = decodeUplink as Codec
      run = (input) => codec(input)
    } else if (typeof decoder === 'function') {
      const codec = decoder as Codec
      run = (input) => old(codec(input.bytes, input.fPort))
    } else if (typeof decode === 'function') {
      const codec = decode as Codec
      run = (input) => old(codec(input.fPort, input.bytes, input.variables))
    } else return false
    return true
  }

  /** The old functions return the data itself. */
  const old = (data: unknown) =>
    data === undefined || data === null ? { errors: ['the codec returned nothing'] } : { data }

  function decode(bytes: string, fPort?: number, recvTimeMs?: number, variables?: string): string {
    const input: Input = {
      bytes: parse(bytes),
      fPort,
      variables: variables === undefined ? {} : parse(variables),
    }
    if (recvTimeMs !== undefined) input.recvTime = new RealDate(recvTimeMs)
    try {
      const result = run(input) as { then?: unknown; data?: { then?: unknown } } | null | undefined
      const promised =
        typeof result?.then === 'function' ? result : typeof result?.data?.then === 'function' && result.data
      if (!promised) return answerOf(result)
      const mine: { answer?: string } = {}
      pending = mine
      ;(promised as PromiseLike<unknown>).then(
        (value) => {
          mine.answer = attempt(() => answerOf(promised === result ? value : { ...result, data: value }))
        },
        (error) => {
          mine.answer = attempt(() => failure(error))
        },
      )
      return ''
    } catch (error) {
      return failure(error)
    }
  }

  function settled(): string {
    const answer = pending?.answer
    pending = undefined
    return answer ?? said({}, [], ['the codec returned a promise that does not settle by itself'])
  }

  function attempt(make: () => string): string {
    try {
      return make()
    } catch (error) {
      return failure(error)
    }
  }

  function answerOf(result: unknown): string {
    if (result === null || typeof result !== 'object')
      return said({}, [], [`the codec returned ${shown(result)} instead of an object`])
    const { data, warnings, errors } = result as { data?: unknown; warnings?: unknown; errors?: unknown }
    const failures = sentences(errors)
    const isOther = !('data' in result || 'errors' in result || 'warnings' in result)
    if (isOther && keys(result).length > 0) failures[0] = 'the codec returned an object without `data`'
    return said(data, sentences(warnings), failures)
  }

  /** Errors and warnings should be lists of sentences; whatever else they are becomes one. */
  function sentences(stated: unknown): string[] {
    if (stated === undefined || stated === null || stated === false || stated === '') return []
    if (!isArray(stated)) return [sentence(stated)]
    const all: string[] = []
    for (let index = 0; index < stated.length; index++) all[index] = sentence(stated[index])
    return all
  }

  function sentence(stated: unknown): string {
    if (typeof stated === 'string') return stated
    if (stated instanceof RealError) return named(stated)
    return asJson(stated) ?? RealString(stated)
  }

  function said(data: unknown, warnings: string[], errors: string[]): string {
    if (isDeep(data, 0))
      return said({}, warnings, [`the codec returned data nested deeper than ${MAX_DEPTH}`])
    const part = data === undefined ? '{}' : (asJson(data) ?? '{}')
    // A polyfill of Array.prototype.toJSON must not reach the two lists.
    if (warnings.length + errors.length === 0 && part.length < maxAnswerLength - 50)
      return `{"data":${part},"warnings":[],"errors":[]}`
    let text = `{"data":${part},"warnings":[`
    for (let index = 0; index < warnings.length; index++)
      text += (index ? ',' : '') + stringify(warnings[index])
    text += '],"errors":['
    for (let index = 0; index < errors.length; index++) text += (index ? ',' : '') + stringify(errors[index])
    text += ']}'
    if (text.length <= maxAnswerLength) return text
    return `{"data":{},"warnings":[],"errors":["the codec returned ${text.length} characters, more than ${maxAnswerLength}"]}`
  }

  /** The engine's own JSON takes seconds to find this out. True of a circle too. */
  function isDeep(value: unknown, depth: number): boolean {
    if (value === null || typeof value !== 'object') return false
    if (depth >= MAX_DEPTH) return true
    for (const key in value) if (isDeep((value as Record<string, unknown>)[key], depth + 1)) return true
    return false
  }

  /** JSON, where a BigInt is a number as long as that is exact, and its digits as text beyond. */
  function asJson(value: unknown): string | undefined {
    try {
      return stringify(value)
    } catch (error) {
      if (!hasBigInt(value)) throw error
      return stringify(value, (_key, each) =>
        typeof each === 'bigint' ? (isSafe(RealNumber(each)) ? RealNumber(each) : `${each}`) : each,
      )
    }
  }

  function hasBigInt(value: unknown): boolean {
    if (typeof value === 'bigint') return true
    if (value === null || typeof value !== 'object') return false
    for (const key in value) if (hasBigInt((value as Record<string, unknown>)[key])) return true
    return false
  }

  function failure(error: unknown): string {
    const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown }
    // Not an answer but a limit: the thread must know.
    if (name === 'InternalError' && /^out of memory|^string too long/.test(`${message}`)) throw error
    return said({}, [], [error instanceof RealError ? named(error) : `the codec threw ${shown(error)}`])
  }

  /** `TypeError: x is not a function (line 12)`; an Error that the codec itself made is just its message. */
  function named(error: Error): string {
    const plain = getPrototypeOf(error) === RealError.prototype && error.name === 'Error'
    if (plain && error.message) return `${error.message}`
    const line = /\([^()]*:(\d+):\d+\)/.exec(`${error.stack}`)?.[1]
    return `${error.name}: ${error.message}${line ? ` (line ${line})` : ''}`
  }

  function shown(value: unknown): string {
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return typeof value
    return `${asJson(value)}`.slice(0, 200)
  }

  return { choose, decode, settled }
}

import type {
  QuickJSContext,
  QuickJSHandle,
  QuickJSRuntime,
  QuickJSWASMModule,
} from 'quickjs-emscripten-core'
import { harness } from './harness.ts'
import type { Limits, SentCodec, SentUplink, Trouble } from './request.ts'
import { installCommonJs, surroundingsOf } from './surroundings.ts'

/** A limit was met, or the file is no codec. */
export class CodecTrouble extends Error {
  readonly fault: Trouble

  constructor(fault: Trouble, detail: string) {
    super(detail)
    this.fault = fault
  }
}

/** How a file wants to be run; the first that works. */
const WAYS = ['script', 'common-js', 'module'] as const
export type Way = (typeof WAYS)[number]

// Some 1,300 nested calls. Twice as much and JSON of something deep keeps the engine busy for seconds.
const STACK_BYTES = 256 * 1024
const MAX_ANSWER_LENGTH = 64 * 1024
const MAX_JOBS = 1000
const FIND = (name: string): string => `(typeof ${name} === 'function' ? ${name} : undefined)`
const ENTRIES = ['decodeUplink', 'Decoder', 'Decode'] as const

/** One codec for one device, with globals of its own. */
export class CodecContext {
  readonly way: Way
  readonly #runtime: QuickJSRuntime
  readonly #context: QuickJSContext
  readonly #limits: Limits
  readonly #held: QuickJSHandle[] = []
  #wallEndMs = 0
  #cpuLimitMicros = 0
  #cpuBeginMicros: number | undefined

  /** Throws CodecTrouble. `way` is how the same file was run before. */
  static open(quickjs: QuickJSWASMModule, codec: SentCodec, limits: Limits, way?: Way): CodecContext {
    const source = normalised(codec.source)
    let why: unknown
    for (const each of way ? [way] : WAYS) {
      if (why && !mayBe(each, source, why)) continue
      const context = new CodecContext(quickjs, limits, each)
      try {
        context.#load(codec.name, source)
        return context
      } catch (error) {
        context.close()
        why = error
      }
    }
    throw why
  }

  private constructor(quickjs: QuickJSWASMModule, limits: Limits, way: Way) {
    this.way = way
    this.#limits = limits
    this.#runtime = quickjs.newRuntime()
    this.#runtime.setMemoryLimit(limits.memoryBytes)
    this.#runtime.setMaxStackSize(STACK_BYTES)
    this.#runtime.setInterruptHandler(() => this.#isLate())
    this.#context = this.#runtime.newContext()
  }

  /** The answer as JSON text. Throws CodecTrouble, after which the context is to be closed. */
  decode({ bytes, fPort, recvTimeMs, variables }: Omit<SentUplink, 'codec' | 'device'>): string {
    this.#allow(this.#limits.decodeMs)
    const context = this.#context
    const number = (value: number | undefined) =>
      value === undefined ? context.undefined : context.newNumber(value)
    const values = [context.newString(bytes), number(fPort), number(recvTimeMs)]
    if (variables !== undefined) values.push(context.newString(variables))
    let answer: string
    try {
      answer = this.#textOf(this.#call('decode', ...values))
    } finally {
      for (const value of values) value.dispose()
    }
    if (this.#runtime.hasPendingJob()) this.#runJobs()
    return answer === '' ? this.#textOf(this.#call('settled')) : answer
  }

  close(): void {
    for (const handle of this.#held.splice(0)) handle.dispose()
    this.#context.dispose()
    this.#runtime.dispose()
  }

  #allow(ms: number): void {
    this.#wallEndMs = performance.now() + ms / 2
    this.#cpuLimitMicros = (ms / 2) * 1000
    this.#cpuBeginMicros = undefined
  }

  /** The second half of the time is the thread's own: a codec is not blamed for a box that is busy elsewhere. */
  #isLate(): boolean {
    if (performance.now() <= this.#wallEndMs) return false
    const { user, system } = process.threadCpuUsage()
    this.#cpuBeginMicros ??= user + system
    return user + system - this.#cpuBeginMicros > this.#cpuLimitMicros
  }

  #load(name: string, source: string): void {
    this.#allow(this.#limits.loadMs)
    const made = this.#run('harness', `(${harness})(${MAX_ANSWER_LENGTH})`)
    const parts = ['decode', 'settled', 'choose'].map((part) => this.#context.getProp(made, part))
    made.dispose()
    this.#held.push(...parts)
    for (const install of surroundingsOf(source)) this.#run('surroundings', install).dispose()
    if (this.way === 'common-js') this.#run('surroundings', `(${installCommonJs})()`).dispose()
    const found = this.#runFile(name, source)
    const isCodec = this.#call('choose', ...found)
    for (const each of found) each.dispose()
    const isFound = this.#context.dump(isCodec) === true
    isCodec.dispose()
    if (!isFound) throw new CodecTrouble('codec-failed', `${name}: no ${ENTRIES.join(', ')} in it`)
  }

  /** The three functions by which a codec may be called, undefined where there is none. */
  #runFile(name: string, source: string): QuickJSHandle[] {
    if (this.way === 'module') {
      // Names at the top of a module are its own, so it has to say itself what they are.
      const keep = `;export const vuonFound = [${ENTRIES.map(FIND)}];`
      const exported = this.#run(name, `${source}\n${keep}`, 'module')
      const found = this.#context.getProp(exported, 'vuonFound')
      const byName = ENTRIES.map((_, index) => this.#context.getProp(found, index))
      const byDefault = this.#context.getProp(exported, 'default')
      const inDefault = ENTRIES.map((entry, index) =>
        this.#isObject(byDefault) && !this.#isFunction(byName[index])
          ? this.#context.getProp(byDefault, entry)
          : undefined,
      )
      for (const each of [exported, found, byDefault]) each.dispose()
      return ENTRIES.map((_, index) => {
        const better = inDefault[index]
        if (!better) return byName[index] as QuickJSHandle
        byName[index]?.dispose()
        return better
      })
    }
    this.#run(name, source).dispose()
    const findExported = (entry: string) => `(module.exports && module.exports.${entry}) || ${FIND(entry)}`
    const find = this.way === 'common-js' ? findExported : FIND
    return ENTRIES.map((entry) => this.#run(name, find(entry)))
  }

  #isFunction = (handle: QuickJSHandle | undefined): boolean =>
    handle !== undefined && this.#context.typeof(handle) === 'function'

  #isObject = (handle: QuickJSHandle): boolean => this.#context.typeof(handle) === 'object'

  #run(file: string, source: string, type: 'global' | 'module' = 'global'): QuickJSHandle {
    const result = this.#context.evalCode(source, file, { type })
    if (result.error) throw this.#troubleOf(result.error, file)
    return result.value
  }

  #call(name: 'decode' | 'settled' | 'choose', ...values: QuickJSHandle[]): QuickJSHandle {
    const method = this.#held[['decode', 'settled', 'choose'].indexOf(name)] as QuickJSHandle
    const result = this.#context.callFunction(method, this.#context.undefined, ...values)
    if (result.error) throw this.#troubleOf(result.error)
    return result.value
  }

  #textOf(handle: QuickJSHandle): string {
    const text = this.#context.getString(handle)
    handle.dispose()
    return text
  }

  /** What a codec left behind in promises is run to its end, within the same time. */
  #runJobs(): void {
    const result = this.#runtime.executePendingJobs(MAX_JOBS)
    if (result.error) throw this.#troubleOf(result.error)
    result.dispose()
    if (this.#runtime.hasPendingJob())
      throw new CodecTrouble('codec-timeout', 'the codec starts ever more promises')
  }

  #troubleOf(handle: QuickJSHandle, file?: string): CodecTrouble {
    const { name, message, stack } = (this.#context.dump(handle) ?? {}) as Record<string, unknown>
    handle.dispose()
    const text = `${message ?? 'it threw something that is no error'}`.slice(0, 500)
    if (name === 'InternalError' && text === 'interrupted')
      return new CodecTrouble(
        'codec-timeout',
        `took longer than ${this.#limits[file ? 'loadMs' : 'decodeMs']} ms`,
      )
    if (name === 'InternalError' && /^out of memory|^string too long/.test(text))
      return new CodecTrouble('codec-memory', `needs more than ${this.#limits.memoryBytes >> 20} MB`)
    const line = file === undefined ? undefined : lineIn(file, String(stack ?? ''))
    const where = file === undefined ? '' : `${file}${line ? `:${line}` : ''}: `
    return new CodecTrouble('codec-failed', `${where}${name ? `${name}: ` : ''}${text}`)
  }
}

/** The line of a file that a stack names first. */
function lineIn(file: string, stack: string): string | undefined {
  const at = stack.indexOf(`${file}:`)
  return at < 0 ? undefined : /^\d+/.exec(stack.slice(at + file.length + 1))?.[0]
}

/** Whether a file that did not run as it is may be a module of one kind or the other. */
function mayBe(way: Way, source: string, why: unknown): boolean {
  if (!(why instanceof CodecTrouble) || why.fault !== 'codec-failed') return false
  if (way === 'module') return /SyntaxError/.test(why.message) && /\b(?:export|import)\b/.test(source)
  return (
    /ReferenceError|: no decodeUplink/.test(why.message) &&
    /\b(?:module|exports|require|global|self|window)\b/.test(source)
  )
}

/** As an engine wants it: no byte-order mark, no line for a shell, no padding after its end. */
function normalised(source: string): string {
  const end = source.indexOf('\0')
  return (end < 0 ? source : source.slice(0, end)).replace(/^\ufeff/, '').replace(/^#!/, '//')
}

import { statSync } from 'node:fs'
import type { Clock } from '#contract/ground/clock.ts'
import { codecPath, readCodec } from './codec-file.ts'
import { type Codec, CodecWorker, type CodecWorkerOptions, type CodecWorkerState } from './codec-worker.ts'
import type { CodecOf, LoraDevice } from './lora-device.ts'
import { noAnswer } from './uplink.ts'

/** Which codec belongs to which nodes; the first rule that fits is taken. */
export interface CodecRule {
  /** DevEUI, name or device profile; * stands for any run of characters, ? for one. Large and small are the same. */
  readonly device: string
  /** A file of the farm's folder (`acme.js`), or the name of one of ours (`dragino-lse01`). */
  readonly file: string
}

export interface LorawanCodecsOptions {
  readonly folder: string
  readonly rules: readonly CodecRule[]
  readonly clock: Clock
  readonly worker?: Omit<CodecWorkerOptions, 'clock'>
}

/**
 * The codecs of a farm's nodes. No file is read and no thread started before the first node needs one; a file that
 * changes is read again.
 */
export class LorawanCodecs {
  readonly #rules: readonly { readonly pattern: RegExp; readonly file: string }[]
  readonly #folder: string
  readonly #clock: Clock
  readonly #workerOptions: Omit<CodecWorkerOptions, 'clock'>
  readonly #files = new Map<string, { readonly stamp: string; readonly codec: Codec }>()
  #worker: CodecWorker | undefined

  constructor({ folder, rules, clock, worker = {} }: LorawanCodecsOptions) {
    this.#rules = rules.map(({ device, file }) => ({ pattern: patternOf(device), file }))
    this.#folder = folder
    this.#clock = clock
    this.#workerOptions = worker
  }

  /** Undefined when no rule fits the device. */
  readonly codecOf: CodecOf = (device) => {
    const rule = this.#rules.find(({ pattern }) => namesOf(device).some((name) => pattern.test(name)))
    if (!rule) return undefined
    // Two nodes without an EUI and with one name share their globals: nothing tells them apart.
    const key = (device.devEui || device.name).toLowerCase()
    return {
      decodeUplink: async (uplink) => {
        const codec = this.#codecIn(rule.file)
        if ('problem' in codec) return noAnswer('codec-failed', codec.problem)
        this.#worker ??= new CodecWorker({ clock: this.#clock, ...this.#workerOptions })
        return this.#worker.decode(codec, key, uplink)
      },
    }
  }

  /** Undefined while nothing has been decoded. */
  get state(): CodecWorkerState | undefined {
    return this.#worker?.state
  }

  async stop(): Promise<void> {
    await this.#worker?.stop()
  }

  #codecIn(file: string): Codec | { problem: string } {
    const path = codecPath(file, this.#folder)
    if (path === undefined) return { problem: `"${file}" is no name of a codec` }
    try {
      const { mtimeMs, size } = statSync(path)
      const stamp = `${mtimeMs} ${size}`
      const known = this.#files.get(file)
      if (known?.stamp === stamp) return known.codec
      const codec = readCodec(path, file)
      this.#files.set(file, { stamp, codec })
      return codec
    } catch (error) {
      return { problem: (error as Error).message }
    }
  }
}

const namesOf = ({ devEui, name, profile }: LoraDevice): string[] =>
  [devEui, name, profile].filter((each) => each !== '')

function patternOf(glob: string): RegExp {
  const parts = glob.replaceAll(/\*+/g, '*').split(/([*?])/)
  const source = parts.map((part) =>
    part === '*' ? '.*' : part === '?' ? '.' : part.replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&'),
  )
  return new RegExp(`^${source.join('')}$`, 'isu')
}

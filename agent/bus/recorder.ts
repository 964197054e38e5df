import type { Clock } from '#contract/ground/clock.ts'
import type { ByteLine, LineListener, LineSettings, LineState } from './byte-line.ts'
import { CAPTURE_VERSION, type CaptureEvent, captureLine } from './capture.ts'
import type { BusMessage, MessageSource, SourceState } from './message-source.ts'

/**
 * Writes down what goes over lines and sources, without changing it: wrap what `openLine` and `openSource` gave.
 *
 *   poller ─► recorded line ─► serial port        decoders ◄─ recorded source ◄─ broker
 *                  └───────────► capture.ts lines ◄───────────────┘
 *
 * It ends by itself when the next line would not fit into `maxBytes`; what goes on then is no longer written.
 */
export interface RecorderOptions {
  /** Takes a line with its end; whoever gives it sees to the disk. Throws → the recording ends. */
  readonly write: (text: string) => void
  readonly clock: Clock
  readonly maxBytes: number
  /** `buses` and `devices` of the config, without secrets. */
  readonly config: Readonly<Record<string, unknown>>
  /** Called once, when it is full or can't be written. */
  readonly onEnd?: (reason: RecordingEnd) => void
}

export type RecordingEnd = 'size' | 'write-failed' | 'stopped' | 'time'

// Room for the last line.
const END_BYTES = 120

export class Recorder {
  readonly #options: RecorderOptions
  readonly #startedAt: number
  #bytes = 0
  #events = 0
  #ended: RecordingEnd | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#startedAt = options.clock.monotonicMs()
    const startedAt = new Date(options.clock.wallMs()).toISOString()
    const header = { capture: 'vuon', version: CAPTURE_VERSION, startedAt, config: options.config }
    this.#write(`${JSON.stringify(header)}\n`)
  }

  get events(): number {
    return this.#events
  }

  get sizeBytes(): number {
    return this.#bytes
  }

  /** Why it ended; undefined while it records. */
  get ended(): RecordingEnd | undefined {
    return this.#ended
  }

  line(bus: string, line: ByteLine): ByteLine {
    return new RecordedLine(line, (event) =>
      this.#note({ ...event, atMs: this.#atMs(), bus } as CaptureEvent),
    )
  }

  source(bus: string, source: MessageSource): MessageSource {
    return new RecordedSource(source, ({ topic, payload, qos, isRetained }) =>
      this.#note({ kind: 'message', atMs: this.#atMs(), bus, topic, payload, qos, isRetained }),
    )
  }

  end(reason: RecordingEnd): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#write(`${captureLine({ kind: 'end', atMs: this.#atMs(), reason, events: this.#events })}\n`)
    this.#options.onEnd?.(reason)
  }

  #atMs(): number {
    // A tenth of a millisecond tells the pieces of one frame apart; more digits only fill the file.
    return Math.round((this.#options.clock.monotonicMs() - this.#startedAt) * 10) / 10
  }

  #note(event: CaptureEvent): void {
    if (this.#ended !== undefined) return
    const text = `${captureLine(event)}\n`
    if (this.#bytes + Buffer.byteLength(text) + END_BYTES > this.#options.maxBytes) {
      this.end('size')
      return
    }
    this.#events++
    this.#write(text)
  }

  #write(text: string): void {
    this.#bytes += Buffer.byteLength(text)
    try {
      this.#options.write(text)
    } catch {
      // What is recorded must go on being measured.
      const isNews = this.#ended === undefined
      this.#ended = 'write-failed'
      if (isNews) this.#options.onEnd?.('write-failed')
    }
  }
}

type LineEvent =
  | { kind: 'up' | 'down'; detail: string }
  | ({ kind: 'settings' } & LineSettings)
  | { kind: 'sent' | 'heard'; bytes: Uint8Array }

class RecordedLine implements ByteLine {
  readonly #line: ByteLine
  readonly #note: (event: LineEvent) => void
  #noted = ''

  constructor(line: ByteLine, note: (event: LineEvent) => void) {
    this.#line = line
    this.#note = note
  }

  open(listener: LineListener): void {
    this.#line.open({
      onBytes: (bytes) => {
        this.#note({ kind: 'heard', bytes: bytes.slice() })
        listener.onBytes(bytes)
      },
      onBack: () => {
        this.#note({ kind: 'up', detail: this.#line.state().detail })
        listener.onBack()
      },
      onLost: (reason) => {
        this.#note({ kind: 'down', detail: reason })
        listener.onLost(reason)
      },
    })
  }

  close(): Promise<void> {
    return this.#line.close()
  }

  use(settings: LineSettings): Promise<void> {
    const { baudRate, parity, dataBits, stopBits } = settings
    const stated = JSON.stringify([baudRate, parity, dataBits, stopBits])
    if (stated !== this.#noted) this.#note({ kind: 'settings', baudRate, parity, dataBits, stopBits })
    this.#noted = stated
    return this.#line.use(settings)
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#note({ kind: 'sent', bytes: bytes.slice() })
    return this.#line.write(bytes)
  }

  state(): LineState {
    return this.#line.state()
  }
}

class RecordedSource implements MessageSource {
  readonly #source: MessageSource
  readonly #note: (message: BusMessage) => void
  readonly publish?: (topic: string, payload: Uint8Array) => Promise<void>
  readonly subscribe?: (topics: readonly string[]) => void

  constructor(source: MessageSource, note: (message: BusMessage) => void) {
    this.#source = source
    this.#note = note
    // Absent means something: a source that only listens stays one.
    if (source.publish) this.publish = source.publish.bind(source)
    if (source.subscribe) this.subscribe = source.subscribe.bind(source)
  }

  start(deliver: (message: BusMessage) => Promise<void>): Promise<void> {
    return this.#source.start((message) => {
      this.#note(message)
      return deliver(message)
    })
  }

  stop(): Promise<void> {
    return this.#source.stop()
  }

  state(): SourceState {
    return this.#source.state()
  }
}

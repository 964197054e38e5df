import { z } from 'zod'
import type { NoticeStore, SavedNotices } from './notices/notices.ts'
import { readSmallFile, replaceSmallFile, syncFolderOf } from './small-file.ts'

/**
 * What was told and what waits to be told, in one small file beside the journal. An alarm is two writings of a few
 * kilobytes, one before it goes out and one after; a day without alarms is none. Off the event loop, one writing at a
 * time; who asks while one is under way is answered by the next, which has everything since in it.
 */
export class NoticeFile implements NoticeStore {
  readonly #path: string
  readonly #onFault: (code: string, detail: string) => void
  #newest: (() => SavedNotices) | undefined
  #written = ''
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(path: string, onFault: (code: string, detail: string) => void) {
    this.#path = path
    this.#onFault = onFault
  }

  /** One that is damaged is set aside and told: open alarms are then told once more. */
  load(): SavedNotices | null {
    return readSmallFile(
      this.#path,
      (text) => {
        const { version: _, ...saved } = fileSchema.parse(JSON.parse(text))
        this.#written = text
        return saved
      },
      (aside) => this.#onFault('notices-damaged', `set aside as ${aside}; open alarms are told again`),
    )
  }

  keep(newest: () => SavedNotices): Promise<void> {
    this.#newest = newest
    if (!this.#writing) {
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined
      })
      return this.#writing
    }
    // What is being written may be older than this: the answer is that of the next writing.
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined
      return this.keep(this.#newest ?? newest)
    })
    return this.#next
  }

  async #write(): Promise<void> {
    const newest = this.#newest
    if (!newest) return
    const text = JSON.stringify({ version: 1, ...newest() })
    if (text === this.#written) return
    try {
      await replaceSmallFile(this.#path, text)
      await syncFolderOf(this.#path)
      this.#written = text
    } catch (error) {
      this.#onFault('not-stored', `notices: ${(error as Error).message}`)
    }
  }
}

const severity = z.enum(['info', 'warning', 'critical'])
const text = z.string()
const alarm = z.object({
  alarmId: text,
  severity,
  rule: text,
  name: text,
  device: text,
  quantity: text,
  facts: z.record(text, z.union([text, z.number()])),
  raisedAt: z.number(),
})
const notice = z.object({
  key: text,
  state: z.enum(['raised', 'escalated', 'acknowledged', 'cleared', 'test']),
  at: z.number(),
  alarm,
})
const fileSchema = z.object({
  version: z.literal(1),
  told: z.record(text, z.object({ alarm, channels: z.record(text, severity), isAcknowledged: z.boolean() })),
  waiting: z.record(text, z.array(notice)),
  dropped: z.record(text, z.number()),
})

import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { etagOf } from './public-answer.ts'

/** A body in one coding with its whole head, as pairs: on a busy day they are all that a scan costs. */
export interface Coded {
  /** Bytes as a string of Latin-1: node:http sends it with the head in one piece, where a Buffer would be a second. */
  readonly body: string
  readonly head: readonly string[]
}

/** A page that was rendered once: its bytes as each browser takes them, and until when it is what would be rendered. */
export interface KeptPage {
  readonly etag: string
  readonly plain: Coded
  readonly br: Coded
  readonly gzip: Coded
  /** The boxes whose word it is. */
  readonly boxes: readonly string[]
  /** How much had arrived at the province as a whole, and from these boxes and the province, when it was last true. */
  arrivals: number
  readonly ownArrivals: number
  readonly renderedAtMs: number
  readonly quarter: number
  /** An event of it is not in the public log yet, which takes seconds and is no arrival. */
  readonly isWaiting: boolean
}

// A page takes about 60 kB in its three forms: 32 MB are the five hundred lots that are scanned this week.
const MAX_BYTES = 32 * 1024 * 1024
// What other farms do can change a comparison on this page (a borrowed code, a copied diary), not what it says itself.
const OTHERS_MS = 60_000
// Days begin at a quarter of an hour in every time zone; certificates end with their day.
const QUARTER_MS = 15 * 60_000
// New events are in a signed checkpoint within ten seconds.
const WAITING_MS = 5000
// 9 of 11: a tenth of the time for 2 % more bytes.
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_MODE]: 1 } }

const [brotli, zip] = [promisify(brotliCompress), promisify(gzip)]

export interface CacheSources {
  readonly arrivals: () => Promise<number>
  readonly arrivalsOf: (boxes: readonly string[]) => Promise<number>
  readonly nowMs: () => number
}

/**
 * Pages of lots, bounded in bytes, the one that was asked for longest ago going first. A page is used again while nothing
 * has arrived at all; when something has, while it is not from its boxes or the province and a minute is not over.
 */
export class LotCache {
  readonly #pages = new Map<string, KeptPage>()
  readonly #sources: CacheSources
  #sizeBytes = 0
  readonly #rendering = new Map<string, Promise<KeptPage | undefined>>()
  #turn: Promise<number> | undefined

  constructor(sources: CacheSources) {
    this.#sources = sources
  }

  /** The page as it is true now; undefined when it has to be rendered. */
  async get(key: string): Promise<KeptPage | undefined> {
    const page = this.#pages.get(key)
    if (!page) return undefined
    const nowMs = this.#sources.nowMs()
    if (page.quarter !== Math.floor(nowMs / QUARTER_MS)) return undefined
    if (page.isWaiting && nowMs - page.renderedAtMs > WAITING_MS) return undefined
    const arrivals = await this.arrivals()
    if (page.arrivals !== arrivals) {
      if (nowMs - page.renderedAtMs > OTHERS_MS) return undefined
      if (page.ownArrivals !== (await this.#sources.arrivalsOf(page.boxes))) return undefined
      page.arrivals = arrivals
    }
    // Last asked for, last to go.
    this.#pages.delete(key)
    this.#pages.set(key, page)
    return page
  }

  /** Many ask at once for the lot of the day: the first one's page is everybody's. */
  once(key: string, render: () => Promise<KeptPage | undefined>): Promise<KeptPage | undefined> {
    const before = this.#rendering.get(key)
    if (before) return before
    const rendering = render().finally(() => this.#rendering.delete(key))
    this.#rendering.set(key, rendering)
    return rendering
  }

  /** `arrivals` were read before the page was rendered, so that what came meanwhile is not missed. */
  async put(
    key: string,
    html: string,
    head: Readonly<Record<string, string>>,
    made: Pick<KeptPage, 'boxes' | 'arrivals' | 'ownArrivals' | 'isWaiting'>,
  ): Promise<KeptPage> {
    const plain = Buffer.from(html)
    const [br, gzipped] = await Promise.all([brotli(plain, BROTLI), zip(plain)])
    const nowMs = this.#sources.nowMs()
    const etag = etagOf(html)
    const coded = (body: Buffer, coding?: string): Coded => ({
      body: body.toString('latin1'),
      head: Object.entries({
        ...head,
        etag,
        'content-length': String(body.length),
        ...(coding ? { 'content-encoding': coding } : {}),
      }).flat(),
    })
    const page: KeptPage = {
      ...made,
      etag,
      plain: coded(plain),
      br: coded(br, 'br'),
      gzip: coded(gzipped, 'gzip'),
      renderedAtMs: nowMs,
      quarter: Math.floor(nowMs / QUARTER_MS),
    }
    this.#drop(key)
    this.#pages.set(key, page)
    this.#sizeBytes += sizeOf(page)
    for (const [oldest] of this.#pages) {
      if (this.#sizeBytes <= MAX_BYTES) break
      this.#drop(oldest)
    }
    return page
  }

  /** Asked of the store once for all requests of one turn of the event loop. */
  arrivals(): Promise<number> {
    if (!this.#turn) {
      this.#turn = this.#sources.arrivals()
      setImmediate(() => {
        this.#turn = undefined
      })
    }
    return this.#turn
  }

  #drop(key: string): void {
    const page = this.#pages.get(key)
    if (!page) return
    this.#pages.delete(key)
    this.#sizeBytes -= sizeOf(page)
  }
}

const sizeOf = ({ plain, br, gzip: zipped }: KeptPage): number =>
  plain.body.length + br.body.length + zipped.body.length

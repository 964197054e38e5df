import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { bookSource } from '../../../agent/book-source.ts'
import type { BookSettings } from '../../../agent/farm-book/activity-input.ts'
import { BookEntries } from '../../../agent/farm-book/book-entries.ts'
import { FarmBook } from '../../../agent/farm-book/farm-book.ts'
import { Journal } from '../../../agent/journal/journal.ts'
import { LabelDesk } from '../../../agent/label-desk.ts'
import { BoxPage } from '../../../agent/page/box-page.ts'
import type { BoxOverview, PageOptions, PageSources } from '../../../agent/page/page-sources.ts'
import { readPageCode } from '../../../agent/page/people.ts'
import type { PhotoDoor } from '../../../agent/page/photo-door.ts'
import type { PrinterConfig } from '../../../agent/printer-config.ts'
import type { Clock, TimeQuality } from '../../../contract/ground/clock.ts'
import { newSeed, secretKeyFromSeed, sha256 } from '../../../contract/ground/node/crypto.ts'
import { systemClock } from '../../../contract/ground/node/system-clock.ts'
import type { Allocation } from '../../../contract/wire/sync-protocol.ts'
import { QUICK_PIN } from '../../world/quick-hash.ts'
import { temporaryFolder } from '../../world/real-services.ts'

/** A box whose farm book and journal are the real ones; what its devices say is written by the test. */
export const NOON = Date.parse('2026-11-23T05:00:00Z')

export class HandClock implements Clock {
  ms = 1000
  wall = NOON
  wallMs = (): number => this.wall + this.ms - 1000
  monotonicMs = (): number => this.ms
  after(): () => void {
    return () => undefined
  }
  /** Really waits its turn, so that group commits of the journal go on. */
  advance(ms: number): void {
    this.ms += ms
  }
}

export const PRODUCTS: Allocation[] = [
  {
    gtin: '09521234000013',
    crop: 'dragon-fruit',
    productVi: 'Thanh long ruột đỏ loại 1',
    productEn: 'Red dragon fruit, grade 1',
    growingArea: { gln: '9521234000006', code: 'VN-LDOR-0123' },
  },
  {
    gtin: '09521234000020',
    crop: 'dragon-fruit',
    productVi: 'Thanh long ruột trắng',
    productEn: 'White dragon fruit',
  },
  { gtin: '09521234000037', crop: 'durian', productVi: 'Sầu riêng Ri6', productEn: 'Durian Ri6' },
]

export const PLOTS = [
  { id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1.2 },
  { id: 'lo-b', name: 'Lô B', crop: 'durian', areaHa: 0.8 },
]

export interface PretendBox {
  readonly page: BoxPage
  readonly app: FastifyInstance
  readonly clock: HandClock
  readonly dataDir: string
  readonly sources: PageSources
  readonly errors: object[]
  readonly journal: Journal
  overview: BoxOverview
  close(): Promise<void>
}

export async function pretendBox(
  wishes: {
    isClaimed?: boolean
    timeQuality?: TimeQuality
    overview?: Partial<BoxOverview>
    options?: Partial<PageOptions>
    dataDir?: string
    plots?: typeof PLOTS
    printers?: readonly PrinterConfig[]
    settings?: BookSettings
    photos?: PhotoDoor
  } = {},
): Promise<PretendBox> {
  const { isClaimed = true, timeQuality = 'synchronised', plots = PLOTS } = wishes
  const dataDir = wishes.dataDir ?? temporaryFolder()
  const clock = new HandClock()
  const strong = (length: number) => new Uint8Array(randomBytes(length))
  const journal = await Journal.open({
    path: join(dataDir, 'journal.db'),
    clock: { ...clock, wallMs: clock.wallMs, monotonicMs: clock.monotonicMs, after: soon },
    randomBytes: strong,
    lossWindowMs: 0,
    isInWorker: false,
  })
  journal.setTimeQuality(timeQuality)
  const key = secretKeyFromSeed(newSeed())
  const identity = {
    agent: 'agent-1',
    keyId: '0123456789abcdef',
    key,
    boxCode: '7K3M',
    publicUrl: 'https://vuon.example',
    allocations: PRODUCTS,
  }
  const book = new FarmBook({
    journal,
    plots,
    identity: () => (isClaimed ? identity : null),
    timeQuality: () => timeQuality,
    zoneOffset: '+07:00',
    sha256,
    newId: () => Buffer.from(randomBytes(8)).toString('hex'),
    findingModel: async (id) => (await wishes.photos?.recent(1))?.find(({ findingId }) => findingId === id),
    isPhotoKept: (hash) => wishes.photos?.photo(hash) !== undefined,
    ...(wishes.settings ? { settings: wishes.settings } : {}),
  })
  const overview: BoxOverview = {
    farm: isClaimed ? { name: 'Vườn Hai Lúa', commune: 'Hàm Thạnh', province: 'Lâm Đồng' } : null,
    boxCode: isClaimed ? '7K3M' : null,
    clock: timeQuality,
    devices: [],
    buses: [],
    alarms: [],
    journal: {
      readings: 0,
      sizeBytes: 65_536,
      quotaBytes: 2_000_000_000,
      lossWindowMs: 1000,
      lastCommitMs: 4.2,
      setAside: null,
      lanes: [],
    },
    uplink: null,
    ...wishes.overview,
  }
  const errors: object[] = []
  const box: Omit<PretendBox, 'page' | 'app' | 'close'> = {
    clock,
    dataDir,
    errors,
    journal,
    overview,
    sources: {
      nowMs: () => journal.now(),
      overview: async () => box.overview,
      history: (seriesNo, fromT, toT, buckets) => journal.history(seriesNo, fromT, toT, buckets),
      farmBook: {
        plots: book.plots,
        get products() {
          return book.products
        },
        today: () => book.today(),
        recordHarvest: (input) => book.recordHarvest(input),
        lots: (limit) => book.lots(limit),
        lot: (number) => book.lot(number),
      },
      ...(wishes.photos ? { photos: wishes.photos } : {}),
      book: bookSource(book, '+07:00', { now: () => journal.now(), farm: () => box.overview.farm }),
      labels: new LabelDesk({
        ...{ book, entries: new BookEntries(journal), clock: systemClock, timeZone: 'Asia/Ho_Chi_Minh' },
        printers: wishes.printers ?? [],
        farm: () => box.overview.farm,
      }),
    },
  }
  const options: PageOptions = {
    host: '127.0.0.1',
    port: 0,
    language: 'vi',
    timeZone: 'Asia/Ho_Chi_Minh',
    hostNames: [],
    readingNeedsPin: false,
    dataDir,
    ...wishes.options,
  }
  const page = new BoxPage(options, box.sources, {
    clock,
    randomBytes: strong,
    pinCost: QUICK_PIN,
    log: { error: (facts) => errors.push(facts) },
    routes: (app) => app.get('/healthz', async () => ({ status: 'ok' })),
  })
  const app = await page.serve()
  return Object.assign(box, {
    page,
    app,
    async close() {
      await page.close()
      await journal.close()
    },
  })
}

// The journal's commits run at once: how long they may wait is not this suite's question.
const soon = (_delayMs: number, run: () => void): (() => void) => {
  const timer = setImmediate(run)
  return () => clearImmediate(timer)
}

/** A phone: keeps cookies, reads the hidden fields of the page that it looks at. */
export class Phone {
  readonly #app: FastifyInstance
  readonly cookies = new Map<string, string>()
  readonly headers: Record<string, string>
  hidden: Record<string, string> = {}

  constructor(app: FastifyInstance, headers: Record<string, string> = {}) {
    this.#app = app
    this.headers = { host: '192.168.1.20:8080', ...headers }
  }

  async get(url: string): Promise<LightMyRequestResponse> {
    const answer = await this.#app.inject({ method: 'GET', url, headers: this.#all() })
    return this.#keep(answer)
  }

  /** Sends a form of the page that was looked at last, with its hidden fields. */
  async post(
    url: string,
    fields: Record<string, string>,
    headers: Record<string, string> = { origin: 'http://192.168.1.20:8080' },
  ): Promise<LightMyRequestResponse> {
    const answer = await this.#app.inject({
      method: 'POST',
      url,
      headers: { ...this.#all(), 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams({ ...this.hidden, ...fields }).toString(),
    })
    return this.#keep(answer)
  }

  #all(): Record<string, string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return cookie ? { ...this.headers, cookie } : this.headers
  }

  #keep(answer: LightMyRequestResponse): LightMyRequestResponse {
    for (const { name, value } of answer.cookies)
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    if (answer.body.includes('type="hidden"')) {
      this.hidden = {}
      for (const [, name = '', value = ''] of answer.body.matchAll(
        /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
      ))
        this.hidden[name] = value.replaceAll(/&#(\d+);/g, (_, code: string) =>
          String.fromCharCode(Number(code)),
        )
    }
    return answer
  }
}

/** A phone whose owner is the box's first person, with the PIN 2580. */
export async function signedInPhone(box: PretendBox, name = 'Chị Sáu'): Promise<Phone> {
  const phone = new Phone(box.app)
  await phone.get('/people/first')
  const code = readPageCode(box.dataDir) ?? ''
  const answer = await phone.post('/people/first', { code, name, newPin: '2580', newAgain: '2580' })
  if (answer.statusCode !== 303) throw new Error(`the first person was not taken: ${answer.body}`)
  return phone
}

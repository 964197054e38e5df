import { readPageCode } from '../../agent/page/people.ts'
import { FormVisitor } from '../../test/world/form-visitor.ts'
import type { MqttNodes } from '../../test/world/mqtt-nodes.ts'
import { readLabel } from '../../test/world/read-label.ts'
import type { RealProgram } from '../../test/world/real-programs.ts'

export interface Journey {
  readonly province: RealProgram
  readonly box: RealProgram
  readonly farmId: string
  readonly dataDir: string
  readonly email: string
  readonly password: string
  readonly nodes: MqttNodes | undefined
}

export interface HarvestedLot {
  readonly gtin: string
  readonly lot: string
  /** What a scanner read from the label. */
  readonly uri: string
  readonly pin: string
  readonly person: string
  readonly savedMs: number
  readonly publicMs: number
  readonly pageBytes: number
}

const PIN = '273645'
const PERSON = 'Cô Sáu'
const PUBLIC_WITHIN_MS = 30_000

/** A person enters a harvest on the box's page; its label is scanned, and the address it carries is opened. */
export async function harvestOnce({ box, dataDir }: Journey): Promise<HarvestedLot> {
  await waitForClock(box)
  const visitor = FormVisitor.to(box.url)
  const first = await visitor.open('/people/first')
  const code = readPageCode(dataDir) ?? ''
  await visitor.submit(first, '/people/first', { code, name: PERSON, newPin: PIN, newAgain: PIN })
  const form = await visitor.open('/harvest?plot=lo-a')
  const started = performance.now()
  const saved = await visitor.submit(form, '/harvest', { mass: '120,5' })
  const savedMs = performance.now() - started
  const lot = /\/lots\/([0-9A-Z]{13})/.exec(saved.path)?.[1]
  if (!lot) throw new Error(`the harvest was not saved: ${saved.path} answered ${saved.status}`)
  const label = await visitor.open(`/lots/${lot}/label.svg`)
  const [uri] = await readLabel(label.html)
  if (!uri) throw new Error('the QR code on the label can not be read')
  const pageBytes = await waitForLotPage(uri, lot)
  const gtin = /\/01\/(\d{14})\//.exec(uri)?.[1] ?? ''
  return {
    gtin,
    lot,
    uri,
    pin: PIN,
    person: PERSON,
    savedMs,
    publicMs: performance.now() - started,
    pageBytes,
  }
}

/** A box without NTP learns the time from the province in its first seconds; then a harvest can be dated. */
async function waitForClock(box: RealProgram): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { clock } = (await (await fetch(`${box.url}/api/overview`)).json()) as { clock: string }
    if (clock !== 'unknown') return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the box did not learn the time within 10 s')
}

/** Resolves with the size of the page on the wire as soon as the province shows the lot. */
async function waitForLotPage(uri: string, lot: string): Promise<number> {
  const deadline = performance.now() + PUBLIC_WITHIN_MS
  for (;;) {
    const answer = await fetch(uri, { headers: { 'accept-encoding': 'br' } })
    const text = await answer.text()
    if (answer.ok && text.includes(lot)) return bytesOnTheWire(uri)
    if (performance.now() > deadline) throw new Error(`${uri} answers ${answer.status} after 30 s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** fetch unpacks bodies, so the compressed one is counted below it. */
async function bytesOnTheWire(uri: string): Promise<number> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const asked = request(uri, { headers: { 'accept-encoding': 'br' } }, (answer) => {
      let bytes = 0
      answer.on('data', (part: Uint8Array) => {
        bytes += part.length
      })
      answer.on('end', () => resolve(bytes))
    })
    asked.on('error', reject)
    asked.end()
  })
}

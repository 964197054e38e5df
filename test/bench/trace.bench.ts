/**
 * Traceability events: how many a second are captured (checked, hashed, signed into the province's log, indexed), and
 * how long questions take with 10⁴ and 10⁵ events there; with the word `million` 10⁶ as well.
 *
 *   npm run bench -- trace [--out] [million]
 *
 * A season of a province: lots are picked, packed, put on pallets, shipped; every seventh event carries temperatures.
 * Questions go the way of HTTP, without the socket; each figure is the middle one of its runs.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { checkDigit } from '#contract/trace/digital-link.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { sayFigure } from './figures.ts'

const SIZES = [10_000, 100_000, ...(process.argv.includes('million') ? [1_000_000] : [])]
const DOCUMENT = 1000
const RUNS = 7
// Nobody should wait longer for a screen than this.
const BOUND_MS = 1000

const dataDir = mkdtempSync(join(tmpdir(), 'vuon-trace-'))
let drawn = 0
const gateway = new Gateway(gatewayConfigSchema.parse({ dataDir, log: 'silent' }), {
  clock: systemClock,
  random: Math.random,
  randomBytes: (length) => sha256(new TextEncoder().encode(`bench ${drawn++}`)).subarray(0, length),
  withProcessMetrics: false,
})
try {
  const app = await gateway.serve()
  const token = await gateway.newToken({
    name: 'bench',
    scopes: ['epcis-read', 'epcis-capture'],
    farmIds: 'all',
  })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  let captured = 0
  for (const size of SIZES) {
    const before = captured
    const begun = performance.now()
    for (; captured < size; captured += DOCUMENT) await capture(captured)
    const seconds = (performance.now() - begun) / 1000
    const bytes = statSync(join(dataDir, 'gateway.db')).size
    sayFigure({
      bench: 'trace',
      what: `events captured, from ${before} to ${size}`,
      figure: Math.round((size - before) / seconds),
      unit: 'events/s',
      bytesAnEvent: Math.round(bytes / size),
    })
    for (const [what, question] of questions(size)) await measure(what, question, size)
  }

  async function capture(from: number): Promise<void> {
    const events = Array.from({ length: DOCUMENT }, (_, index) => eventNo(from + index))
    const answer = await app.inject({
      method: 'POST',
      url: '/epcis/v2/capture',
      headers,
      payload: JSON.stringify({
        '@context': 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld',
        type: 'EPCISDocument',
        schemaVersion: '2.0',
        creationDate: '2026-11-27T00:00:00Z',
        epcisBody: { eventList: events },
      }),
    })
    for (;;) {
      const job = (await app.inject({ url: String(answer.headers.location), headers })).json() as Record<
        string,
        unknown
      >
      if (job['running'] === false) {
        if (job['success'] !== true) throw new Error(JSON.stringify(job).slice(0, 500))
        return
      }
      await new Promise(setImmediate)
    }
  }

  async function measure(what: string, question: string, size: number): Promise<void> {
    const times: number[] = []
    let answered = 0
    for (let run = 0; run < RUNS; run++) {
      const begun = performance.now()
      const answer = await app.inject({ url: `/epcis/v2${question}`, headers })
      times.push(performance.now() - begun)
      if (answer.statusCode !== 200) throw new Error(answer.body)
      const body = answer.json() as {
        member?: unknown[]
        epcisBody?: { queryResults: { resultsBody: { eventList: unknown[] } } }
      }
      answered = (body.member ?? body.epcisBody?.queryResults.resultsBody.eventList ?? []).length
    }
    const figure = Number((times.sort((a, b) => a - b)[RUNS >> 1] as number).toFixed(1))
    sayFigure({
      bench: 'trace',
      what: `${what}, ${size} events`,
      figure,
      unit: 'ms',
      floor: BOUND_MS,
      floorIs: 'bound',
      longest: Math.round(times.at(-1) as number),
      answered,
    })
  }
} finally {
  await gateway.stop()
  rmSync(dataDir, { recursive: true, force: true })
}

/** Lots of a hundred farms, four events each: picked, packed, on a pallet, shipped. */
function eventNo(no: number): Record<string, unknown> {
  const lot = Math.floor(no / 4)
  const picked = `https://id.gs1.org/01/09521234567899/10/L${lot}`
  const packed = `https://id.gs1.org/01/19521234567896/10/P${lot}`
  const digits = `09521234${String(lot).padStart(9, '0')}`
  const pallet = `https://id.gs1.org/00/${digits}${checkDigit(digits)}`
  const area = { id: `https://id.gs1.org/414/9521234000006/254/VN-${lot % 100}` }
  const common = {
    // One every half minute: a million is a year.
    eventTime: new Date(Date.UTC(2026, 0, 1) + no * 30_000).toISOString(),
    eventTimeZoneOffset: '+07:00',
  }
  switch (no % 4) {
    case 0:
      return {
        type: 'ObjectEvent',
        ...common,
        action: 'ADD',
        bizStep: 'commissioning',
        disposition: 'active',
        quantityList: [{ epcClass: picked, quantity: 100 + (lot % 400), uom: 'KGM' }],
        readPoint: area,
        bizLocation: area,
        ...(lot % 2 === 0 ? { sensorElementList: [temperatures(lot)] } : {}),
      }
    case 1:
      return {
        type: 'TransformationEvent',
        ...common,
        bizStep: 'packing',
        inputQuantityList: [{ epcClass: picked, quantity: 100 + (lot % 400), uom: 'KGM' }],
        outputQuantityList: [{ epcClass: packed, quantity: 90 + (lot % 400), uom: 'KGM' }],
        readPoint: { id: 'https://id.gs1.org/414/9521234000013' },
      }
    case 2:
      return {
        type: 'AggregationEvent',
        ...common,
        action: 'ADD',
        bizStep: 'loading',
        parentID: pallet,
        childQuantityList: [{ epcClass: packed, quantity: 40, uom: 'KGM' }],
        readPoint: { id: 'https://id.gs1.org/414/9521234000013' },
      }
    default:
      return {
        type: 'ObjectEvent',
        ...common,
        action: 'OBSERVE',
        bizStep: lot % 5000 === 7 ? 'destroying' : 'shipping',
        disposition: 'in_transit',
        epcList: [pallet],
        bizTransactionList: [
          { type: 'po', bizTransaction: `https://mua.example.vn/po/${Math.floor(lot / 20)}` },
        ],
      }
  }
}

function temperatures(lot: number): Record<string, unknown> {
  return {
    sensorMetadata: { startTime: '2026-01-01T00:00:00Z', endTime: '2026-01-31T00:00:00Z' },
    sensorReport: [
      { type: 'Temperature', meanValue: 20 + (lot % 150) / 10, minValue: 18, maxValue: 36, uom: 'CEL' },
    ],
  }
}

/** What a screen and an integrator ask; half of it is about little among much, half about much. */
function questions(size: number): [string, string][] {
  const lot = Math.floor(size / 8)
  const uri = encodeURIComponent(`https://id.gs1.org/01/09521234567899/10/L${lot}`)
  const area = encodeURIComponent('https://id.gs1.org/414/9521234000006/254/VN-7')
  const gln = encodeURIComponent('https://id.gs1.org/414/9521234000006')
  return [
    ['the newest 30', '/events'],
    ['every event of a lot', `/events?MATCH_anyEPCClass=${uri}`],
    ['a rare step', '/events?EQ_bizStep=destroying'],
    ['a common step', '/events?EQ_bizStep=shipping'],
    ['a step of one growing area', `/events?EQ_bizStep=commissioning&EQ_readPoint=${area}`],
    ['a place with all that is in it', `/events?WD_readPoint=${gln}&EQ_action=ADD`],
    [
      'an order',
      `/events?EQ_bizTransaction_po=${encodeURIComponent(`https://mua.example.vn/po/${Math.floor(lot / 20)}`)}`,
    ],
    ['hotter than 94.6 F on average', '/events?EQ_type=Temperature&GE_meanValue_FAH=94.6'],
    [
      'a sum in grams in one week',
      '/events?GE_quantity_GRM=450000&GE_eventTime=2026-01-02T00:00:00Z&LT_eventTime=2026-01-09T00:00:00Z',
    ],
    ['all lots of a GTIN', '/events?MATCH_anyEPCClass=urn:epc:class:lgtin:9521234.156789.*'],
    ['all lots of a company', '/events?MATCH_anyEPCClass=urn:epc:class:lgtin:9521234.*.*'],
    ['what there is none of, among much', '/events?EQ_action=ADD&EQ_bizStep=shipping'],
    [
      'lots that were shipped, of which there is none either',
      '/events?EQ_bizStep=shipping&MATCH_anyEPCClass=urn:epc:class:lgtin:9521234.156789.*',
    ],
    ['100 growing areas by name', `/readPoints?perPage=100`],
  ]
}

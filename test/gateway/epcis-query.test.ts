import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { parseEventQuery } from '#contract/trace/epcis-query.ts'
import { eventIndexMigrations } from '../../gateway/projections/event-index.ts'
import { selectEvents } from '../../gateway/trace/epcis/select-events.ts'
import { EpcisClient, eventsIn, idOf, observed } from './epcis-client.ts'

const LOT_A = 'https://id.gs1.org/01/09521234567899/10/A1'
const LOT_A_URN = 'urn:epc:class:lgtin:9521234.056789.A1'
const AREA = 'https://id.gs1.org/414/9521234000006/254/VN-01'
const PARCEL = 'urn:epc:id:sgln:9521234.00000.VN-02'
const GLN = 'https://id.gs1.org/414/9521234000006'

const EVENTS = [
  observed(1, {
    action: 'ADD',
    bizStep: 'commissioning',
    disposition: 'active',
    quantityList: [{ epcClass: LOT_A_URN, quantity: 120, uom: 'KGM' }],
    readPoint: { id: AREA, 'ex:loKho': 7 },
    bizLocation: { id: AREA },
    ilmd: {
      'cbvmda:lotNumber': 'A1',
      'ex:brix': 14.5,
      'ex:picked': '2026-11-01T05:00:00+07:00',
      'ex:grade': { 'ex:name': 'VIP' },
    },
    'ex:truck': ['51C-1', '51C-2'],
    'ex:cold': { 'ex:setpoint': 8 },
  }),
  observed(2, {
    type: 'TransformationEvent',
    action: undefined,
    epcList: undefined,
    bizStep: 'packing',
    inputQuantityList: [{ epcClass: LOT_A, quantity: 50_000, uom: 'GRM' }],
    outputQuantityList: [
      { epcClass: 'https://id.gs1.org/01/19521234567896/10/B7', quantity: 40, uom: 'KGM' },
    ],
    outputEPCList: ['urn:epc:id:sgtin:9521234.156789.X1'],
    transformationID: 'urn:uuid:11111111-0000-4000-8000-000000000000',
    persistentDisposition: { set: ['completeness_verified'], unset: ['needs_replacement'] },
    readPoint: { id: PARCEL },
  }),
  observed(3, {
    type: 'AggregationEvent',
    epcList: undefined,
    action: 'ADD',
    parentID: 'urn:epc:id:sscc:9521234.0000000001',
    childEPCs: ['https://nha-dong-goi.vn/kho/01/19521234567896/21/X1'],
    readPoint: { id: GLN },
    disposition: 'in_progress',
  }),
  observed(4, {
    bizStep: 'shipping',
    epcList: ['https://id.gs1.org/00/095212340000000013'],
    bizTransactionList: [{ type: 'po', bizTransaction: 'http://mua.example.vn/po/77' }],
    sourceList: [{ type: 'owning_party', source: 'urn:epc:id:pgln:9521234.00000' }],
    destinationList: [{ type: 'https://ex.vn/type/agent', destination: 'https://ex.vn/dai-ly/1' }],
    certificationInfo: 'https://giay.example.vn/1',
  }),
  observed(5, {
    bizStep: 'sensor_reporting',
    epcList: undefined,
    readPoint: { id: AREA },
    sensorElementList: [
      {
        sensorMetadata: {
          time: '2026-11-05T00:00:00Z',
          startTime: '2026-11-04T00:00:00Z',
          deviceID: 'urn:epc:id:giai:9521234.P1',
          'ex:battery': 3.6,
        },
        sensorReport: [
          {
            type: 'gs1:Temperature',
            value: 10,
            uom: 'CEL',
            minValue: 8,
            maxValue: 12,
            sDev: 1.8,
            percRank: 50,
            'ex:depth': 20,
            dataProcessingMethod: 'https://ex.vn/model/1',
          },
          {
            type: 'Count',
            microorganism: 'https://www.ncbi.nlm.nih.gov/Taxonomy/5455',
            booleanValue: true,
            hexBinaryValue: 'BEEF',
          },
        ],
        'ex:site': 'north',
      },
    ],
  }),
]

/** Somebody who may see everything. */
const EVERYTHING = { id: 'x', farmIds: 'all' as const, mayRead: true, mayCapture: false }

/** Every question with the days whose events it finds, oldest first. */
const QUESTIONS: readonly (readonly [Record<string, string>, readonly number[]])[] = [
  [{}, [1, 2, 3, 4, 5]],
  [{ eventType: 'ObjectEvent|AggregationEvent' }, [1, 3, 4, 5]],
  [{ GE_eventTime: '2026-11-02T00:30:00Z', LT_eventTime: '2026-11-04T07:30:00+07:00' }, [2, 3]],
  // The clock of the test stands at noon.
  [{ GE_recordTime: '2026-11-23T12:00:00Z' }, [1, 2, 3, 4, 5]],
  [{ LT_recordTime: '2026-11-23T19:00:00+07:00' }, []],
  [{ EQ_action: 'ADD' }, [1, 3]],
  [{ EQ_bizStep: 'https://ref.gs1.org/cbv/BizStep-shipping|commissioning' }, [1, 4]],
  [{ EQ_bizStep: 'urn:epcglobal:cbv:bizstep:packing' }, [2]],
  [{ EQ_disposition: 'active' }, [1]],
  [{ EQ_persistentDisposition_set: 'completeness_verified' }, [2]],
  [{ EQ_persistentDisposition_unset: 'completeness_verified' }, []],
  [{ EQ_persistentDisposition_unset: 'cbv:Disp-needs_replacement' }, [2]],
  // One thing, however it is written.
  [{ MATCH_anyEPCClass: LOT_A }, [1, 2]],
  [{ MATCH_anyEPCClass: LOT_A_URN }, [1, 2]],
  [{ MATCH_anyEPCClass: 'https://tem.example.vn/x/01/09521234567899/10/A1?17=270101' }, [1, 2]],
  [{ MATCH_epcClass: LOT_A }, [1]],
  [{ MATCH_inputEPCClass: LOT_A }, [2]],
  [{ MATCH_outputEPCClass: LOT_A }, []],
  [{ MATCH_anyEPCClass: 'urn:epc:class:lgtin:9521234.056789.*' }, [1, 2]],
  [{ MATCH_anyEPCClass: 'https://id.gs1.org/01/09521234567899/10/*' }, [1, 2]],
  [{ MATCH_anyEPCClass: 'urn:epc:class:lgtin:9521234.*.*' }, [1, 2]],
  [{ MATCH_anyEPCClass: 'urn:epc:idpat:lgtin:9521235.*.*' }, []],
  [{ MATCH_epc: 'urn:epc:id:sgtin:9521234.156789.X1' }, [3]],
  [{ MATCH_outputEPC: 'urn:epc:id:sgtin:9521234.156789.X1' }, [2]],
  [{ MATCH_anyEPC: 'https://id.gs1.org/01/19521234567896/21/X1' }, [2, 3]],
  [{ MATCH_anyEPC: 'urn:epc:idpat:sgtin:9521234.156789.*' }, [2, 3]],
  [{ MATCH_anyEPC: 'urn:epc:idpat:sgtin:9521234.*.*' }, [2, 3]],
  [{ MATCH_epc: 'urn:epc:idpat:sscc:9521234.*' }, [4]],
  [{ MATCH_parentID: 'https://id.gs1.org/00/095212340000000013' }, [3]],
  [{ MATCH_inputEPC: 'urn:epc:id:sgtin:9521234.156789.X1' }, []],
  [{ EQ_readPoint: 'urn:epc:id:sgln:9521234.00000.VN-01' }, [1, 5]],
  [{ EQ_readPoint: GLN }, [3]],
  [{ WD_readPoint: GLN }, [1, 2, 3, 5]],
  [{ WD_bizLocation: GLN }, [1]],
  [{ WD_readPoint: 'https://id.gs1.org/414/9521234000013' }, []],
  [{ EQ_transformationID: 'urn:uuid:11111111-0000-4000-8000-000000000000' }, [2]],
  [{ EQ_bizTransaction_po: 'http://mua.example.vn/po/77' }, [4]],
  [{ EQ_bizTransaction_inv: 'http://mua.example.vn/po/77' }, []],
  [{ EQ_source_owning_party: 'https://id.gs1.org/417/9521234000006' }, [4]],
  [{ 'EQ_destination_https://ex.vn/type/agent': 'https://ex.vn/dai-ly/1' }, [4]],
  [{ EQ_eventID: `${idOf(2)}|${idOf(5)}` }, [2, 5]],
  [{ EQ_quantity: '120|7' }, [1]],
  [{ GE_quantity_KGM: '50' }, [1, 2]],
  [{ GT_quantity_KGM: '50', MATCH_anyEPCClass: LOT_A }, [1]],
  [{ LE_quantity_GRM: '40000' }, [2]],
  [{ EQ_quantity_TNE: '0.05' }, [2]],
  [{ LT_quantity_LTR: '1000' }, []],
  [{ EXISTS_sensorElement: '' }, [5]],
  [{ EXISTS_sensorElementList: 'true' }, [5]],
  [{ EXISTS_errorDeclaration: '' }, []],
  [{ EQ_type: 'Temperature' }, [5]],
  [{ EQ_type: 'https://gs1.org/voc/Temperature', GE_value_KEL: '283.15' }, [5]],
  [{ GE_value_KEL: '283.16' }, []],
  [{ EQ_value_FAH: '50' }, [5]],
  [{ GE_minValue_CEL: '8', LT_maxValue_CEL: '12.1' }, [5]],
  [{ LE_sDev_KEL: '1.8' }, [5]],
  [{ GE_sDev_FAH: '3.3' }, []],
  [{ GE_percRank: '50' }, [5]],
  [{ EQ_deviceID: 'https://id.gs1.org/8004/9521234P1' }, [5]],
  [{ EQ_dataProcessingMethod: 'https://ex.vn/model/1' }, [5]],
  [{ EQ_microorganism: 'https://www.ncbi.nlm.nih.gov/Taxonomy/5455' }, [5]],
  [{ EQ_booleanValue: 'true', EQ_hexBinaryValue: 'beef' }, [5]],
  [{ GE_time: '2026-11-05T00:00:00Z', LT_startTime: '2026-11-04T00:00:01Z' }, [5]],
  [{ LT_time: '2026-11-05T00:00:00Z' }, []],
  // What the author added, at its place, inside and outside.
  [{ 'EQ_ex:truck': '51C-2|51C-9' }, [1]],
  [{ 'EQ_{https://ns.example.vn/}truck': '51C-1' }, [1]],
  [{ 'EXISTS_ex:truck': '' }, [1]],
  [{ 'EXISTS_INNER_ex:truck': '' }, []],
  [{ 'GE_INNER_ex:setpoint': '8', 'EXISTS_ex:cold': '' }, [1]],
  [{ 'EQ_ILMD_cbvmda:lotNumber': 'A1' }, [1]],
  [{ 'GT_ILMD_ex:brix': '14', 'LE_ILMD_ex:brix': '14.5' }, [1]],
  [{ 'EQ_ILMD_ex:brix': '14.50' }, [1]],
  [{ 'GE_ILMD_ex:picked': '2026-10-31T22:00:00Z' }, [1]],
  [{ 'GT_ILMD_ex:picked': '2026-10-31T22:00:00Z' }, []],
  [{ 'EXISTS_INNER_ILMD_ex:name': '' }, [1]],
  [{ 'EQ_INNER_ILMD_ex:name': 'VIP' }, [1]],
  [{ 'EQ_readPoint_ex:loKho': '7' }, [1]],
  [{ 'EQ_SENSORELEMENT_ex:site': 'north' }, [5]],
  [{ 'GE_SENSORMETADATA_ex:battery': '3.6' }, [5]],
  [{ 'LT_SENSORREPORT_ex:depth': '20' }, []],
  [{ 'LE_SENSORREPORT_ex:depth': '20' }, [5]],
  [{ 'EXISTS_zz:nobody': '' }, []],
]

const WRONG: readonly (readonly [string, number, string])[] = [
  ['EQ_bizSteps=shipping', 400, 'There is no parameter EQ_bizSteps'],
  ['GE_eventTime=yesterday', 400, 'GE_eventTime is not one date'],
  ['GE_quantity=many', 400, 'GE_quantity is one number'],
  ['EQ_bizStep=', 400, 'EQ_bizStep has an empty value'],
  ['orderBy=size', 400, 'orderBy can not be'],
  ['orderDirection=UP', 400, 'orderDirection is ASC or DESC'],
  ['eventCountLimit=5&maxEventCount=5', 400, 'beside eventCountLimit'],
  ['eventCountLimit=0', 400, 'eventCountLimit is a whole number'],
  ['perPage=0', 400, 'perPage is a whole number'],
  ['nextPageToken=x.y', 400, 'nextPageToken is not one of this question'],
  ['HASATTR_recordTime=b', 400, 'asks for the attributes of what has none'],
  ['EQATTR_readPoint=b', 400, 'names no attribute'],
  ['EXISTS_errorDeclaration=false', 400, 'asks for what is there'],
  ['maxEventCount=4', 413, 'more than 4 events'],
  [`EQ_eventID=${'a|'.repeat(1001)}a`, 413, 'more than 1000 values'],
  [`EQ_eventID=${'a'.repeat(8000)}`, 414, 'more than 8000 characters'],
]

it('finds by every parameter of the query language, and by nothing else', async () => {
  const client = await EpcisClient.open()
  expect(await client.capture(EVENTS, {}, [{ ex: 'https://ns.example.vn/' }])).toMatchObject({ errors: [] })
  for (const [question, days] of QUESTIONS) {
    const asked = { ...question, orderDirection: 'ASC' }
    expect(await client.find(asked), JSON.stringify(question)).toEqual(days.map(idOf))
    // As if every set were too large to be fetched: each way of walking through them finds the same.
    const query = parseEventQuery({ ...question, orderDirection: 'DESC' }, 'url')
    for (const stride of [1, 2, 100]) {
      const page = { size: 30, stride, few: 0 }
      const { events } = await selectEvents(client.province.gateway.db, EVERYTHING, query, page)
      const found = events.map(({ event }) => event['eventID'])
      expect(found, `${JSON.stringify(question)} ${stride}`).toEqual(days.map(idOf).toReversed())
    }
  }
  for (const [question, status, said] of WRONG) {
    const answer = await client.request('GET', `/events?${question}`)
    expect([answer.statusCode, answer.json().detail], question.slice(0, 80)).toEqual([
      status,
      expect.stringContaining(said),
    ])
  }
  // In the order of what an author added; what does not have it stands at the end of a falling order.
  expect((await client.find({ orderBy: 'ex:brix' })).length).toBe(5)
  expect(await client.find({ orderBy: 'recordTime', eventCountLimit: '2' })).toHaveLength(2)
  expect(await client.find({ maxEventCount: '5' })).toHaveLength(5)
})

it('gives events that were noted before their kinds and families', async () => {
  const client = await EpcisClient.open()
  const { db } = client.province.gateway
  // One whose kind does not tell, since a word of it is too long.
  const strange = observed(6, { bizStep: `https://ns.example.vn/${'x'.repeat(170)}` })
  await client.capture([...EVENTS, strange], {}, [{ ex: 'https://ns.example.vn/' }])
  const words = () => client.province.rows('SELECT * FROM event_word ORDER BY name, value, ref')
  const before = await words()
  const added = sql`name = 'kind' OR (name LIKE '%<' AND name NOT IN ('readPoint<', 'bizLocation<'))`
  const { numAffectedRows } = await sql`DELETE FROM event_word WHERE ${added}`.execute(db)
  expect(numAffectedRows).toBeGreaterThan(EVENTS.length)
  const step = eventIndexMigrations.find(({ name }) => name === 'projections-event-index-2')
  for (const text of step?.statements({} as never) ?? []) await sql.raw(text).execute(db)
  expect(await words()).toEqual(before)
})

it('answers page by page, each event once, whatever is captured meanwhile', async () => {
  const client = await EpcisClient.open()
  await client.capture(Array.from({ length: 24 }, (_, index) => observed(index + 1)))
  for (const order of ['orderBy=eventTime&orderDirection=ASC', 'orderBy=recordTime', 'orderBy=ex%3Anone']) {
    const seen: string[] = []
    let next: string | undefined = `/events?${order}&perPage=7`
    while (next) {
      const answer = await client.request('GET', next)
      expect(answer.statusCode, answer.body).toBe(200)
      seen.push(...eventsIn(answer).map((event) => String(event['eventID'])))
      const link = String(answer.headers.link ?? '')
      next = /^<([^>]+)>; rel="next"$/.exec(link)?.[1]
      expect(Boolean(answer.headers['gs1-next-page-token-expires'])).toBe(next !== undefined)
    }
    expect(new Set(seen).size).toBe(24)
    expect(seen).toHaveLength(24)
  }
  const first = await client.request('GET', '/events?perPage=10&eventCountLimit=12')
  const link = /<([^>]+)>/.exec(String(first.headers.link))?.[1] as string
  // A token goes with its question, and is no longer good when it was given back or has run out.
  expect((await client.request('GET', `${link}&EQ_action=ADD`)).statusCode).toBe(400)
  expect(eventsIn(await client.request('GET', link))).toHaveLength(2)
  const token = new URLSearchParams(link.split('?')[1]).get('nextPageToken') as string
  const other = await EpcisClient.at(client.province, 'khac')
  expect((await other.request('GET', link)).statusCode).toBe(400)
  expect((await client.request('DELETE', `/nextPageToken/${token}`)).statusCode).toBe(204)
  expect((await client.request('GET', link)).json().detail).toContain('has run out')
  const late = await client.request('GET', '/events?perPage=10')
  client.province.advance(3_600_001)
  const stale = /<([^>]+)>/.exec(String(late.headers.link))?.[1] as string
  expect((await client.request('GET', stale)).json().detail).toContain('has run out')
})

it('leads through two large sets by the one with fewer, whoever has more where', async () => {
  const client = await EpcisClient.open()
  // Many of one step, then many of the other; they meet on the 12th and the 20th.
  const events = Array.from({ length: 24 }, (_, index) => {
    const day = index + 1
    const isMet = day === 12 || day === 20
    const lot = { epcClass: day < 12 || isMet ? LOT_A : LOT_A.replace('A1', 'B2'), quantity: day }
    return observed(day, { bizStep: day > 12 || isMet ? 'shipping' : 'holding', quantityList: [lot] })
  })
  await client.capture(events)
  for (const orderDirection of ['ASC', 'DESC']) {
    const query = parseEventQuery(
      {
        EQ_bizStep: 'shipping',
        MATCH_anyEPCClass: LOT_A,
        orderDirection,
        GE_eventTime: '2026-11-02T00:00:00Z',
      },
      'json',
    )
    for (const stride of [1, 3, 7, 24]) {
      const page = { size: 1, stride, few: 0 }
      const first = await selectEvents(client.province.gateway.db, EVERYTHING, query, page)
      expect([first.events.length, first.isMore]).toEqual([1, true])
      const after = first.events[0]?.at as NonNullable<(typeof first.events)[number]['at']>
      const second = await selectEvents(client.province.gateway.db, EVERYTHING, query, { ...page, after })
      const found = [...first.events, ...second.events].map(({ event }) => event['eventID'])
      expect(found).toEqual(orderDirection === 'ASC' ? [idOf(12), idOf(20)] : [idOf(20), idOf(12)])
      expect(second.isMore).toBe(false)
    }
  }
  // There is no such kind of event, and then nothing is walked at all.
  expect(await client.find({ EQ_bizStep: 'shipping', EQ_action: 'ADD' })).toEqual([])
})

it('lists what the events name, and answers OPTIONS everywhere', async () => {
  const client = await EpcisClient.open()
  await client.capture(EVENTS, {}, [{ ex: 'https://ns.example.vn/' }])
  const members = async (path: string) => (await client.request('GET', path)).json().member as string[]
  expect(await members('/')).toContain('queries')
  expect(await members('/eventTypes')).toEqual(['AggregationEvent', 'ObjectEvent', 'TransformationEvent'])
  expect(await members('/bizSteps')).toEqual(['commissioning', 'packing', 'sensor_reporting', 'shipping'])
  expect(await members('/dispositions')).toEqual(['active', 'in_progress'])
  expect(await members('/readPoints')).toEqual([GLN, AREA, AREA.replace('VN-01', 'VN-02')])
  expect(await members('/bizLocations')).toEqual([AREA])
  expect(await members('/epcs')).toHaveLength(4)
  const page = await client.request('GET', '/epcs?perPage=3')
  expect(page.json().member).toHaveLength(3)
  const link = /<([^>]+)>/.exec(String(page.headers.link))?.[1] as string
  expect(await members(link)).toHaveLength(1)
  const lot = encodeURIComponent(LOT_A_URN)
  expect(await members(`/epcs/${lot}`)).toEqual(['events'])
  expect(eventsIn(await client.request('GET', `/epcs/${lot}/events`))).toHaveLength(2)
  expect(eventsIn(await client.request('GET', '/bizSteps/shipping/events'))).toHaveLength(1)
  expect(
    eventsIn(await client.request('GET', `/readPoints/${encodeURIComponent(AREA)}/events?EQ_action=ADD`)),
  ).toHaveLength(1)
  expect((await client.request('GET', '/bizSteps/holding')).statusCode).toBe(404)
  expect((await client.request('GET', `/events/${encodeURIComponent('urn:x:nobody')}`)).statusCode).toBe(404)
  expect((await client.request('GET', '/vocabularies')).statusCode).toBe(404)
  for (const [path, allow] of [
    ['/', 'OPTIONS, GET'],
    ['/capture', 'OPTIONS, POST, GET'],
    ['/events', 'OPTIONS, GET, POST'],
    [`/epcs/${lot}/events`, 'OPTIONS, GET'],
    ['/queries', 'OPTIONS, GET, POST'],
    ['/queries/q/subscriptions/s', 'OPTIONS, GET, DELETE'],
    ['/nextPageToken/t', 'OPTIONS, DELETE'],
  ] as const) {
    const answer = await client.request('OPTIONS', path)
    expect([answer.statusCode, answer.headers['allow'], answer.headers['gs1-epcis-max']], path).toEqual([
      204,
      allow,
      '2.0.0',
    ])
  }
  const put = await client.request('PUT', '/events', { body: {} })
  expect([put.statusCode, put.headers['allow']]).toEqual([405, 'OPTIONS, GET, POST'])
  const socket = await client.request('GET', '/events', {
    headers: { connection: 'upgrade', upgrade: 'websocket' },
  })
  expect([socket.statusCode, socket.body]).toEqual([501, expect.stringContaining('WebSocket')])
})

it('writes identifiers as GS1-EPC-Format asks', async () => {
  const epcis = { companyPrefixes: ['9521234'], webhooksMayReachPrivate: false }
  const client = await EpcisClient.open({ epcis })
  const lots = (format: string | undefined) =>
    client
      .request('GET', `/events?MATCH_anyEPCClass=${encodeURIComponent(LOT_A)}&orderDirection=ASC`, {
        headers: format === undefined ? {} : { 'gs1-epc-format': format },
      })
      .then((answer) => JSON.stringify(eventsIn(answer)).match(/[^"]*A1"/g))
  await client.capture(EVENTS.slice(0, 2), {}, [{ ex: 'https://ns.example.vn/' }])
  expect(await lots(undefined)).toEqual([`${LOT_A}"`, 'A1"', `${LOT_A}"`])
  expect(await lots('Always_EPC_URN')).toEqual([`${LOT_A_URN}"`, 'A1"', `${LOT_A_URN}"`])
  expect(await lots('Never_Translates')).toEqual([`${LOT_A_URN}"`, 'A1"', `${LOT_A}"`])
  const unknown = await client.request('GET', '/events', { headers: { 'gs1-epc-format': 'Barcode' } })
  expect(unknown.statusCode).toBe(406)
})

it('answers the same in strides as in one go, in every order', async () => {
  const client = await EpcisClient.open()
  await client.capture(
    Array.from({ length: 24 }, (_, index) =>
      observed(index + 1, { action: index % 5 === 0 ? 'ADD' : 'OBSERVE' }),
    ),
  )
  for (const orderBy of ['eventTime', 'recordTime'])
    for (const orderDirection of ['ASC', 'DESC']) {
      const query = parseEventQuery({ orderBy, orderDirection, LT_eventTime: '2026-11-20T00:00:00Z' }, 'json')
      const whole = await selectEvents(client.province.gateway.db, EVERYTHING, query, { size: 15 })
      const strided = await selectEvents(client.province.gateway.db, EVERYTHING, query, {
        size: 15,
        stride: 4,
      })
      expect(strided).toEqual(whole)
      expect([whole.events.length, whole.isMore]).toEqual([15, true])
      const rest = {
        size: 15,
        after: whole.events[14]?.at as NonNullable<(typeof whole.events)[number]['at']>,
      }
      const last = await selectEvents(client.province.gateway.db, EVERYTHING, query, { ...rest, stride: 2 })
      expect([last.events.length, last.isMore]).toEqual([4, false])
    }
})

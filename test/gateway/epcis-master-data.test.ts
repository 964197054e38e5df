import { expect, it } from 'vitest'
import { documentOf, EpcisClient, type Event, idOf, observed } from './epcis-client.ts'
import { growingArea } from './told-book.ts'

const HOUSE = 'https://id.gs1.org/414/9521234000013'
const COLD_ROOM = 'urn:epc:id:sgln:9521234.00001.LANH'
const DOCK = 'https://kho.example.vn/cua/7'
const GTIN = 'https://id.gs1.org/01/09521234567899'
const MDA = 'urn:epcglobal:cbv:mda'

const vocabulary = (type: string, ...vocabularyElementList: Event[]): Event => ({
  type: `urn:epcglobal:epcis:vtype:${type}`,
  vocabularyElementList,
})
const attributes = (all: Readonly<Record<string, unknown>>): Event[] =>
  Object.entries(all).map(([id, attribute]) => ({ id, attribute }))

const VOCABULARIES = [
  vocabulary(
    'BusinessLocation',
    {
      id: HOUSE,
      attributes: attributes({
        'cbvmda:name': 'Nhà đóng gói An Phú',
        'ex:coldRooms': 2,
        'ex:owner': { a: 1 },
      }),
      // A door has no GLN; it stands in the house because the house says so.
      children: [DOCK],
    },
    // A part of a site names the site.
    { id: COLD_ROOM, attributes: attributes({ [`${MDA}:site`]: '9521234000013', [`${MDA}#sst`]: '211' }) },
    { id: DOCK, children: [`${DOCK}/trai`] },
    // A circle, as careless files have it.
    { id: `${DOCK}/trai`, children: [DOCK] },
  ),
  vocabulary('EPCClass', {
    id: GTIN,
    attributes: attributes({ 'cbvmda:descriptionShort': 'Thanh long VIP' }),
  }),
  vocabulary('BusinessStep', { id: 'cbv:BizStep-shipping', attributes: attributes({ 'ex:phi': 'yes' }) }),
  vocabulary('Truck', { id: 'urn:xe:51C-1', attributes: attributes({ 'ex:kind': 'lạnh' }) }),
]

const EVENTS = [
  observed(1, { readPoint: { id: HOUSE }, bizStep: 'shipping' }),
  observed(2, { readPoint: { id: 'https://id.gs1.org/414/9521234000013/254/LANH' } }),
  observed(3, { readPoint: { id: DOCK }, bizLocation: { id: HOUSE } }),
  observed(4, { readPoint: { id: `${DOCK}/trai` }, 'ex:truck': 'urn:xe:51C-1' }),
  observed(5, { readPoint: { id: 'https://id.gs1.org/414/9521234000006/254/VN-TH-0147' } }),
  observed(6, { quantityList: [{ epcClass: `${GTIN}/10/A1`, quantity: 5, uom: 'KGM' }] }),
  observed(7, { quantityList: [{ epcClass: 'urn:epc:idpat:sgtin:9521234.056789.*', quantity: 5 }] }),
]

const QUESTIONS: readonly (readonly [Record<string, string>, readonly number[]])[] = [
  [{ WD_readPoint: HOUSE }, [1, 2, 3, 4]],
  [{ WD_readPoint: DOCK }, [3, 4]],
  [{ WD_bizLocation: HOUSE }, [3]],
  [{ EQ_readPoint: HOUSE }, [1]],
  [{ HASATTR_readPoint: 'cbvmda:name' }, [1]],
  [{ HASATTR_readPoint: `${MDA}:name|${MDA}:sst` }, [1, 2]],
  [{ HASATTR_readPoint: 'ex:owner' }, [1]],
  [{ HASATTR_bizLocation: 'https://ns.example.vn/coldRooms' }, [3]],
  [{ HASATTR_readPoint: 'ex:nobody' }, []],
  [{ 'EQATTR_readPoint_cbvmda:name': 'Nhà đóng gói An Phú|Nhà khác' }, [1]],
  [{ 'EQATTR_readPoint_cbvmda:name': 'Nhà khác' }, []],
  [{ 'EQ_ATTR_readPoint_ex:coldRooms': '2' }, [1]],
  [{ [`EQATTR_readPoint_${MDA}#sst`]: '211' }, [2]],
  [{ 'EQATTR_bizStep_ex:phi': 'yes' }, [1]],
  [{ 'EQATTR_ex:truck_ex:kind': 'lạnh' }, [4]],
  // What is true of a product is true of its lots.
  [{ 'EQATTR_epcClass_cbvmda:descriptionShort': 'Thanh long VIP' }, [6, 7]],
  [{ 'EQATTR_source_cbvmda:name': 'Nhà đóng gói An Phú' }, []],
  // What the province has registered.
  [{ 'EQATTR_readPoint_cbvmda:site': '9521234000006' }, [5]],
  [{ 'EQATTR_readPoint_vuon:crop': 'dragon-fruit', 'EQATTR_readPoint_vuon:market': 'CN' }, [5]],
  [{ 'EQATTR_readPoint_vuon:market': 'N' }, []],
  [{ HASATTR_readPoint: 'cbvmda:city', HASATTR_bizLocation: 'cbvmda:city' }, []],
  [{ 'EQATTR_epcClass_vuon:crop': 'dragon-fruit' }, [6, 7]],
]

const withMasters = (events: readonly Event[], vocabularyList: readonly unknown[]): Event => ({
  ...documentOf(events, [{ ex: 'https://ns.example.vn/' }]),
  epcisHeader: { epcisMasterData: { vocabularyList } },
})

async function captured(client: EpcisClient, document: Event): Promise<Event> {
  const answer = await client.request('POST', '/capture', { body: document })
  expect(answer.statusCode, answer.body).toBe(202)
  return client.job(String(answer.headers.location))
}

it('finds by the attributes and the hierarchy that master data gives to what events name', async () => {
  const client = await EpcisClient.open()
  const { gateway } = client.province
  await gateway.decide([
    { kind: 'farm', farmId: 'f1', name: 'Vườn Hai Lúa', commune: 'Hàm Thạnh', province: 'Lâm Đồng' },
    growingArea({ gln: '9521234000006', code: 'VN-TH-0147' }),
    {
      kind: 'allocation',
      ...{ farmId: 'f1', gtin: '09521234567899', crop: 'dragon-fruit' },
      ...{ productVi: 'Thanh long', productEn: 'Dragon fruit' },
    },
  ])
  expect(await captured(client, withMasters(EVENTS, VOCABULARIES))).toMatchObject({ errors: [] })
  for (const [question, days] of QUESTIONS) {
    const asked = { ...question, orderDirection: 'ASC' }
    expect(await client.find(asked), JSON.stringify(question)).toEqual(days.map(idOf))
  }
  // It is no projection: a rebuild leaves it.
  await gateway.rebuild()
  expect(await client.find({ WD_readPoint: HOUSE })).toHaveLength(4)
})

it('believes what a client says of places in its own questions only, and forgets it when told to', async () => {
  const client = await EpcisClient.open()
  const read = ['epcis-read', 'epcis-capture'] as const
  const [own, other] = [
    await EpcisClient.at(client.province, 'nha-dong-goi', read, []),
    await EpcisClient.at(client.province, 'nguoi-khac', read, []),
  ]
  await captured(own, withMasters([observed(1, { readPoint: { id: DOCK } })], []))
  await captured(other, withMasters([observed(2, { readPoint: { id: DOCK } })], VOCABULARIES))
  expect(await own.find({ WD_readPoint: HOUSE })).toEqual([])
  expect(await other.find({ WD_readPoint: HOUSE })).toEqual([idOf(2)])
  // Who may see everything hears everybody.
  expect(await client.find({ WD_readPoint: HOUSE })).toEqual([idOf(2), idOf(1)])
  // The last word on an element stands; with nothing in it, it is gone.
  await captured(other, withMasters([], [vocabulary('BusinessLocation', { id: HOUSE })]))
  expect(await other.find({ WD_readPoint: HOUSE })).toEqual([])
  const left = await client.province.rows(
    `SELECT * FROM epcis_master_attribute WHERE name LIKE '/414/9521234000013'`,
  )
  expect(left).toEqual([])
  // An event that breaks a rule takes its document's master data with it.
  const wrong = withMasters([observed(3, { bizStep: 'harvesting' })], VOCABULARIES)
  expect(await captured(own, wrong)).toMatchObject({ success: false })
  expect(await own.find({ WD_readPoint: HOUSE })).toEqual([])
})

const WRONG = [
  [{ epcisMasterData: [] }, 'epcisHeader.epcisMasterData is not an object'],
  [{ epcisMasterData: { vocabularyList: {} } }, 'vocabularyList is not a list'],
  [
    { epcisMasterData: { vocabularyList: [{ vocabularyElementList: [] }] } },
    'vocabularyList[0].type is missing',
  ],
  [
    { epcisMasterData: { vocabularyList: [vocabulary('X', { id: `${HOUSE.slice(0, -1)}4` })] } },
    'vocabularyElementList[0].id has the check digit 4',
  ],
  [
    {
      epcisMasterData: { vocabularyList: [vocabulary('X', { id: HOUSE, attributes: [{ attribute: 'a' }] })] },
    },
    'attributes[0].id is missing',
  ],
  [
    { epcisMasterData: { vocabularyList: [vocabulary('X', { id: HOUSE, children: ['no uri'] })] } },
    'children[0] is not a URI',
  ],
  [{ note: 'x' }, 'epcisHeader.note is not a field'],
] as const

it('refuses a header that breaks a rule, with its path and the rule', async () => {
  const client = await EpcisClient.open()
  for (const [epcisHeader, said] of WRONG) {
    const answer = await client.request('POST', '/capture', { body: { ...documentOf([]), epcisHeader } })
    expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining(said)])
  }
  const many = Array.from({ length: 2001 }, (_, index) => ({ id: `urn:x:${index}` }))
  const answer = await client.request('POST', '/capture', {
    body: withMasters([], [vocabulary('X', ...many)]),
  })
  expect([answer.statusCode, answer.body]).toEqual([413, expect.stringContaining('2001 elements')])
})

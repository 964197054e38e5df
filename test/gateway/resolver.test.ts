import { describe, expect, it } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { lotUri } from '#contract/trace/digital-link.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { GTIN, Orchard, UNSENT_LOT } from './orchard.ts'
import { AREA, lotOf, toldFarm } from './told-farm.ts'

const BASE = 'https://vuon.example'
const SSCC = '095212345678912347'
const LINKSET = 'application/linkset+json'
const lotPath = `/01/${GTIN}/10/${lotOf(0)}`
const areaPath = `/414/${AREA.gln}/254/${AREA.code}`

interface Target {
  href: string
  title: string
  type: string
  hreflang?: string[]
}
type Context = { anchor: string } & Record<string, Target[]>

async function told(): Promise<Orchard> {
  const orchard = await Orchard.open({ publicUrl: BASE })
  await toldFarm(orchard)
  return orchard
}

const ask = (
  orchard: Orchard,
  url: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' | 'OPTIONS' = 'GET',
) => orchard.app.inject({ method, url, headers: { accept: '*/*', ...headers } })

const targetsIn = (context: Context): [string, Target[]][] =>
  Object.entries(context).filter((entry): entry is [string, Target[]] => Array.isArray(entry[1]))

describe('the resolver', () => {
  it('lists the links of a lot and of every level above it, each with target, type and title, and one default', async () => {
    const orchard = await told()
    for (const [url, headers] of [
      [`${lotPath}?linkType=linkset`, {}],
      [`${lotPath}?linkType=all`, { accept: 'text/html' }],
      [lotPath, { accept: LINKSET }],
      [`${lotPath}/`, { accept: LINKSET }],
      [lotPath, { accept: 'application/json' }],
    ] as const) {
      const answer = await ask(orchard, url, headers)
      expect([answer.statusCode, answer.headers['content-type']], url).toEqual([200, LINKSET])
      const { linkset } = answer.json() as { linkset: Context[] }
      expect(linkset.map(({ anchor }) => anchor)).toEqual([`${BASE}${lotPath}`, `${BASE}/01/${GTIN}`])
      for (const { description, itemDescription } of linkset) {
        expect(String(description)).toContain('Thanh long ruột đỏ')
        expect(itemDescription).toEqual(description)
      }
      const all = linkset.flatMap(targetsIn)
      const defaults = all.filter(([type]) => type === 'https://ref.gs1.org/voc/defaultLink')
      expect(defaults.flatMap(([, targets]) => targets.map(({ href }) => href))).toEqual([
        `${BASE}${lotPath}`,
      ])
      const types = new Set(targetsIn(linkset[0] as Context).map(([type]) => type.split('/').at(-1)))
      expect(types).toEqual(
        new Set(['defaultLink', 'pip', 'traceability', 'dpp', 'certificationInfo', 'epcis']),
      )
      for (const { href, title, type } of all.flatMap(([, targets]) => targets)) {
        expect(new URL(href).origin).toBe(BASE)
        expect(title.length).toBeGreaterThan(3)
        expect(type).toMatch(/^[a-z]+\/[a-z+]+$/)
      }
      const pip = all.find(([type]) => type.endsWith('/pip'))?.[1]
      expect(pip?.map(({ hreflang }) => hreflang)).toEqual([['vi'], ['en'], ['zh-Hans']])
    }
  })

  it('includes the levels of a serial number, though it knows nothing of its own about it', async () => {
    const orchard = await told()
    const answer = await ask(orchard, `/01/${GTIN}/22/V2/10/${lotOf(0)}/21/S-1`, { accept: LINKSET })
    const { linkset } = answer.json() as { linkset: Context[] }
    expect(linkset.map(({ anchor }) => anchor)).toEqual([
      `${BASE}/01/${GTIN}/22/V2/10/${lotOf(0)}`,
      `${BASE}/01/${GTIN}`,
    ])
    const person = await ask(orchard, `/01/${GTIN}/22/V2/10/${lotOf(0)}/21/S-1?17=270101`, {
      accept: 'text/html',
    })
    expect([person.statusCode, person.headers.location]).toEqual([307, `${BASE}${lotPath}?17=270101`])
  })

  it('sends to the link of a type in the language that is asked for, with the rest of the query', async () => {
    const orchard = await told()
    const to = async (query: string, headers = {}) =>
      (await ask(orchard, `${lotPath}?${query}`, headers)).headers.location
    expect(await to('linkType=gs1:pip', { 'accept-language': 'zh-CN,zh;q=0.9' })).toBe(
      `${BASE}${lotPath}?lang=zh`,
    )
    expect(
      await to('linkType=https://ref.gs1.org/voc/traceability&99=A', { 'accept-language': 'en-GB' }),
    ).toBe(`${BASE}${lotPath}?lang=en&99=A`)
    expect(await to('linkType=gs1:defaultLink&x=1')).toBe(`${BASE}${lotPath}?x=1`)
    const epcis = await ask(orchard, lotPath, { accept: 'application/ld+json' })
    expect(epcis.statusCode).toBe(307)
    expect(new URL(String(epcis.headers.location)).searchParams.get('MATCH_anyEPCClass')).toBe(
      lotUri('https://id.gs1.org', { gtin: GTIN, lot: lotOf(0) }),
    )
  })

  it('answers with 404 where there is no link of a type, and has one for a recall while there is one', async () => {
    const orchard = await told()
    for (const type of ['gs1:recallStatus', 'gs1:nonsense', 'javascript:alert(1)'])
      expect((await ask(orchard, `${lotPath}?linkType=${encodeURIComponent(type)}`)).statusCode).toBe(404)
    await orchard.gateway.declareRecall({
      lot: { gtin: GTIN, lot: lotOf(0) },
      reasonVi: 'x',
      reasonEn: 'x',
      isForward: false,
    })
    expect((await ask(orchard, `${lotPath}?linkType=gs1:recallStatus`)).statusCode).toBe(307)
  })

  it('refuses what is malformed, to people and programs', async () => {
    const orchard = await told()
    for (const url of [
      `/01/09521234567890/10/${lotOf(0)}`,
      '/01/123',
      `${lotPath}/22/V`,
      `/01/${GTIN}/235/T/10/L`,
      `/01/${GTIN}/99/X`,
      `/01/${GTIN}/10/${'A'.repeat(21)}`,
      `/01/${GTIN}/10/A%00`,
      `/01/${GTIN}/10/%FF`,
      `/01/${GTIN}//10/A`,
      `${lotPath}?99=B&99=C`,
      `${lotPath}?21=A`,
      `${lotPath}?17=269999`,
      '/414/9521234567890/254/A',
      '/00/123456789012345678',
      '/8003/1952123456789',
      '/8004/x%20y',
    ])
      for (const accept of [LINKSET, 'text/html', '*/*'])
        expect((await ask(orchard, url, { accept })).statusCode, `${url} ${accept}`).toBe(400)
  })

  it('does not know what nobody registered, and says so with 404', async () => {
    const orchard = await told()
    for (const url of [
      `/01/${GTIN}/10/${UNSENT_LOT}`,
      '/01/09521234567882',
      `/414/${AREA.gln}/254/NONE`,
      '/414/9521234567882',
      '/417/9521234567882',
      `/00/${SSCC}`,
      '/8003/09521234567899X',
      '/8004/9521234ABC',
    ])
      for (const accept of [LINKSET, 'text/html', '*/*'])
        expect((await ask(orchard, url, { accept })).statusCode, `${url} ${accept}`).toBe(404)
  })

  it('leads from a pallet to the lots on it', async () => {
    const orchard = await Orchard.open({ publicUrl: BASE })
    const box = await toldFarm(orchard)
    const event = {
      type: 'AggregationEvent',
      eventTime: '2026-11-23T10:00:00.000+07:00',
      eventTimeZoneOffset: '+07:00',
      action: 'ADD',
      bizStep: 'packing',
      parentID: `https://id.gs1.org/00/${SSCC}`,
      childQuantityList: [{ epcClass: `https://id.gs1.org${lotPath}`, quantity: 1, uom: 'KGM' }],
    }
    const statement = {
      agent: box.agent,
      key: box.keyId,
      epoch: box.epoch,
      eventNo: 4,
      prev: '',
      capturedAt: '2026-11-23T03:00:00.000Z',
      clock: 'synchronised' as const,
      event,
    }
    const { signed, signature } = signEvent(statement, box.key, sha256)
    await orchard.send(box.records({ kind: 'event', signed, signature }))
    const answer = await ask(orchard, `/00/${SSCC}`)
    expect([answer.statusCode, answer.headers.location]).toEqual([307, `${BASE}${lotPath}`])
  })

  it('answers any origin, by GET, HEAD and OPTIONS, and names its list in the Link header', async () => {
    const orchard = await told()
    const described = await ask(orchard, '/.well-known/gs1resolver', {}, 'OPTIONS')
    expect([described.statusCode, described.headers['access-control-allow-origin']]).toEqual([204, '*'])
    for (const url of [lotPath, areaPath, `/01/${GTIN}`]) {
      const options = await ask(orchard, url, {}, 'OPTIONS')
      expect([options.statusCode, options.headers['access-control-allow-methods']]).toEqual([
        204,
        'GET, HEAD, OPTIONS',
      ])
      const [page, head] = [await ask(orchard, url), await ask(orchard, url, {}, 'HEAD')]
      for (const answer of [page, head]) {
        expect(answer.statusCode, url).toBe(200)
        expect(answer.headers['access-control-allow-origin']).toBe('*')
        expect(answer.headers.link).toContain(`<${BASE}${url}?linkType=linkset>; rel="linkset"`)
        expect(answer.headers.link).toContain('rel="http://www.w3.org/ns/json-ld#context"')
      }
      expect(head.body).toBe('')
      const list = await ask(orchard, url, { accept: LINKSET }, 'HEAD')
      expect([list.statusCode, list.headers['content-type']]).toEqual([200, LINKSET])
    }
    expect((await ask(orchard, `${lotPath}/`, { accept: 'text/html' })).headers.location).toBe(
      `${BASE}${lotPath}`,
    )
  })

  it('leads from a GLN to its growing areas, and from a product to what others have registered for it', async () => {
    const productLinks = [
      {
        gtin: GTIN,
        linkType: 'sustainabilityInfo',
        href: 'https://coop.example/xanh',
        title: 'Trồng xanh',
        language: 'vi',
      },
    ]
    const orchard = await Orchard.open({ publicUrl: BASE, productLinks } as never)
    await toldFarm(orchard)
    expect((await ask(orchard, `/414/${AREA.gln}`)).headers.location).toBe(`${BASE}${areaPath}`)
    const { linkset } = (await ask(orchard, `/414/${AREA.gln}`, { accept: LINKSET })).json() as {
      linkset: Context[]
    }
    expect(linkset.flatMap(targetsIn).flatMap(([, targets]) => targets.map(({ href }) => href))).toContain(
      `${BASE}/414/${AREA.gln}/254/VN-BTHPH-011?lang=vi`,
    )
    // Asked of a lot, the level above answers what the lot has not.
    const green = await ask(orchard, `${lotPath}?linkType=gs1:sustainabilityInfo`)
    expect([green.statusCode, green.headers.location]).toEqual([307, 'https://coop.example/xanh'])
  })

  it('describes itself', async () => {
    const orchard = await told()
    const answer = await ask(orchard, '/.well-known/gs1resolver')
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.json()).toMatchObject({
      resolverRoot: BASE,
      supportedPrimaryKeys: ['01', '414', '417', '00', '8003', '8004'],
      linkTypeDefaultCanBeLinkset: false,
    })
  })

  it('takes only whole links into its configuration', () => {
    const link = { gtin: GTIN, linkType: 'pip', href: 'https://a.example', title: 'A' }
    expect(gatewayConfigSchema.safeParse({ productLinks: [link] }).success).toBe(true)
    for (const change of [{ href: 'javascript:alert(1)' }, { linkType: 'gs1 pip' }, { gtin: '1' }])
      expect(gatewayConfigSchema.safeParse({ productLinks: [{ ...link, ...change }] }).success).toBe(false)
  })
})

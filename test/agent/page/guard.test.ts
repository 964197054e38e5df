import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { isOwnHost, isOwnOrigin } from '../../../agent/page/own-address.ts'
import { TODAY } from './farm-of-today.ts'
import { Phone, type PretendBox, pretendBox, signedInPhone } from './pretend-box.ts'

let box: PretendBox
afterEach(() => box?.close())

const HARVEST = { plot: 'lo-a', gtin: '09521234000013', mass: '5', date: '2026-11-23', token: 'a'.repeat(32) }

describe('whom the box answers', () => {
  it.each([
    ['192.168.1.20', true],
    ['192.168.1.20:8080', true],
    ['[fd00::1]:8080', true],
    ['localhost:8080', true],
    ['vuon.local', true],
    ['VUON.local.:80', true],
    ['shed.farm.example:8080', true],
    ['evil.example', false],
    ['192.168.1.20.evil.example', false],
    ['vuon.local.evil.example', false],
    ['local', false],
    ['.local', false],
    ['user@192.168.1.20', false],
    ['192.168.1.20:8080:1', false],
    ['', false],
    [undefined, false],
  ])('under the name %j: %s', (host, isOurs) => {
    expect(isOwnHost(host, ['Shed.Farm.example'])).toBe(isOurs)
  })

  it('answers 421 to a name that is not its own, on every address, and echoes nothing as HTML', async () => {
    box = await pretendBox()
    for (const url of ['/', '/api/overview', '/healthz', '/assets/x', '/nowhere']) {
      const answer = await box.app.inject({ url, headers: { host: 'evil.example' } })
      expect(answer.statusCode, url).toBe(421)
      expect(answer.body).toContain('page.hostNames')
    }
    const nasty = await box.app.inject({ url: '/', headers: { host: '<script>' } })
    expect(nasty.body).not.toContain('<script>')
  })

  it('takes nothing that another page sends', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await phone.get('/harvest?plot=lo-a')
    for (const origin of [
      'http://evil.example',
      'null',
      'https://192.168.1.20:8080',
      'http://192.168.1.20:9090',
    ]) {
      const answer = await phone.post('/harvest', HARVEST, { origin })
      expect(answer.statusCode, origin).toBe(403)
    }
    expect(await box.sources.farmBook.lots()).toHaveLength(0)
    expect(isOwnOrigin({ host: 'vuon.local', origin: 'http://VUON.local' })).toBe(true)
    expect(isOwnOrigin({ host: 'vuon.local', 'sec-fetch-site': 'cross-site' })).toBe(false)
  })

  it('takes no form without the token that its page was given, nor with the token of another phone', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    const stranger = new Phone(box.app)
    await stranger.get('/sign-in')
    for (const form of ['', 'x', stranger.hidden['form'] ?? '']) {
      for (const path of [
        '/harvest',
        '/people/add',
        '/people/pin',
        '/people/remove',
        '/sign-out',
        '/sign-in',
      ])
        expect((await phone.post(path, { ...HARVEST, form })).statusCode, path).toBe(403)
    }
    expect(await box.sources.farmBook.lots()).toHaveLength(0)
    expect((await phone.get('/people')).statusCode).toBe(200)
  })

  it('keeps what was typed into a form that went stale', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    const answer = await phone.post('/harvest', { ...HARVEST, mass: '123,4', form: 'old' })
    const back =
      /class="button" href="(\/harvest\?[^"]+)"/.exec(answer.body)?.[1]?.replaceAll('&#38;', '&') ?? ''
    expect((await phone.get(back)).body).toContain('value="123,4"')
  })

  it('takes forms only as forms, and small ones', async () => {
    box = await pretendBox()
    const json = await box.app.inject({ method: 'POST', url: '/harvest', payload: { a: 1 } })
    expect(json.statusCode).toBe(415)
    const large = await box.app.inject({
      method: 'POST',
      url: '/harvest',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `mass=${'1'.repeat(20_000)}`,
    })
    expect(large.statusCode).toBe(413)
  })

  it('lets nothing run in the page but its own files', async () => {
    box = await pretendBox({ overview: TODAY })
    const phone = await signedInPhone(box)
    for (const path of ['/', '/harvest?plot=lo-a', '/people', '/lots', '/devices', '/nowhere']) {
      const { headers, body } = await phone.get(path)
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toContain('unsafe')
      expect(body).not.toMatch(/<script(?![^>]*src="\/assets\/)/)
      expect(body).not.toMatch(/ style="| on\w+="/)
      expect(body).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//)
    }
  })

  it('needs one stylesheet, below 8 kB', async () => {
    box = await pretendBox()
    const phone = new Phone(box.app)
    const styles = [...(await phone.get('/')).body.matchAll(/rel="stylesheet" href="([^"]+)"/g)]
    expect(styles).toHaveLength(1)
    const style = await phone.get(styles[0]?.[1] ?? '')
    expect(style.headers['cache-control']).toContain('immutable')
    expect(style.rawPayload.length).toBeLessThan(8000)
  })
})

describe('whatever is sent to a form', () => {
  const hostile = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '',
      '0',
      '-1',
      '1e309',
      'NaN',
      '9'.repeat(300),
      '\u0000',
      '\ud800',
      '../../etc/passwd',
      '__proto__',
      '2026-02-31',
      '2026-11-23',
      '99999-01-01',
      '0000-00-00',
      '120,5',
      'lo-a',
      '09521234000013',
      'a'.repeat(32),
      "' OR 1=1 --",
      '{{7*7}}',
    ),
  )
  const NAMES = [
    'plot',
    'gtin',
    'mass',
    'date',
    'token',
    'confirm',
    'who',
    'name',
    'code',
    'next',
    'oldPin',
    '__proto__',
    'lang',
  ]
  const PATHS = [
    '/harvest',
    '/people/add',
    '/people/pin',
    '/people/remove',
    '/sign-in',
    '/people/first',
    '/sign-out',
  ]

  it('never fails inside: the answer is a page that a person can read', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PATHS),
        fc.array(fc.tuple(fc.constantFrom(...NAMES), hostile), { maxLength: 8 }),
        fc.boolean(),
        async (path, pairs, isTokenRight) => {
          if (path === '/sign-out' && isTokenRight) return
          const page = await phone.get(path === '/harvest' ? '/harvest?plot=lo-a' : '/people')
          expect(page.statusCode).toBe(200)
          const fields = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`)
          if (isTokenRight) fields.push(`form=${encode(phone.hidden['form'] ?? '')}`)
          const answer = await box.app.inject({
            method: 'POST',
            url: path,
            headers: {
              ...phone.headers,
              cookie: [...phone.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
              'content-type': 'application/x-www-form-urlencoded',
            },
            payload: fields.join('&'),
          })
          expect(answer.statusCode).toBeLessThan(500)
          if (answer.statusCode !== 303) expect(answer.body).toContain('</html>')
        },
      ),
      { numRuns: 150 },
    )
    expect(box.errors).toEqual([])
  })

  it('never fails inside: any address', async () => {
    box = await pretendBox({ overview: TODAY })
    const phone = new Phone(box.app)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          '/series/',
          '/lots/',
          '/',
          '/assets/',
          '/sign-in?next=',
          '/harvest?plot=',
          '/?lang=',
          '/series/1?range=',
        ),
        hostile,
        fc.constantFrom('', '/label', '/label.svg', '/label?size=50x30', '?size=1x1'),
        async (start, middle, end) => {
          const answer = await phone.get(start + encode(middle) + end)
          expect(answer.statusCode).toBeLessThan(500)
        },
      ),
      { numRuns: 150 },
    )
    expect((await box.app.inject('/%E0%A4%A')).statusCode).toBe(400)
    expect(box.errors).toEqual([])
  })

  it('says so when the box itself fails, and in the language of the phone', async () => {
    box = await pretendBox()
    Object.assign(box.sources, { overview: () => Promise.reject(new Error('the card is gone')) })
    const answer = await new Phone(box.app).get('/?lang=en')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).toContain('The box has a problem')
    expect(answer.body).not.toContain('the card is gone')
    expect(box.errors).toHaveLength(1)
  })
})

/** A lone surrogate has no percent code: it travels as the replacement character, as in a browser. */
const encode = (value: string): string => encodeURIComponent(value.toWellFormed())

import { brotliDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { LANGUAGES } from '#contract/ground/messages.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { ageText } from '../../gateway/web/browser/age.ts'
import { gapsOf, stretches } from '../../gateway/web/browser/gaps.ts'
import { localPath } from '../../gateway/web/local-path.ts'
import { CHINESE, isLotMessage, lotTables } from '../../gateway/web/lot-messages.ts'
import { say } from '../../gateway/web/messages.ts'
import { choosePublicLanguage } from '../../gateway/web/public-language.ts'
import { marksOf } from '../../gateway/web/quality-marks.ts'
import { scale } from '../../gateway/web/series-chart.ts'
import { stepsFrom, timeRange } from '../../gateway/web/time-range.ts'
import { ageWords, numberText, valueText } from '../../gateway/web/words.ts'
import {
  EMAIL,
  FARM,
  GTIN,
  HOUR,
  harvest,
  LOTS,
  MINUTE,
  NOW,
  Orchard,
  PASSWORD,
  settledFarm,
  UNSENT_LOT,
} from './orchard.ts'
import { minutes, SignedBox, seriesEntry } from './signed-box.ts'

const HTML = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }
const FORM = { ...HTML, 'content-type': 'application/x-www-form-urlencoded' }
const AIR = '/series/00000000-0000-4000-8000-000000000008'

/** One browser: it keeps its cookies and can fill in the forms that it was shown. */
class Visitor {
  readonly orchard: Orchard
  readonly cookies: Record<string, string> = {}

  constructor(orchard: Orchard) {
    this.orchard = orchard
  }

  static async signedIn(orchard: Orchard, email = EMAIL, password = PASSWORD): Promise<Visitor> {
    const visitor = new Visitor(orchard)
    visitor.cookies['vuon_session'] = await orchard.signIn(email, password)
    return visitor
  }

  async get(url: string, headers: Record<string, string> = {}) {
    return this.#keep(
      await this.orchard.app.inject({ url, headers: { ...HTML, ...headers }, cookies: this.cookies }),
    )
  }

  async post(url: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    const payload = new URLSearchParams(fields).toString()
    return this.#keep(
      await this.orchard.app.inject({
        method: 'POST',
        url,
        headers: { ...FORM, ...headers },
        cookies: this.cookies,
        payload,
      }),
    )
  }

  /** Opens the sign-in form and sends it. */
  async trySignIn(email: string, password: string, next?: string) {
    const csrf = tokenIn((await this.get('/sign-in')).body)
    return this.post('/sign-in', { csrf, email, password, ...(next === undefined ? {} : { next }) })
  }

  #keep<Answer extends { cookies: { name: string; value: string }[] }>(answer: Answer): Answer {
    for (const { name, value } of answer.cookies) this.cookies[name] = value
    return answer
  }
}

const tokenIn = (page: string): string => /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
const setCookies = (answer: { headers: Record<string, unknown> }): string[] =>
  [answer.headers['set-cookie'] ?? []].flat().map(String)

describe('signing in', () => {
  it('leads from the first address to the form, and from the form to the farms', async () => {
    const { orchard } = await settledFarm()
    const visitor = new Visitor(orchard)
    expect((await visitor.get('/')).headers.location).toBe('/sign-in')
    const answer = await visitor.trySignIn(EMAIL, PASSWORD)
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/farms'])
    expect((await visitor.get('/')).headers.location).toBe('/farms')
    expect((await visitor.get('/farms')).body).toContain('Vườn Hai Lúa')
  })

  it('sets a session cookie that script cannot read and other sites do not send', async () => {
    const { orchard } = await settledFarm()
    const answer = await new Visitor(orchard).trySignIn(EMAIL, PASSWORD)
    const cookie = setCookies(answer).find((each) => each.startsWith('vuon_session=')) ?? ''
    expect(cookie).toMatch(/; HttpOnly/)
    expect(cookie).toMatch(/; SameSite=Lax/)
    expect(cookie).toMatch(/; Max-Age=43200/)
    expect(cookie).not.toMatch(/; Secure/)
  })

  it('sends cookies over https only where the public address is https', async () => {
    const { orchard } = await settledFarm({ publicUrl: 'https://vuon.example' })
    const visitor = new Visitor(orchard)
    const form = await visitor.get('/sign-in')
    const answer = await visitor.trySignIn(EMAIL, PASSWORD)
    for (const cookie of [...setCookies(form), ...setCookies(answer).filter((each) => !/=;/.test(each))])
      expect(cookie).toMatch(/; Secure/)
    expect(form.headers['strict-transport-security']).toBeDefined()
  })

  it('says what to do after a wrong password, and for how long after five', async () => {
    const { orchard } = await settledFarm()
    const visitor = new Visitor(orchard)
    for (let tries = 0; tries < 5; tries++) {
      const answer = await visitor.trySignIn(EMAIL, 'a wrong password')
      expect(answer.statusCode).toBe(401)
      expect(answer.body).toContain('Email hoặc mật khẩu chưa đúng')
      expect(answer.body).not.toContain('a wrong password')
    }
    const locked = await visitor.trySignIn(EMAIL, PASSWORD)
    expect(locked.statusCode).toBe(429)
    expect(locked.headers['retry-after']).toBe('60')
    // 15:04 in Viet Nam and a minute.
    expect(locked.body).toContain('sau 1 phút (lúc 15:05)')
    orchard.advance(61_000)
    expect((await visitor.trySignIn(EMAIL, PASSWORD)).statusCode).toBe(303)
  })

  it('answers an unknown address exactly as a wrong password', async () => {
    const { orchard } = await settledFarm()
    const [known, unknown] = [
      await new Visitor(orchard).trySignIn(EMAIL, 'wrong wrong wrong'),
      await new Visitor(orchard).trySignIn('nobody@x.example', 'wrong wrong wrong'),
    ]
    const bare = (page: string) => page.replaceAll(/value="[^"]*"/g, '')
    expect(bare(unknown.body)).toBe(bare(known.body))
  })

  it('takes thirty tries a minute from one address, whatever accounts they name', async () => {
    const { orchard } = await settledFarm()
    const visitor = new Visitor(orchard)
    const csrf = tokenIn((await visitor.get('/sign-in')).body)
    for (let tries = 0; tries < 30; tries++)
      expect((await visitor.post('/sign-in', { csrf, email: '', password: '' })).statusCode).toBe(400)
    const refused = await visitor.post('/sign-in', { csrf, email: EMAIL, password: PASSWORD })
    expect(refused.statusCode).toBe(429)
    expect(refused.headers['content-type']).toContain('text/html')
    expect(refused.body).toContain('Quá nhiều lần thử')
    orchard.advance(61_000)
    expect((await visitor.post('/sign-in', { csrf, email: EMAIL, password: PASSWORD })).statusCode).toBe(303)
  })

  it('refuses a sign-in form without its token, with a foreign one, or from another site', async () => {
    const { orchard } = await settledFarm()
    const fields = { email: EMAIL, password: PASSWORD }
    expect((await new Visitor(orchard).post('/sign-in', fields)).statusCode).toBe(403)
    const visitor = new Visitor(orchard)
    const csrf = tokenIn((await visitor.get('/sign-in')).body)
    expect((await visitor.post('/sign-in', { ...fields, csrf: 'x'.repeat(24) })).statusCode).toBe(403)
    const other = new Visitor(orchard)
    await other.get('/sign-in')
    expect((await other.post('/sign-in', { ...fields, csrf })).statusCode).toBe(403)
    const foreign = await visitor.post('/sign-in', { ...fields, csrf }, { 'sec-fetch-site': 'cross-site' })
    expect(foreign.statusCode).toBe(403)
    expect(setCookies(foreign).some((cookie) => cookie.startsWith('vuon_session='))).toBe(false)
  })

  it('comes back to the page that was asked for, and never leaves this site', async () => {
    const { orchard } = await settledFarm()
    const visitor = new Visitor(orchard)
    const asked = await visitor.get(`${AIR}?range=7d`)
    expect(asked.headers.location).toBe(`/sign-in?next=${encodeURIComponent(`${AIR}?range=7d`)}`)
    const form = await visitor.get(String(asked.headers.location))
    expect(form.body).toContain(`name="next" value="${AIR}?range=7d"`)
    expect((await visitor.trySignIn(EMAIL, PASSWORD, `${AIR}?range=7d`)).headers.location).toBe(
      `${AIR}?range=7d`,
    )
    const away = await new Visitor(orchard).trySignIn(EMAIL, PASSWORD, '//evil.example')
    expect(away.headers.location).toBe('/farms')
  })

  it.each([
    '//evil.example',
    'https://evil.example/farms',
    '/\\evil.example',
    '/farms\r\nSet-Cookie: a=b',
    '/sign-out',
    'javascript:alert(1)',
    '/farms/../../evil',
    '/farms//evil.example',
  ])('does not follow %j', (next) => {
    expect(localPath(next)).toBe('/farms')
  })

  it('never follows a path to another origin, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `/${text}`),
          fc.string().map((text) => `/farms${text}`),
        ),
        (wanted) => {
          const path = localPath(wanted)
          expect(new URL(path, 'https://vuon.example').origin).toBe('https://vuon.example')
          expect(path).toMatch(/^\/(farms|series)/)
        },
      ),
    )
  })

  it('signs out with the token of the session only', async () => {
    const { orchard } = await settledFarm()
    const visitor = await Visitor.signedIn(orchard)
    const refused = await visitor.post('/sign-out', { csrf: 'guess' })
    expect(refused.statusCode).toBe(403)
    expect(refused.body).toContain('Chưa có gì bị thay đổi')
    expect((await visitor.get('/farms')).statusCode).toBe(200)
    const session = visitor.cookies['vuon_session'] as string
    const csrf = tokenIn((await visitor.get('/farms')).body)
    expect((await visitor.post('/sign-out', { csrf })).headers.location).toBe('/sign-in')
    visitor.cookies['vuon_session'] = session
    expect((await visitor.get('/farms')).statusCode).toBe(302)
  })

  it('ends with the session', async () => {
    const { orchard } = await settledFarm()
    const visitor = await Visitor.signedIn(orchard)
    orchard.advance(12 * HOUR + 1)
    expect((await visitor.get('/farms')).headers.location).toBe('/sign-in')
  })
})

describe('language', () => {
  it('is kept with the person, and the switch comes back to the page', async () => {
    const { orchard } = await settledFarm()
    const visitor = await Visitor.signedIn(orchard)
    const page = await visitor.get(`/farms/${FARM}`)
    expect(page.body).toContain('<html lang="vi">')
    const csrf = tokenIn(page.body)
    expect((await visitor.post('/language', { language: 'en', back: `/farms/${FARM}` })).statusCode).toBe(403)
    const answer = await visitor.post('/language', { csrf, language: 'en', back: `/farms/${FARM}` })
    expect([answer.statusCode, answer.headers.location]).toEqual([303, `/farms/${FARM}`])
    expect((await visitor.get(`/farms/${FARM}`)).body).toContain('<html lang="en">')
    const elsewhere = await Visitor.signedIn(orchard)
    expect((await elsewhere.get('/farms', { 'accept-language': 'vi' })).body).toContain('<html lang="en">')
    expect((await visitor.post('/language', { csrf, language: 'xx', back: '/farms' })).statusCode).toBe(400)
    expect(
      (await visitor.post('/language', { csrf, language: 'vi', back: '//evil.example' })).headers.location,
    ).toBe('/farms')
  })

  it('of the public is chosen by the address, then by the browser, then Vietnamese', async () => {
    const { orchard } = await settledFarm()
    const visitor = new Visitor(orchard)
    const language = async (url: string, accept?: string) =>
      /<html lang="(\w+)/.exec(
        (await visitor.get(url, accept ? { 'accept-language': accept } : {})).body,
      )?.[1]
    expect(await language('/sign-in')).toBe('vi')
    expect(await language('/sign-in', 'en-GB,en;q=0.9')).toBe('en')
    expect(await language('/sign-in?lang=vi', 'en')).toBe('vi')
    expect((await visitor.get('/?lang=en')).headers.location).toBe('/sign-in?lang=en')
  })

  it.each([
    [undefined, undefined, 'vi'],
    ['en', 'vi', 'en'],
    ['xx', 'zh-CN,zh;q=0.9', 'zh'],
    [['en', 'vi'], 'fr, en;q=0.3, zh;q=0.8', 'zh'],
    [undefined, 'zh;q=0, en;q=0.1', 'en'],
    [undefined, 'fr, de', 'vi'],
    [undefined, ';;q=,,=;q=nan', 'vi'],
  ])('of a lot page asked for as %j with %j is %s', (asked, accept, language) => {
    expect(choosePublicLanguage(asked, accept)).toBe(language)
  })

  it('has every sentence, with the same placeholders, in each language', () => {
    const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort()
    for (const [key, sentence] of Object.entries(say.tables.vi))
      expect([...new Set(holes(say.tables.en[key as keyof typeof say.tables.en]))], key).toEqual([
        ...new Set(holes(sentence)),
      ])
    for (const [key, sentence] of Object.entries(CHINESE)) {
      if (!isLotMessage(key)) throw new Error(key)
      for (const language of LANGUAGES)
        expect([...new Set(holes(lotTables[language][key]))], `${key} ${language}`).toEqual([
          ...new Set(holes(sentence)),
        ])
    }
  })
})

describe('the farms', () => {
  it('say each headline number with unit and age, the box, and open alarms', async () => {
    const { orchard } = await settledFarm()
    const page = (await (await Visitor.signedIn(orchard)).get('/farms')).body
    const text = textOf(page)
    expect(text).toMatch(/Độ ẩm đất 17 % · 4 phút trước/)
    expect(text).toMatch(/Nhiệt độ không khí \d\d,\d °C · 4 phút trước/)
    expect(text).toContain('2 cảnh báo')
    expect(text).toContain('Hộp B0X1: liên lạc vừa xong')
  })

  it('that are silent look old, and nobody says that such a farm has no alarms', async () => {
    const orchard = await Orchard.open()
    await orchard.addPerson()
    await orchard.addFarm(FARM, 'Vườn Xa')
    const box = new SignedBox(4)
    await orchard.enrol(box, FARM, 'F4R0')
    await orchard.send(box.records(seriesEntry(1) as never))
    await orchard.send(box.readings(minutes(1, 1, NOW)))
    const visitor = await Visitor.signedIn(orchard)
    expect(textOf((await visitor.get('/farms')).body)).toContain('Không có cảnh báo')
    orchard.advance(5 * HOUR)
    const text = textOf((await visitor.get('/farms')).body)
    expect(text).toContain('Hộp F4R0 mất liên lạc: lần cuối 5 giờ trước')
    expect(text).toContain('Số cũ')
    expect(text).not.toContain('Không có cảnh báo')
    const page = textOf((await visitor.get(`/farms/${FARM}`)).body)
    expect(page).toContain('sẽ tự gửi lên khi có mạng')
    expect(page).toContain('sau đó thì chưa biết')
    await orchard.suspend(box)
    expect(textOf((await visitor.get(`/farms/${FARM}`)).body)).toContain('Hộp F4R0 bị đình chỉ')
  })

  it('have a page of their own while there are none', async () => {
    const orchard = await Orchard.open()
    await orchard.addPerson({ farmIds: [] })
    expect((await (await Visitor.signedIn(orchard)).get('/farms')).body).toContain('Chưa có vườn nào ở đây')
  })

  it('are found by names typed without marks', async () => {
    const { orchard } = await settledFarm()
    await orchard.addPerson({ email: 'all@x.example', farmIds: 'all' })
    await orchard.addFarm('f-2', 'Rẫy Đức Linh', 'Đức Linh')
    const visitor = await Visitor.signedIn(orchard, 'all@x.example')
    const found = (await visitor.get('/farms?q=duc%20linh')).body
    expect(found).toContain('Rẫy Đức Linh')
    expect(found).not.toContain('Vườn Hai Lúa')
    expect(textOf((await visitor.get('/farms?q=%3Cb%3Eqqq')).body)).toContain('Không có vườn nào khớp với')
  })
})

describe('a farm', () => {
  it('says alarms, readings with marks, lots and what was received', async () => {
    const { orchard } = await settledFarm()
    const page = (await (await Visitor.signedIn(orchard)).get(`/farms/${FARM}`)).body
    const text = textOf(page)
    expect(text).toContain('Độ ẩm đất (20 cm) ở Cọc đất 1 xuống còn 18 %, thấp hơn mức 20 %.')
    expect(text).toContain('Cọc đất 2 không gửi số đo đã 60 phút')
    expect(text).toContain('Đã hết gần đây (1)')
    expect(text).toMatch(/Lô A – trụ 12 Cọc đất 1/)
    expect(text).toMatch(/42 mg\/kg 4 phút trước Ước lượng/)
    expect(text).toMatch(/16 % 20 giờ trước Số cũ/)
    expect(text).toContain('dùng để xem xu hướng, không dùng để bón phân')
    expect(page).toContain(`href="/01/${GTIN}/10/${LOTS[0]}?lang=vi"`)
    expect(text).toMatch(/Sổ vườn và cảnh báo 20 Đủ/)
  })

  it('says how much is missing after a gap, lane by lane', async () => {
    const { orchard, box } = await settledFarm()
    const skipped = box.readings(minutes(1, 25, NOW - 20 * MINUTE))
    await orchard.send(box.readings(minutes(1, 1, NOW)))
    const visitor = await Visitor.signedIn(orchard)
    expect(textOf((await visitor.get(`/farms/${FARM}`)).body)).toContain('Còn thiếu 25 dòng')
    await orchard.send(skipped)
    expect(textOf((await visitor.get(`/farms/${FARM}`)).body)).not.toContain('Còn thiếu')
  })

  it('of somebody else does not exist, nor do its series, for who may not see it', async () => {
    const { orchard } = await settledFarm()
    await orchard.addFarm('f-other', 'Vườn Người Khác')
    await orchard.addPerson({ email: 'khac@x.example', farmIds: ['f-other'] })
    const visitor = await Visitor.signedIn(orchard, 'khac@x.example')
    for (const url of [`/farms/${FARM}`, '/farms/f-none', AIR, '/series/none']) {
      const answer = await visitor.get(url)
      expect(answer.statusCode, url).toBe(404)
      expect(answer.body).not.toContain('Hai Lúa')
      expect(answer.body).not.toContain('Trạm thời tiết')
    }
    expect((await visitor.get('/farms')).body).not.toContain('Hai Lúa')
    expect((await visitor.get('/farms?q=hai%20lua')).body).not.toContain('Vườn Hai')
  })

  it('is private: no shared cache, no framing, no script from anywhere else', async () => {
    const { orchard } = await settledFarm()
    const answer = await (await Visitor.signedIn(orchard)).get(`/farms/${FARM}`)
    expect(answer.headers['cache-control']).toBe('no-store')
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(answer.body).not.toMatch(/<script(?![^>]* src=)/)
    expect(answer.body).not.toMatch(/ style=| on\w+=/)
  })
})

describe('a series', () => {
  it('is a sentence, a drawing and a table without any script', async () => {
    const { orchard } = await settledFarm()
    const page = (await (await Visitor.signedIn(orchard)).get(`${AIR}?range=7d`)).body
    expect(textOf(page)).toMatch(
      /Từ 16:00 16\/11\/2026 đến 16:00 23\/11\/2026: thấp nhất 24,\d °C, cao nhất 33,\d °C, trung bình 2\d,\d °C, từ 822 số đo\. Trong đó có một khoảng không có số đo, dài 3,\d giờ\. Trước 15:\d\d 20\/11\/2026 không có số đo\./,
    )
    expect(page.match(/<path class="mean"/g)).toHaveLength(2)
    expect(page.match(/<tr><th scope="row">/g)?.length).toBeGreaterThan(10)
  })

  it('shows the gap in the table of a day', async () => {
    const { orchard } = await settledFarm()
    const from = NOW - 44 * HOUR
    const page = (await (await Visitor.signedIn(orchard)).get(`${AIR}?from=${from}&to=${from + 24 * HOUR}`))
      .body
    expect(page.match(/<tr class="gap">/g)).toHaveLength(1)
  })

  it.each(['24h', '7d', '30d', '1y'])('has the range %s, marked as the one that is shown', async (range) => {
    const { orchard } = await settledFarm()
    const page = (await (await Visitor.signedIn(orchard)).get(`${AIR}?range=${range}`)).body
    expect(page).toContain(`<a href="?range=${range}" aria-current="true">`)
    expect(page).toContain('<path class="mean"')
  })

  it('without readings in a span says so, and what to do', async () => {
    const { orchard } = await settledFarm()
    const page = (await (await Visitor.signedIn(orchard)).get(`${AIR}?from=1000&to=99999999`)).body
    expect(textOf(page)).toContain('không có số đo nào. Hãy chọn khoảng dài hơn')
    expect(page).not.toContain('<path')
    expect(page).not.toContain('data-uuid')
  })

  it('answers any address with a page', async () => {
    const { orchard } = await settledFarm()
    const visitor = await Visitor.signedIn(orchard)
    for (const query of [
      'range=%00',
      'from=1',
      'from=9&to=3',
      'from=-1&to=5',
      'from=1e99&to=2e99',
      'from=0&to=8640000000000000',
      'range=7d&range=24h',
      'from=NaN&to=x',
    ])
      expect((await visitor.get(`${AIR}?${query}`)).statusCode, query).toBe(200)
  })

  it('is stepped through by links that stay within what there is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: NOW }), fc.integer({ min: 1, max: 4e11 }), (from, span) => {
        const range = timeRange({ from: String(from), to: String(from + span) }, NOW)
        for (const step of Object.values(stepsFrom(range, NOW))) {
          if (!step) continue
          expect(step.fromMs).toBeGreaterThanOrEqual(0)
          expect(step.toMs - step.fromMs).toBeGreaterThanOrEqual(5 * MINUTE)
          expect([step.fromMs, step.toMs].every(Number.isInteger)).toBe(true)
        }
      }),
    )
  })
})

describe('the page of a lot', () => {
  const url = `/01/${GTIN}/10/${LOTS[0]}`

  it('says where, when, how much, and that the signature holds, in three languages', async () => {
    const { orchard } = await settledFarm()
    const visitor = new Visitor(orchard)
    const vi = await visitor.get(url)
    expect(vi.statusCode).toBe(200)
    const text = textOf(vi.body)
    for (const expected of [
      'Thanh long ruột đỏ loại 1',
      'Hàm Thạnh, Lâm Đồng',
      '22/11/2026',
      '320 kg',
      'VN-LDOR-0042',
      'Chữ ký của vườn: đã kiểm tra, khớp',
      '15:04 23/11/2026',
      'Nhiệt độ không khí',
      'ni:///sha-256;',
    ])
      expect(text).toContain(expected)
    expect(text).toMatch(/Nhiệt độ không khí 24,\d °C 33,\d °C/)
    const en = await visitor.get(`${url}?lang=en`)
    expect(en.body).toContain('<html lang="en">')
    expect(textOf(en.body)).toContain("The farm's signature: checked, it holds")
    expect(textOf(en.body)).toContain('22 November 2026')
    const zh = await visitor.get(url, { 'accept-language': 'zh-CN' })
    expect(zh.body).toContain('<html lang="zh-Hans">')
    expect(textOf(zh.body)).toContain('火龙果')
    expect(textOf(zh.body)).toContain('农场签名：已核验，有效')
  })

  it('is at most 14 kB on the wire with everything in it', async () => {
    const { orchard } = await settledFarm()
    for (const lang of ['vi', 'en', 'zh']) {
      const { rawPayload, headers } = await new Visitor(orchard).get(`${url}?lang=${lang}`, {
        'accept-encoding': 'br',
      })
      expect(headers['content-encoding']).toBe('br')
      const headerBytes = Object.entries(headers).reduce(
        (sum, [name, value]) => sum + name.length + String(value).length + 4,
        0,
      )
      expect(rawPayload.length + headerBytes).toBeLessThan(14_000)
      const page = brotliDecompressSync(rawPayload).toString()
      expect(page).not.toMatch(
        /<script(?! type="module" src="\/assets\/verify-lot\.)|<img|<iframe|@import|url\(|<link[^>]+rel="stylesheet/,
      )
    }
  })

  it('stays at most 14 kB for a lot that was picked a hundred times', async () => {
    const { orchard, box } = await settledFarm()
    const lot = LOTS[0] as string
    for (let pick = 2; pick < 102; pick++)
      await orchard.send(box.records(...harvest(box, lot, pick).slice(1)))
    const { rawPayload } = await new Visitor(orchard).get(url, { 'accept-encoding': 'br' })
    expect(rawPayload.length).toBeLessThan(14_000)
  })

  it('shows conditions up to the harvest, not what was measured after it', async () => {
    const { orchard, box } = await settledFarm()
    const visitor = new Visitor(orchard)
    const before = await visitor.get(url)
    await orchard.send(box.readings([{ seriesNo: 8, t: NOW - HOUR, scaled: 551, quality: 0 }]))
    expect((await visitor.get(url)).body).toBe(before.body)
    await orchard.send(box.readings([{ seriesNo: 8, t: NOW - 40 * HOUR, scaled: 441, quality: 0 }]))
    expect(textOf((await visitor.get(url)).body)).toContain('44,1 °C')
  })

  it('sets no cookie, asks nothing of anybody, and may be kept for a while', async () => {
    const { orchard } = await settledFarm()
    const visitor = await Visitor.signedIn(orchard)
    const answer = await visitor.get(url)
    expect(answer.headers['set-cookie']).toBeUndefined()
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(policy).not.toContain('unsafe')
    expect(answer.headers['referrer-policy']).toBe('no-referrer')
    expect(answer.headers['cache-control']).toBe('public, max-age=300')
    expect(String(answer.headers.vary).toLowerCase()).toContain('accept-language')
    const again = await visitor.get(url, { 'if-none-match': String(answer.headers.etag) })
    expect([again.statusCode, again.body]).toEqual([304, ''])
    const english = await visitor.get(`${url}?lang=en`, { 'if-none-match': String(answer.headers.etag) })
    expect(english.statusCode).toBe(200)
    // The same for somebody who is signed in: a shared cache may hold it.
    expect((await new Visitor(orchard).get(url)).body).toBe(answer.body)
  })

  it('leaves no trace of a scan, in the database or in the metrics', async () => {
    const { orchard } = await settledFarm()
    const before = await everyRow(orchard)
    await new Visitor(orchard).get(url)
    await new Visitor(orchard).get(`/01/${GTIN}/10/${UNSENT_LOT}`)
    expect(await everyRow(orchard)).toEqual(before)
    const metrics = (await orchard.app.inject('/metrics')).body
    expect(metrics).not.toContain(LOTS[0])
    expect(metrics).not.toContain(UNSENT_LOT)
  })

  it('names its other languages for search engines', async () => {
    const { orchard } = await settledFarm({ publicUrl: 'https://vuon.example' })
    const page = (await new Visitor(orchard).get(url)).body
    for (const [tag, lang] of [
      ['vi', 'vi'],
      ['en', 'en'],
      ['zh-Hans', 'zh'],
    ])
      expect(page).toContain(
        `<link rel="alternate" hreflang="${tag}" href="https://vuon.example${url}?lang=${lang}">`,
      )
    expect(page).toContain(`hreflang="x-default" href="https://vuon.example${url}"`)
  })

  it('says when a signature does not hold, and when there is none yet', async () => {
    const { orchard, box } = await settledFarm()
    const [forged = '', bare = ''] = [2, 3].map((counter) => lotNumber(counter))
    await orchard.send(box.records(...harvest(box, forged, 2, { signedBy: new SignedBox(9) })))
    await orchard.send(box.records(...harvest(box, bare, 3).slice(0, 1)))
    const visitor = new Visitor(orchard)
    const bad = textOf((await visitor.get(`/01/${GTIN}/10/${forged}`)).body)
    expect(bad).toContain('Chữ ký của vườn: không khớp')
    expect(bad).not.toContain('đã kiểm tra, khớp')
    const none = textOf((await visitor.get(`/01/${GTIN}/10/${bare}`)).body)
    expect(none).toContain('Chữ ký của vườn: chưa có')
    expect(none).not.toContain('đã kiểm tra, khớp')
  })

  it.each([
    ['a lot that the farm has not sent', GTIN, UNSENT_LOT, 404, 'Vườn chưa gửi hồ sơ của lô này'],
    ['a lot that nobody knows', GTIN, 'NOSUCHLOT', 404, 'Chưa có lô này trong hồ sơ của tỉnh'],
    [
      'a lot number with one character mistyped',
      GTIN,
      `${UNSENT_LOT.slice(0, -1)}?`.replace('?', UNSENT_LOT.endsWith('A') ? 'B' : 'A'),
      404,
      'Chưa có lô này',
    ],
    ['a lot number of a box that is not enrolled', GTIN, lotNumber(0, 'ZZZZ'), 404, 'Chưa có lô này'],
    ['a GTIN with a wrong check digit', '09521234567890', UNSENT_LOT, 400, 'không đúng dạng mã lô'],
    ['a GTIN that is not one', '123', UNSENT_LOT, 400, 'không đúng dạng mã lô'],
    ['a lot that is too long', GTIN, 'A'.repeat(21), 400, 'không đúng dạng mã lô'],
    ['a lot of other characters', GTIN, encodeURIComponent('<b>ồ'), 400, 'không đúng dạng mã lô'],
  ])('for %s says so', async (_, gtin, lot, status, sentence) => {
    const { orchard } = await settledFarm()
    const answer = await new Visitor(orchard).get(`/01/${gtin}/10/${lot}`)
    expect(answer.statusCode).toBe(status)
    expect(textOf(answer.body)).toContain(sentence)
    expect(answer.headers['content-security-policy']).toBeDefined()
    expect(answer.headers['cache-control']).toBe('public, max-age=60')
    for (const lang of ['en', 'zh'])
      expect((await new Visitor(orchard).get(`/01/${gtin}/10/${lot}?lang=${lang}`)).body).not.toMatch(
        /undefined|\{\w+\}/,
      )
  })
})

describe('what a farm or a person wrote', () => {
  const EVIL = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

  it('is shown as text on every page', async () => {
    const orchard = await Orchard.open()
    await orchard.addFarm(FARM, EVIL, EVIL, EVIL)
    const box = new SignedBox(1)
    await orchard.enrol(box, FARM, 'B0X1')
    await orchard.gateway.decide([
      { kind: 'allocation', farmId: FARM, gtin: GTIN, crop: EVIL, productVi: EVIL, productEn: EVIL },
    ])
    const lot = LOTS[0] as string
    const entries = [
      seriesEntry(1, { device: EVIL, channel: EVIL, place: EVIL, unit: EVIL as never, origin: EVIL }),
      seriesEntry(2, { uuid: EVIL, device: EVIL, place: `${EVIL}2` }),
      {
        kind: 'alarm',
        alarmId: EVIL,
        state: 'raised',
        severity: EVIL,
        rule: EVIL,
        name: EVIL,
        device: EVIL,
        quantity: EVIL,
        facts: { value: EVIL },
      },
      {
        kind: 'alarm',
        alarmId: 'b',
        state: 'raised',
        severity: 'warning',
        rule: 'above',
        name: EVIL,
        device: EVIL,
        quantity: EVIL,
        facts: { value: EVIL, bound: EVIL, channel: EVIL },
      },
      {
        kind: 'alarm',
        alarmId: 'c',
        state: 'raised',
        severity: 'warning',
        rule: 'silent',
        name: EVIL,
        device: EVIL,
        quantity: '',
        facts: EVIL,
      },
      ...harvest(box, lot, 0, { crop: EVIL, plot: EVIL }),
      {
        kind: 'lot',
        gtin: EVIL,
        lot: EVIL,
        activityId: 'e',
        crop: EVIL,
        plot: EVIL,
        harvestedAt: NOW,
        massKg: 1,
      },
      {
        kind: 'lot',
        gtin: 'javascript:alert(3)',
        lot: '../../x',
        activityId: 'f',
        crop: EVIL,
        plot: EVIL,
        harvestedAt: Number.MAX_SAFE_INTEGER,
        massKg: 1e300,
        growingArea: { gln: EVIL, code: EVIL },
      },
    ] as ({ kind: string } & Record<string, unknown>)[]
    await orchard.send(box.records(...entries))
    await orchard.send(
      box.readings([...minutes(1, 3, NOW - HOUR), { seriesNo: 2, t: NOW, scaled: 5, quality: 1 << 20 }]),
    )
    await orchard.addPerson({ name: EVIL })
    const visitor = await Visitor.signedIn(orchard)
    const pages = [
      '/farms',
      `/farms?q=${encodeURIComponent(EVIL)}`,
      `/farms/${FARM}`,
      '/series/00000000-0000-4000-8000-000000000001',
      `/series/${encodeURIComponent(EVIL)}`,
      `/01/${GTIN}/10/${lot}`,
      `/01/${encodeURIComponent(EVIL)}/10/${encodeURIComponent(EVIL)}`,
      `/01/${GTIN}/10/${encodeURIComponent('<b>"\'')}`,
      `/nothing/${encodeURIComponent(EVIL)}`,
      `/sign-in?next=${encodeURIComponent(EVIL)}&lang=${encodeURIComponent(EVIL)}`,
    ]
    for (const language of LANGUAGES) {
      const csrf = tokenIn((await visitor.get('/farms')).body)
      await visitor.post('/language', { csrf, language, back: EVIL })
      for (const page of pages) {
        const { body, statusCode } = await visitor.get(page)
        expect(statusCode, page).toBeLessThan(500)
        expect(body, page).not.toMatch(/<script>|<img src=x|"'>|<b>/)
        // Every attribute of every tag is one that we wrote.
        for (const [tag] of body.matchAll(/<[a-z][^>]*>/g))
          expect(tag.replaceAll(/"[^"]*"/g, ''), page).not.toMatch(/\son\w+\s*=/i)
        expect(body, page).not.toMatch(/(?:href|src|action)="\s*javascript:/i)
      }
    }
    const wrong = await new Visitor(orchard).trySignIn(EVIL, 'x')
    expect(wrong.body).not.toMatch(/<script>|<img src=x/)
  })
})

describe('errors', () => {
  it('are pages for people, in their language, and problems for programs', async () => {
    const { orchard } = await settledFarm()
    const visitor = new Visitor(orchard)
    const page = await visitor.get('/no-such-page', { 'accept-language': 'en' })
    expect([page.statusCode, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
    expect(page.body).toContain('There is no such page')
    for (const url of ['/api/v1/nothing', '/sync/v1/nothing', '/api/v1/farms', '/assets/nothing.js'])
      expect((await visitor.get(url)).headers['content-type'], url).toContain('application/problem+json')
    const program = await visitor.get('/no-such-page', { accept: 'application/json' })
    expect(program.headers['content-type']).toContain('application/problem+json')
    expect((await visitor.get('/no-such-page', { accept: '*/*' })).headers['content-type']).toContain('json')
  })

  it('of the gateway itself are a page that does not say more than it should', async () => {
    const { orchard } = await settledFarm()
    const visitor = await Visitor.signedIn(orchard)
    await orchard.gateway.db.destroy()
    const answer = await visitor.get('/farms')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).toContain('Máy chủ gặp trục trặc')
    expect(answer.body).not.toMatch(/SQLITE|destroyed|\.ts/)
  })
})

describe('assets', () => {
  it('are served under the hash of their content, for a year, and hold no types', async () => {
    const { orchard } = await settledFarm()
    const page = (await (await Visitor.signedIn(orchard)).get(AIR)).body
    const paths = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path as string)
    expect(paths.length).toBeGreaterThanOrEqual(5)
    for (const path of paths) {
      const { statusCode, headers, body } = await orchard.app.inject(path)
      expect(statusCode, path).toBe(200)
      expect(headers['cache-control']).toContain('immutable')
      for (const [, imported] of body.matchAll(/from\s+'([^']+)'/g)) {
        expect(imported).toMatch(/^\/assets\/\w+\.[\w-]{16}\.js$/)
        expect((await orchard.app.inject(imported as string)).statusCode).toBe(200)
      }
    }
  })

  it('that are not there are not found, wherever the path leads', async () => {
    const { orchard } = await settledFarm()
    for (const path of [
      '/assets/x',
      '/assets/..%2f..%2fpackage.json',
      '/assets/%2e%2e/config.ts',
      '/assets/__proto__',
    ])
      expect((await orchard.app.inject(path)).statusCode, path).toBe(404)
  })
})

describe('in words', () => {
  it.each([
    [0, 'vừa xong'],
    [59_999, 'vừa xong'],
    [4 * MINUTE, '4 phút trước'],
    [60 * MINUTE, '1 giờ trước'],
    [47 * HOUR, '47 giờ trước'],
    [48 * HOUR, '2 ngày trước'],
    [-MINUTE, 'vừa xong'],
    [-HOUR, 'giờ của hộp chạy nhanh'],
  ])('an age of %d ms is “%s”', (ms, text) => {
    expect(ageText(ageWords('vi'), ms)).toBe(text)
  })

  it('a value carries its unit as people write it', () => {
    expect(valueText('vi', { quantity: 'air-temperature', unit: 'Cel', value: 32.25 })).toBe('32,3\u00a0°C')
    expect(valueText('en', { quantity: 'water-flow', unit: 'L/min', value: 2 })).toBe('2.0\u00a0L/min')
    expect(valueText('vi', { quantity: 'soil-ph', unit: '[pH]', value: 5.6 })).toBe('5,6')
    expect(valueText('vi', { quantity: 'switch', unit: '1', value: 1 })).toBe('Bật')
    expect(numberText('vi', -0.04, 1)).toBe('0,0')
  })

  it('every flag of quality has its own mark, and one from the future is named as such', () => {
    const flags = Object.values(QUALITY).filter((flag) => flag > 0)
    const names = flags.flatMap((flag) => marksOf(flag).map(({ name }) => name))
    expect(new Set(names).size).toBe(flags.length)
    expect(names).not.toContain('markUnknown')
    expect(marksOf(128).map(({ name }) => name)).toEqual(['markUnknown'])
  })
})

describe('a chart', () => {
  const at = (...ts: number[]) => ts.map((t) => ({ t, min: 1, max: 3, mean: 2 }))

  it('breaks where readings are missing, and not at a late one', () => {
    const runs = stretches(at(0, 10, 20, 31, 40, 100, 110, 120), 10, true)
    expect(runs.map((run) => run.buckets.length)).toEqual([5, 3])
    expect(gapsOf(runs)).toEqual([60])
  })

  it('breaks at one empty bucket where every other holds readings', () => {
    expect(
      stretches(
        at(...Array.from({ length: 20 }, (_, index) => index * 10 + (index > 9 ? 10 : 0))),
        10,
        false,
      ),
    ).toHaveLength(2)
  })

  it('has round ticks around any values', () => {
    const tenths = fc.integer({ min: -1e7, max: 1e7 }).map((value) => value / 10)
    fc.assert(
      fc.property(tenths, fc.nat(1e7), (low, span) => {
        const high = low + span / 10
        const { ticks } = scale([{ t: 0, min: low, max: high, mean: low }])
        const roundingError = 1e-9 * Math.max(Math.abs(low), Math.abs(high))
        expect(ticks[0]).toBeLessThanOrEqual(low + roundingError)
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(high - roundingError)
        expect(ticks.length).toBeGreaterThanOrEqual(2)
        expect(ticks.length).toBeLessThanOrEqual(7)
      }),
    )
  })
})

async function everyRow({ gateway }: Orchard): Promise<Record<string, unknown[]>> {
  const tables = await sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table'`.execute(
    gateway.db,
  )
  const rows: Record<string, unknown[]> = {}
  for (const { name } of tables.rows)
    rows[name] = (await sql.raw(`SELECT * FROM "${name}"`).execute(gateway.db)).rows
  return rows
}

function lotNumber(counter: number, boxCode = 'B0X1'): string {
  return newLotNumber({ boxCode, yymmdd: '261122', counter })
}

/** What a reader sees: no tags, one space. */
function textOf(page: string): string {
  return page
    .replace(/^[\s\S]*?<body/, '<body')
    .replaceAll(/<\/?(?:bdi|time|strong|code|small)\b[^>]*>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll(/\s+/g, ' ')
}

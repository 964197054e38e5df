import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { People, readPageCode } from '../../../agent/page/people.ts'
import { temporaryFolder } from '../../world/real-services.ts'
import { Phone, type PretendBox, pretendBox, signedInPhone } from './pretend-box.ts'

let box: PretendBox
afterEach(() => box?.close())

const whoOf = (body: string, name: string) =>
  new RegExp(`name="who" value="(p-[^"]+)"[^>]*> <span>${name}`).exec(body)?.[1] ?? ''

async function signIn(phone: Phone, name: string, pin: string) {
  const page = await phone.get('/sign-in')
  return phone.post('/sign-in', { who: whoOf(page.body, name), pin })
}

describe('the first person', () => {
  it('needs the code that stands in a file only the box can read, once', async () => {
    box = await pretendBox()
    const path = join(box.dataDir, 'page-code')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const phone = new Phone(box.app)
    await phone.get('/people/first')
    const fields = { name: 'Anh Tư', newPin: '123456', newAgain: '123456' }
    expect((await phone.post('/people/first', { ...fields, code: 'AAAA-AAAA' })).statusCode).toBe(403)
    const code = (readPageCode(box.dataDir) ?? '').toLowerCase().replace('-', ' ')
    expect((await phone.post('/people/first', { ...fields, code })).statusCode).toBe(303)
    expect(existsSync(path)).toBe(false)
    expect(statSync(join(box.dataDir, 'people.json')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(box.dataDir, 'people.json'), 'utf8')).not.toContain('123456')
    const late = new Phone(box.app)
    expect((await late.get('/people/first')).headers.location).toBe('/sign-in')
  })

  it('keeps the same code over a restart, and two who enter it at once are one person', async () => {
    box = await pretendBox()
    const code = readPageCode(box.dataDir)
    await box.close()
    box = await pretendBox({ dataDir: box.dataDir })
    expect(readPageCode(box.dataDir)).toBe(code)
    const phones = [new Phone(box.app), new Phone(box.app)]
    for (const phone of phones) await phone.get('/people/first')
    await Promise.all(
      phones.map((phone, index) =>
        phone.post('/people/first', {
          code: code ?? '',
          name: `N${index}`,
          newPin: '4444',
          newAgain: '4444',
        }),
      ),
    )
    expect(JSON.parse(readFileSync(join(box.dataDir, 'people.json'), 'utf8')).people).toHaveLength(1)
  })

  it.each([
    ['name', { name: '  ' }],
    ['newPin', { newPin: '123', newAgain: '123' }],
    ['newPin', { newPin: '123456789', newAgain: '123456789' }],
    ['newPin', { newPin: '12a4', newAgain: '12a4' }],
    ['newAgain', { newAgain: '9999' }],
  ])('says at %s what is wrong', async (name, wrong) => {
    box = await pretendBox()
    const phone = new Phone(box.app)
    await phone.get('/people/first')
    const code = readPageCode(box.dataDir) ?? ''
    const answer = await phone.post('/people/first', {
      code,
      name: 'Tư',
      newPin: '4444',
      newAgain: '4444',
      ...wrong,
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.body).toContain(`id="${name}-wrong"`)
  })
})

describe('signing in', () => {
  it('lets in with the PIN and refuses without; the cookie is for this page only', async () => {
    box = await pretendBox()
    await signedInPhone(box)
    const phone = new Phone(box.app)
    expect((await signIn(phone, 'Chị Sáu', '9999')).statusCode).toBe(401)
    const answer = await signIn(phone, 'Chị Sáu', '2580')
    expect(answer.statusCode).toBe(303)
    const cookie = answer.cookies.find(({ name }) => name === 'vuon_box')
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' })
  })

  it('locks a person out after five wrong tries, longer each time, whatever the wall clock says', async () => {
    box = await pretendBox()
    await signedInPhone(box)
    const phone = new Phone(box.app)
    for (let tries = 0; tries < 5; tries++)
      expect((await signIn(phone, 'Chị Sáu', '0000')).statusCode).toBe(401)
    const locked = await signIn(phone, 'Chị Sáu', '2580')
    expect(locked.statusCode).toBe(429)
    expect(locked.headers['retry-after']).toBe('60')
    expect(locked.body).toContain('Chờ 1 phút')
    box.clock.wall += 86_400_000
    expect((await signIn(phone, 'Chị Sáu', '2580')).statusCode).toBe(429)
    box.clock.advance(61_000)
    expect((await signIn(phone, 'Chị Sáu', '0000')).statusCode).toBe(401)
    expect((await signIn(phone, 'Chị Sáu', '2580')).headers['retry-after']).toBe('120')
    box.clock.advance(121_000)
    expect((await signIn(phone, 'Chị Sáu', '2580')).statusCode).toBe(303)
    expect((await signIn(phone, 'Chị Sáu', '0000')).body).toContain('Còn 4 lần thử')
  })

  it('costs a guess 32 MiB, on a box that says nothing else', async () => {
    const dataDir = temporaryFolder()
    const people = new People(dataDir, {
      clock: systemClock,
      randomBytes: (length) => new Uint8Array(randomBytes(length)),
    })
    people.open()
    const added = await people.add('Chị Sáu', '2580', { isFirst: true })
    const { id, pin } = JSON.parse(readFileSync(people.path, 'utf8')).people[0]
    expect(added).toEqual({ person: { id, name: 'Chị Sáu' } })
    expect(pin).toMatch(/^scrypt\$32768\$8\$1\$/)
    expect(await people.tryPin(id, '9999')).toMatchObject({ refused: 'wrong' })
    expect(await people.tryPin(id, '2580')).toEqual(added)
    // Another box's memory, a number that is no cost at all, and what a guess would be cheap at.
    for (const cost of ['65536', '32767', '16384', '1024']) {
      writeFileSync(people.path, readFileSync(people.path, 'utf8').replace(/\$\d{4,5}\$/, `$$${cost}$`))
      const again = new People(dataDir, { clock: systemClock, randomBytes: () => new Uint8Array(16) })
      again.open()
      expect(again.state).toBe('damaged')
    }
  })

  it('counts tries that arrive at once', async () => {
    box = await pretendBox()
    await signedInPhone(box)
    const phone = new Phone(box.app)
    const who = whoOf((await phone.get('/sign-in')).body, 'Chị Sáu')
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => phone.post('/sign-in', { who, pin: `900${index}` })),
    )
    expect(answers.filter((answer) => answer.statusCode === 401)).toHaveLength(5)
    expect(answers.filter((answer) => answer.statusCode === 429)).toHaveLength(3)
  })

  it('keeps the lock over a restart: pulling the plug buys no tries', async () => {
    box = await pretendBox()
    await signedInPhone(box)
    for (let tries = 0; tries < 5; tries++) await signIn(new Phone(box.app), 'Chị Sáu', '0000')
    await box.close()
    box = await pretendBox({ dataDir: box.dataDir })
    expect((await signIn(new Phone(box.app), 'Chị Sáu', '2580')).statusCode).toBe(429)
  })

  it('slows down guessing over many names too', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    for (let index = 0; index < 5; index++) {
      await phone.get('/people')
      await phone.post('/people/add', { name: `Người ${index}`, newPin: '7777', newAgain: '7777' })
    }
    const guesser = new Phone(box.app)
    const names = Array.from({ length: 5 }, (_, index) => `Người ${index}`)
    let refusedAt = 0
    for (let tries = 1; tries <= 25 && refusedAt === 0; tries++)
      if ((await signIn(guesser, names[tries % 5]!, '0000')).statusCode === 429) refusedAt = tries
    expect(refusedAt).toBe(21)
  })

  it('ends a session after a working day, and at signing out', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    expect((await phone.get('/people')).statusCode).toBe(200)
    box.clock.advance(12 * 3_600_000 + 1)
    expect((await phone.get('/people')).statusCode).toBe(303)
    await signIn(phone, 'Chị Sáu', '2580')
    await phone.get('/people')
    await phone.post('/sign-out', {})
    expect((await phone.get('/people')).statusCode).toBe(303)
  })

  it('never leads to another site after the PIN', async () => {
    box = await pretendBox()
    await signedInPhone(box)
    for (const next of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      '/ok?x=1',
    ]) {
      const phone = new Phone(box.app)
      const page = await phone.get(`/sign-in?next=${encodeURIComponent(next)}`)
      const answer = await phone.post('/sign-in', { who: whoOf(page.body, 'Chị Sáu'), pin: '2580', next })
      expect(answer.headers.location).toBe(next === '/ok?x=1' ? next : '/')
    }
  })
})

describe('people of the box', () => {
  it('a signed-in person adds another, who can sign in; nobody else can add', async () => {
    box = await pretendBox()
    const stranger = new Phone(box.app)
    const phone = await signedInPhone(box)
    await stranger.get('/sign-in')
    const refused = await stranger.post('/people/add', { name: 'X', newPin: '1111', newAgain: '1111' })
    expect(refused.headers.location).toBe('/sign-in?next=/people')
    await phone.get('/people')
    const added = await phone.post('/people/add', { name: ' Anh  Ba ', newPin: '24680', newAgain: '24680' })
    expect(added.body).toContain('Đã thêm Anh Ba')
    expect((await signIn(new Phone(box.app), 'Anh Ba', '24680')).statusCode).toBe(303)
    await phone.get('/people')
    const twice = await phone.post('/people/add', { name: 'ANH BA', newPin: '24680', newAgain: '24680' })
    expect(twice.statusCode).toBe(409)
  })

  it('removing a person ends their session; the last person cannot remove herself', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await phone.get('/people')
    await phone.post('/people/add', { name: 'Ba', newPin: '24680', newAgain: '24680' })
    const other = new Phone(box.app)
    await signIn(other, 'Ba', '24680')
    const [me, ba] = JSON.parse(readFileSync(join(box.dataDir, 'people.json'), 'utf8')).people
    await phone.get('/people')
    expect((await phone.post('/people/remove', { who: me.id })).statusCode).toBe(400)
    await phone.get('/people')
    expect((await phone.post('/people/remove', { who: ba.id })).statusCode).toBe(303)
    expect((await other.get('/people')).statusCode).toBe(303)
  })

  it('changes the PIN only for who knows the old one, and ends the other sessions', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    const other = new Phone(box.app)
    await signIn(other, 'Chị Sáu', '2580')
    await phone.get('/people')
    const change = { changedPin: '13579', changedAgain: '13579' }
    expect((await phone.post('/people/pin', { oldPin: '0000', ...change })).statusCode).toBe(401)
    expect((await phone.post('/people/pin', { oldPin: '2580', ...change })).statusCode).toBe(303)
    expect((await phone.get('/people')).statusCode).toBe(200)
    expect((await other.get('/people')).statusCode).toBe(303)
    expect((await signIn(new Phone(box.app), 'Chị Sáu', '13579')).statusCode).toBe(303)
  })

  it.each(['', '{"version":1,"people":[{"id":', '{"version":2,"people":[]}', '\u0000\u0000\u0000'])(
    'a damaged people.json (%j) is said on the page and left as it is',
    async (text) => {
      const dataDir = temporaryFolder()
      writeFileSync(join(dataDir, 'people.json'), text)
      box = await pretendBox({ dataDir })
      const phone = new Phone(box.app)
      expect((await phone.get('/')).body).toContain('Tệp người dùng bị hư')
      expect((await phone.get('/sign-in')).body).toContain('people.json')
      await phone.post('/people/first', { code: 'AAAA-AAAA', name: 'X', newPin: '1111', newAgain: '1111' })
      await phone.post('/sign-in', { who: 'p-X', pin: '1111' })
      expect(readFileSync(join(dataDir, 'people.json'), 'utf8')).toBe(text)
      expect(existsSync(join(dataDir, 'page-code'))).toBe(false)
    },
  )

  it('a file that is damaged while the box runs is not overwritten either', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await phone.get('/people')
    writeFileSync(join(box.dataDir, 'people.json'), '{')
    const answer = await phone.post('/people/add', { name: 'Ba', newPin: '24680', newAgain: '24680' })
    expect(answer.body).toContain('bị hư')
    expect(readFileSync(join(box.dataDir, 'people.json'), 'utf8')).toBe('{')
  })
})

describe('a box whose page is closed', () => {
  it('asks for the PIN before anything is shown, and goes on to where one wanted to go', async () => {
    box = await pretendBox({ options: { readingNeedsPin: true } })
    const phone = new Phone(box.app)
    for (const path of [
      '/',
      '/devices',
      '/keeping',
      '/lots',
      '/series/1',
      '/lots/X/label.svg',
      '/fragment/home',
    ])
      expect((await phone.get(path)).headers.location, path).toMatch(/^\/sign-in\?next=/)
    expect((await phone.get('/api/overview')).statusCode).toBe(401)
    expect((await phone.get('/healthz')).statusCode).toBe(200)
    const signed = await signedInPhone(box)
    expect((await signed.get('/devices')).statusCode).toBe(200)
    expect((await signed.get('/api/overview')).statusCode).toBe(200)
  })
})

import { describe, expect, it } from 'vitest'
import { addPerson, type NewPerson } from '../../gateway/accounts/people.ts'
import { type SignIn, setLanguage, signIn, signOut, viewerByToken } from '../../gateway/accounts/sessions.ts'
import { QUICK_PASSWORD } from '../world/quick-hash.ts'
import { expectProblem, RunningGateway } from './running-gateway.ts'
import { minutes, SignedBox, seriesEntry } from './signed-box.ts'

const EMAIL = 'lan@tinh.example'
const PASSWORD = 'thanh long ruột đỏ'
const MINUTE = 60_000

const person = (change: Partial<NewPerson> = {}): NewPerson => ({
  email: EMAIL,
  name: 'Nguyễn Thị Lan',
  role: 'agronomist',
  farmIds: ['f-1'],
  language: 'vi',
  password: PASSWORD,
  ...change,
})

async function provinceWithLan(): Promise<RunningGateway> {
  const province = await RunningGateway.open()
  await addPerson(province.gateway.db, person(), QUICK_PASSWORD)
  return province
}

let drawn = 0
const enter = (province: RunningGateway, password: string, email = EMAIL): Promise<SignIn> =>
  signIn(
    province.gateway.db,
    { email, password },
    {
      nowMs: province.nowMs,
      sessionMs: 12 * 60 * MINUTE,
      randomBytes: (length) => new Uint8Array(length).fill(++drawn),
    },
  )

async function token(province: RunningGateway, email = EMAIL): Promise<string> {
  const entered = await enter(province, PASSWORD, email)
  if (!('session' in entered)) throw new Error(entered.refused)
  return entered.session.token
}

describe('a person', () => {
  it('signs in with their password, however the address is written', async () => {
    const province = await provinceWithLan()
    const entered = await enter(province, PASSWORD, ' Lan@Tinh.Example ')
    if (!('session' in entered)) throw new Error(entered.refused)
    const { viewer, csrf } = await viewerByToken(province.gateway.db, entered.session.token, province.nowMs)
    expect(viewer).toMatchObject({ kind: 'person', name: 'Nguyễn Thị Lan', farmIds: ['f-1'], language: 'vi' })
    expect(csrf).toBe(entered.session.csrf)
    expect(await province.rows('SELECT action FROM audit')).toEqual([{ action: 'sign-in' }])
  })

  it('whose keyboard composes the same letters in another way has the same password', async () => {
    const province = await provinceWithLan()
    expect(await enter(province, PASSWORD.normalize('NFD'))).toHaveProperty('session')
  })

  it('has a password that costs whoever guesses what OWASP asks for', async () => {
    const province = await RunningGateway.open()
    await addPerson(province.gateway.db, person())
    const [row] = await province.rows('SELECT password FROM person')
    expect(row).toEqual({ password: expect.stringMatching(/^scrypt\$32768\$8\$3\$/) })
    expect(await enter(province, 'a guess')).toEqual({ refused: 'wrong' })
    expect(await enter(province, PASSWORD)).toHaveProperty('session')
  })

  it('leaves neither password nor token in the store', async () => {
    const province = await provinceWithLan()
    const held = await token(province)
    const rows = JSON.stringify([
      await province.rows('SELECT * FROM person'),
      await province.rows('SELECT * FROM session'),
    ])
    expect(rows).not.toContain(PASSWORD)
    expect(rows).not.toContain(held)
  })

  it('is signed out after half a day, by signing out, and by nothing else', async () => {
    const province = await provinceWithLan()
    const { db } = province.gateway
    const [one, two] = [await token(province), await token(province)]
    const kind = async (held: string | undefined) =>
      (await viewerByToken(db, held, province.nowMs)).viewer.kind
    expect([await kind(one), await kind(two)]).toEqual(['person', 'person'])
    await signOut(db, one)
    expect([await kind(one), await kind(two)]).toEqual(['public', 'person'])
    province.advance(12 * 60 * MINUTE)
    expect(await kind(two)).toBe('public')
    expect([
      await kind(undefined),
      await kind(''),
      await kind("' OR '1'='1"),
      await kind('x'.repeat(9999)),
    ]).toEqual(['public', 'public', 'public', 'public'])
  })

  it('keeps the language that they chose', async () => {
    const province = await provinceWithLan()
    const held = await token(province)
    const { viewer } = await viewerByToken(province.gateway.db, held, province.nowMs)
    if (viewer.kind !== 'person') throw new Error('signed out')
    await setLanguage(province.gateway.db, viewer.personId, 'en')
    const again = await viewerByToken(province.gateway.db, held, province.nowMs)
    expect(again.viewer).toMatchObject({ language: 'en' })
  })

  it.each([
    ['an address that is none', { email: 'lan' }, /not an e-mail address/],
    ['a password of nine characters', { password: '123456789' }, /shorter than 10/],
    ['an address that is taken, in other letters', { email: 'LAN@tinh.example' }, /already/],
  ])('is not added with %s', async (_, change, reason) => {
    const province = await provinceWithLan()
    await expect(addPerson(province.gateway.db, person(change))).rejects.toThrow(reason)
    expect(await province.rows('SELECT email FROM person')).toEqual([{ email: EMAIL }])
  })
})

describe('guessing a password', () => {
  it('locks the account after five tries, for the right password too, and longer each time', async () => {
    const province = await provinceWithLan()
    for (let tries = 0; tries < 5; tries++)
      expect(await enter(province, 'a guess')).toEqual({ refused: 'wrong' })
    expect(await enter(province, PASSWORD)).toEqual({ refused: 'locked', untilMs: province.nowMs + MINUTE })
    province.advance(MINUTE)
    expect(await enter(province, 'a guess')).toEqual({ refused: 'wrong' })
    expect(await enter(province, PASSWORD)).toEqual({
      refused: 'locked',
      untilMs: province.nowMs + 2 * MINUTE,
    })
    province.advance(2 * MINUTE)
    expect(await enter(province, PASSWORD)).toHaveProperty('session')
    expect(await province.rows('SELECT failures, locked_until FROM person')).toEqual([
      { failures: 0, locked_until: 0 },
    ])
  })

  it('never locks for longer than an hour', async () => {
    const province = await provinceWithLan()
    await province.rows('UPDATE person SET failures = 60')
    await enter(province, 'a guess')
    expect(await enter(province, PASSWORD)).toEqual({
      refused: 'locked',
      untilMs: province.nowMs + 60 * MINUTE,
    })
  })

  it('eight times at the same moment is eight failures, not one', async () => {
    const province = await provinceWithLan()
    const answers = await Promise.all(Array.from({ length: 8 }, () => enter(province, 'a guess')))
    const count = (refused: string) =>
      answers.filter((answer) => 'refused' in answer && answer.refused === refused).length
    expect([count('wrong'), count('locked')]).toEqual([5, 3])
  })

  it('more often at once than the computer has room for is turned away', async () => {
    const province = await provinceWithLan()
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => enter(province, 'a guess', `nobody${index}@tinh.example`)),
    )
    expect(answers.filter((answer) => answer.status === 'rejected')).toHaveLength(12)
    expect(await enter(province, PASSWORD)).toHaveProperty('session')
  })

  it('of somebody who is not there is answered like a wrong password', async () => {
    const province = await provinceWithLan()
    expect(await enter(province, PASSWORD, 'nobody@tinh.example')).toEqual({ refused: 'wrong' })
  })
})

describe('what a person may see', () => {
  async function twoFarms() {
    const province = await provinceWithLan()
    const boxes = [new SignedBox(1), new SignedBox(2)]
    for (const [index, box] of boxes.entries()) {
      await province.addFarm(`f-${index + 1}`, `Vườn ${index + 1}`)
      await province.enrol(box, `f-${index + 1}`)
      await province.take(box.records(seriesEntry(index + 1)))
      await province.take(box.readings(minutes(index + 1, 5)))
    }
    await addPerson(
      province.gateway.db,
      person({ email: 'all@tinh.example', farmIds: 'all', role: 'department' }),
      QUICK_PASSWORD,
    )
    await addPerson(province.gateway.db, person({ email: 'none@tinh.example', farmIds: [] }), QUICK_PASSWORD)
    const tokens = new Map<string, string>()
    for (const { email } of await province.rows<{ email: string }>('SELECT email FROM person'))
      tokens.set(email, await token(province, email))
    const get = async (url: string, email?: string) =>
      province.app.inject({
        url,
        ...(email ? { cookies: { vuon_session: tokens.get(email) ?? '' } } : {}),
      })
    return { province, get }
  }

  it('is their own farms, in every list and at every address', async () => {
    const { get } = await twoFarms()
    const ids = async (email: string) =>
      ((await get('/api/v1/farms', email)).json() as { farms: { farmId: string }[] }).farms.map(
        ({ farmId }) => farmId,
      )
    expect(await ids(EMAIL)).toEqual(['f-1'])
    expect(await ids('all@tinh.example')).toEqual(['f-1', 'f-2'])
    expect(await ids('none@tinh.example')).toEqual([])
    const [own, other] = [seriesEntry(1), seriesEntry(2)].map(({ uuid }) => `/api/v1/series/${uuid}/history`)
    for (const url of ['/api/v1/farms/f-1', own!]) expect((await get(url, EMAIL)).statusCode).toBe(200)
    for (const url of ['/api/v1/farms/f-2', other!, '/api/v1/farms/f-3', '/api/v1/series/x/history']) {
      // What is not theirs and what is not there look the same.
      expectProblem(await get(url, EMAIL), 'not-found')
      expectProblem(await get(url, 'none@tinh.example'), 'not-found')
      expectProblem(await get(url), 'session-required')
    }
    expect((await get(other!, 'all@tinh.example')).statusCode).toBe(200)
  })

  it('has to be asked for in a way that has an answer', async () => {
    const { get } = await twoFarms()
    const wrong = [
      'from=5&to=5',
      'from=9&to=1',
      'from=0',
      'from=x',
      'from=-1',
      'to=1e99',
      'buckets=0',
      'buckets=2001',
    ]
    for (const query of wrong)
      expectProblem(
        await get(`/api/v1/series/${seriesEntry(1).uuid}/history?${query}`, EMAIL),
        'input-invalid',
      )
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import type { AlarmCard, BoxOverview } from '../../../agent/page/page-sources.ts'
import { NOON, Phone, type PretendBox, pretendBox, signedInPhone } from './pretend-box.ts'

let box: PretendBox
afterEach(() => box?.close())

const ALARM: AlarmCard = {
  ...{ alarmId: 'a-1', severity: 'warning', rule: 'above', name: 'Nóng quá', device: 'air-shed' },
  ...{ quantity: 'air-temperature', facts: { value: 39, bound: 38 }, raisedAt: NOON, acknowledged: null },
}

async function openBox(alarms: readonly AlarmCard[] = [ALARM], overview: Partial<BoxOverview> = {}) {
  const seen: string[] = []
  box = await pretendBox({ overview: { alarms, ...overview } })
  Object.assign(box.sources, {
    acknowledgeAlarm: async (alarmId: string, person: string) => {
      seen.push(`${alarmId} ${person}`)
      return alarmId === ALARM.alarmId ? 'acknowledged' : 'unknown'
    },
  })
  return seen
}

const PATH = '/alarms/a-1/acknowledge'

describe('acknowledging an alarm', () => {
  it('is one press for who has a PIN, and the journal gets the id of the person', async () => {
    const seen = await openBox()
    const phone = await signedInPhone(box)
    expect((await phone.get('/')).body).toContain(`action="${PATH}"`)
    const answer = await phone.post(PATH, {})
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/'])
    expect(seen).toEqual([expect.stringMatching(/^a-1 p-[0-9A-Z]{16}$/)])
  })

  it('asks for the PIN first, and takes nothing without it', async () => {
    const seen = await openBox()
    const phone = new Phone(box.app)
    const page = await phone.get('/')
    expect(page.body).toContain('/sign-in?next=/')
    expect(page.body).not.toContain(PATH)
    expect((await phone.post(PATH, {})).headers.location).toBe('/sign-in?next=/')
    expect(seen).toEqual([])
  })

  it('is not taken from a page that is not ours, nor without the token of our own', async () => {
    const seen = await openBox()
    const phone = await signedInPhone(box)
    await phone.get('/')
    expect((await phone.post(PATH, {}, { origin: 'http://evil.example' })).statusCode).toBe(403)
    expect((await phone.post(PATH, { form: 'x' })).statusCode).toBe(403)
    expect(seen).toEqual([])
  })

  it('of one that is over meanwhile shows how it is now; of nonsense nothing is asked', async () => {
    const seen = await openBox()
    const phone = await signedInPhone(box)
    await phone.get('/')
    expect((await phone.post('/alarms/a-9/acknowledge', {})).statusCode).toBe(303)
    expect((await phone.post('/alarms/%2e%2e%2f/acknowledge', {})).statusCode).toBe(404)
    expect(seen).toHaveLength(1)
  })

  it('then says who has seen it, and asks nobody again', async () => {
    await openBox()
    const phone = await signedInPhone(box, 'Chị Sáu')
    const id = /value="(p-[0-9A-Z]{16})"/.exec((await phone.get('/people')).body)?.[1] ?? 'nobody'
    const acknowledged = { at: NOON - 120_000, person: id }
    box.overview = { ...box.overview, alarms: [{ ...ALARM, acknowledged }] }
    const page = await phone.get('/')
    expect(page.body).not.toContain(PATH)
    expect(page.body).toMatch(/đã xem 2 phút trước|Đã có người xem 2 phút trước/)
    const english = await phone.get('/?lang=en')
    expect(english.body).toMatch(/saw it/)
  })
})

describe('what an alarm says', () => {
  const says = async (change: Partial<AlarmCard>, language = 'vi') => {
    await openBox([{ ...ALARM, ...change }])
    return (await new Phone(box.app).get(`/?lang=${language}`)).body.replaceAll('\u00a0', ' ')
  }

  it.each([
    [
      { rule: 'falling', facts: { perHour: -2.5, bound: 2 } },
      'giảm 2,5 °C mỗi giờ',
      'falls by 2.5 °C an hour',
    ],
    [{ rule: 'rising', facts: { perHour: 4, bound: 3 } }, 'tăng 4,0 °C mỗi giờ', 'rises by 4.0 °C an hour'],
    [
      { rule: 'heat-stress', facts: { value: 39, bound: 38, crop: 'dragon-fruit' } },
      'Nóng quá đối với thanh long',
      'Too hot for dragon fruit',
    ],
    [
      { rule: 'vpd-stress', quantity: 'vapour-pressure-deficit', facts: { value: 2.5, bound: 2.2 } },
      'khô quá đối với cây trồng',
      'too dry for the crop',
    ],
    [
      {
        rule: 'infection',
        name: 'thán thư',
        facts: { crop: 'mango', plot: 'lo-a', hours: 11, validated: 'no' },
      },
      'chưa được kiểm chứng',
      'not validated in orchards here',
    ],
    [
      { rule: 'finding', name: 'canker', device: '', facts: { crop: 'dragon-fruit', probability: 0.93 } },
      'chắc 93 %',
      '93 % sure',
    ],
  ])('%o', async (change, vi, en) => {
    expect(await says(change)).toContain(vi)
    await box.close()
    expect(await says(change, 'en')).toContain(en)
  })
})

it('a test of the page as a channel is seen on the page for a while', async () => {
  await openBox([], { testedAt: NOON - 60_000 })
  expect((await new Phone(box.app).get('/')).body).toContain('Tin thử, 1 phút trước')
})

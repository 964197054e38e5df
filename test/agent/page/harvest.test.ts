import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { typedMass } from '../../../agent/page/typed-mass.ts'
import { VuonError } from '../../../contract/ground/errors.ts'
import { isLotNumber } from '../../../contract/trace/lot-number.ts'
import { Phone, PLOTS, type PretendBox, pretendBox, signedInPhone } from './pretend-box.ts'

let box: PretendBox
afterEach(() => box?.close())

const GTIN = '09521234000013'

async function harvestForm(phone: Phone, query = '?plot=lo-a') {
  return phone.get(`/harvest${query}`)
}

const lotOf = (location: string | undefined) => /^\/lots\/(\w+)\?saved=1$/.exec(location ?? '')?.[1] ?? ''

describe('recording a harvest', () => {
  it('makes a lot whose page says that it is saved, with its number and labels', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await harvestForm(phone)
    const answer = await phone.post('/harvest', { gtin: GTIN, mass: '120,5', date: '2026-11-23' })
    expect(answer.statusCode).toBe(303)
    const lot = lotOf(answer.headers.location as string)
    expect(isLotNumber(lot)).toBe(true)
    const page = await phone.get(`/lots/${lot}?saved=1`)
    expect(page.body).toContain('Đã lưu')
    expect(page.body).toContain('120,5 kg')
    expect(page.body).toContain(`https://vuon.example/01/${GTIN}/10/${lot}`)
    const [entry] = await box.sources.farmBook.lots()
    expect(entry).toMatchObject({ lot, massKg: 120.5, plot: 'lo-a' })
  })

  it('enters the id of the person, never the name', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box, 'Nguyễn Thị Sáu')
    let person = ''
    const record = box.sources.farmBook.recordHarvest
    Object.assign(box.sources.farmBook, {
      recordHarvest: (input: Parameters<typeof record>[0]) => {
        person = input.person
        return record(input)
      },
    })
    await harvestForm(phone)
    await phone.post('/harvest', { gtin: GTIN, mass: '10', date: '2026-11-23' })
    expect(person).toMatch(/^p-[0-9A-Z]{16}$/)
  })

  it('makes one lot of a form that is sent twice, at once or later', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await harvestForm(phone)
    const fields = { ...phone.hidden, gtin: GTIN, mass: '55', date: '2026-11-23' }
    const [one, two] = await Promise.all([phone.post('/harvest', fields), phone.post('/harvest', fields)])
    const three = await phone.post('/harvest', fields)
    expect(new Set([one, two, three].map((each) => each?.headers.location)).size).toBe(1)
    expect(await box.sources.farmBook.lots()).toHaveLength(1)
  })

  it('finds the lot of a form again after the box restarted in between', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await harvestForm(phone)
    const fields = { ...phone.hidden, gtin: GTIN, mass: '55', date: '2026-11-23' }
    const lot = lotOf((await phone.post('/harvest', fields)).headers.location as string)
    await box.close()
    box = await pretendBox({ dataDir: box.dataDir })
    const again = new Phone(box.app)
    const toSignIn = await again.post('/harvest', fields)
    await again.get(toSignIn.headers.location as string)
    const who = (await again.get(toSignIn.headers.location as string)).body.match(
      /name="who" value="([^"]+)"/,
    )?.[1]
    const toForm = await again.post('/sign-in', { who: who ?? '', pin: '2580' })
    const toLot = await again.get(toForm.headers.location as string)
    expect(lotOf(toLot.headers.location as string)).toBe(lot)
    expect(await box.sources.farmBook.lots()).toHaveLength(1)
  })

  it('asks when a form that was saved comes back with another mass, and then makes a second lot', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await harvestForm(phone)
    const first = { ...phone.hidden, gtin: GTIN, mass: '55', date: '2026-11-23' }
    const lot = lotOf((await phone.post('/harvest', first)).headers.location as string)
    const asked = await phone.post('/harvest', { ...first, mass: '60' })
    expect(asked.statusCode).toBe(409)
    expect(asked.body).toContain(lot)
    expect((await phone.post('/harvest', { gtin: GTIN, mass: '60', date: '2026-11-23' })).statusCode).toBe(
      303,
    )
    expect(await box.sources.farmBook.lots()).toHaveLength(2)
  })

  it.each([
    ['mass', { mass: '' }, 'Ghi khối lượng'],
    ['mass', { mass: 'nhiều' }, '“nhiều” không phải là số'],
    ['mass', { mass: '1.200' }, 'hai cách hiểu'],
    ['mass', { mass: '0' }, 'từ 0,1 đến 30.000'],
    ['mass', { mass: '30001' }, 'từ 0,1 đến 30.000'],
    ['date', { date: '2026-11-24' }, 'chưa tới: hôm nay là 23/11/2026'],
    ['date', { date: '2026-02-30' }, 'Ngày không đúng'],
    ['date', { date: '2026-09-01' }, '30 ngày'],
    ['gtin', { gtin: '09521234000037' }, 'Chọn một sản phẩm của thanh long'],
    ['plot', { plot: 'lo-x' }, 'Chọn một lô đất'],
  ])(
    'says at the field %s what is wrong with %j, in Vietnamese, and keeps what was typed',
    async (name, wrong, sentence) => {
      box = await pretendBox()
      const phone = await signedInPhone(box)
      await harvestForm(phone)
      const fields = { gtin: GTIN, mass: '77', date: '2026-11-23', ...wrong }
      const answer = await phone.post('/harvest', fields)
      expect(answer.statusCode).toBe(400)
      expect(answer.body).toContain(sentence)
      if (name !== 'plot') expect(answer.body).toContain(`id="${name}-wrong"`)
      if (name === 'date') expect(answer.body).toContain('value="77"')
      expect(await box.sources.farmBook.lots()).toHaveLength(0)
    },
  )

  it('says it in English to a phone that asks for English', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    await harvestForm(phone, '?plot=lo-a&lang=en')
    const answer = await phone.post('/harvest', { gtin: GTIN, mass: '', date: '2030-01-01' })
    expect(answer.body).toContain('Enter the mass.')
    expect(answer.body).toContain('today is 23/11/2026')
  })

  it("offers only the products of the plot's crop, and proposes the last one", async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    const durian = await harvestForm(phone, '?plot=lo-b')
    expect(durian.body).toContain('Sầu riêng Ri6')
    expect(durian.body).not.toContain('Thanh long ruột')
    await harvestForm(phone)
    await phone.post('/harvest', { gtin: '09521234000020', mass: '1234.5', date: '2026-11-23' })
    const next = await harvestForm(phone, '')
    expect(next.body).toMatch(/value="09521234000020" checked/)
    expect(next.body).toContain('data-value="1234,5"')
  })

  it('asks a person to confirm the date while the clock of the box is unknown', async () => {
    box = await pretendBox({ timeQuality: 'unknown' })
    const phone = await signedInPhone(box)
    const form = await harvestForm(phone)
    expect(form.body).toContain('name="confirm"')
    expect(form.body).toMatch(/name="date" required value=""/)
    const fields = { gtin: GTIN, mass: '5', date: '2026-11-23' }
    const refused = await phone.post('/harvest', fields)
    expect(refused.statusCode).toBe(400)
    expect(refused.body).toContain('id="confirm-wrong"')
    expect((await phone.post('/harvest', { ...fields, confirm: '1' })).statusCode).toBe(303)
  })

  it('takes the confirmed date even where the box believes it to be in the future', async () => {
    box = await pretendBox({ timeQuality: 'unknown' })
    const phone = await signedInPhone(box)
    await harvestForm(phone)
    const fields = { gtin: GTIN, mass: '5', date: '2026-12-24', confirm: '1' }
    expect((await phone.post('/harvest', fields)).statusCode).toBe(303)
  })

  it('says what to do on a box that is not claimed', async () => {
    box = await pretendBox({ isClaimed: false })
    const phone = await signedInPhone(box)
    const form = await harvestForm(phone)
    expect(form.body).toContain('vuon-agent claim')
    expect(form.body).not.toContain('name="mass"')
    const forced = await phone.post('/harvest', {
      plot: 'lo-a',
      gtin: GTIN,
      mass: '5',
      date: '2026-11-23',
      token: 'a'.repeat(32),
    })
    expect(forced.statusCode).toBeLessThan(500)
    expect(await box.sources.farmBook.lots()).toHaveLength(0)
  })

  it('says that the card is busy, keeps the form, and takes it when it is sent again', async () => {
    box = await pretendBox()
    const phone = await signedInPhone(box)
    const record = box.sources.farmBook.recordHarvest
    Object.assign(box.sources.farmBook, {
      recordHarvest: () => Promise.reject(new VuonError('journal-busy')),
    })
    await harvestForm(phone)
    const fields = { gtin: GTIN, mass: '5', date: '2026-11-23' }
    const busy = await phone.post('/harvest', fields)
    expect(busy.statusCode).toBe(503)
    expect(busy.body).toContain('chưa lưu được')
    Object.assign(box.sources.farmBook, { recordHarvest: record })
    expect((await phone.post('/harvest', fields)).statusCode).toBe(303)
  })

  it('lets a farm with many plots choose from a list', async () => {
    const plots = Array.from({ length: 30 }, (_, index) => ({
      ...PLOTS[0]!,
      id: `lo-${index}`,
      name: `Lô ${index}`,
    }))
    box = await pretendBox({ plots })
    const phone = await signedInPhone(box)
    expect((await harvestForm(phone, '')).body).toContain('<select id="plot"')
  })
})

describe('a mass as people type it', () => {
  it.each([
    ['120,5', 120.5],
    ['120.5', 120.5],
    [' 120 kg', 120],
    ['0,125', 0.125],
    ['1.234,5', 1234.5],
    ['1,234.5', 1234.5],
    ['12 000', 12_000],
    ['1.234.567', 1_234_567],
    ['١٢', undefined],
    ['１２０,５', 120.5],
    [',5', 0.5],
    ['-5', undefined],
    ['1e3', undefined],
    ['1.2.3', undefined],
    ['Infinity', undefined],
    ['0x10', undefined],
  ])('%j is %j', (typed, kg) => {
    const mass = typedMass(typed)
    expect('kg' in mass ? mass.kg : undefined).toBe(kg)
  })

  it('reads back every mass with one or two decimals, with either sign', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000_000 }), fc.constantFrom(',', '.'), (cents, sign) => {
        const kg = cents / 100
        expect(typedMass(kg.toFixed(2).replace('.', sign))).toEqual({ kg })
      }),
    )
  })

  it('never guesses between a thousand and a decimal', () => {
    expect(typedMass('1.200')).toEqual({ wrong: 'ambiguous', whole: 1200, decimal: 1.2 })
    expect(typedMass('30,000')).toEqual({ wrong: 'ambiguous', whole: 30_000, decimal: 30 })
  })
})

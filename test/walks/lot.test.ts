import { afterEach, describe, expect, test } from 'vitest'
import { isLotNumber } from '#contract/trace/lot-number.ts'
import { readPageCode } from '../../agent/page/people.ts'
import type { FarmDetail } from '../../gateway/insight/answers.ts'
import { FormVisitor, type Page } from '../world/form-visitor.ts'
import { readLabel } from '../world/read-label.ts'
import { DEMO_GTIN, type Farm, hours, minutes, World } from '../world/world.ts'

/** The walk of a lot: harvest on the box's page → signed event → journal → province → the consumer who scans. */
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})

async function visitorOf(farm: Farm): Promise<FormVisitor> {
  const app = await farm.agent.page.serve()
  return new FormVisitor('http://192.168.1.20:8080', async ({ method, path, headers, body }) => {
    const payload = body === undefined ? {} : { payload: body }
    const answer = await app.inject({ method, url: path, headers, ...payload })
    return { status: answer.statusCode, headers: answer.headers as Record<string, string>, body: answer.body }
  })
}

async function signUp(farm: Farm, visitor: FormVisitor): Promise<void> {
  const code = readPageCode(farm.dataDir) ?? ''
  const page = await visitor.open('/people/first')
  await visitor.submit(page, '/people/first', { code, name: 'Cô Sáu', newPin: '273645', newAgain: '273645' })
}

async function harvest(
  farm: Farm,
  visitor: FormVisitor,
  mass: string,
  more: Record<string, string> = {},
): Promise<Page> {
  const page = await visitor.open('/harvest?plot=lo-a')
  return world!.clock.finish(
    visitor.submit(page, '/harvest', {
      gtin: DEMO_GTIN,
      mass,
      date: farm.agent.farmBook.today(),
      ...more,
    }),
  )
}

const lotOf = (page: Page): string => /\/lots\/([0-9A-Z]{13})/.exec(page.path)?.[1] ?? ''

describe('a lot', () => {
  test('entered on the box’s page is what the consumer’s phone shows, and the label leads there', async () => {
    world = await World.open({ seed: 3 })
    const farm = await world.addFarm()
    await world.advance(minutes(30))
    const visitor = await visitorOf(farm)
    await signUp(farm, visitor)
    const saved = await harvest(farm, visitor, '120,5')
    expect(saved.status).toBe(200)
    const lot = lotOf(saved)
    expect(isLotNumber(lot), saved.path).toBe(true)

    const label = await visitor.open(`/lots/${lot}/label.svg`)
    const [scanned = ''] = await readLabel(label.html)
    expect(scanned).toBe(`https://vuon.example/01/${DEMO_GTIN}/10/${lot}`)

    await world.advance(minutes(2))
    const { pathname } = new URL(scanned)
    const page = await world.app.inject({ url: pathname, headers: { 'accept-language': 'vi' } })
    expect(page.statusCode).toBe(200)
    for (const fact of ['Thanh long ruột đỏ', 'Hàm Thạnh', 'Lâm Đồng', '120,5', lot])
      expect(page.body).toContain(fact)
    const english = await world.app.inject({ url: `${pathname}?lang=en` })
    expect(english.body).toContain('Red-fleshed dragon fruit')
    expect(english.body).toContain('120.5')

    const detail = await world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
    expect(detail.lots).toMatchObject([{ gtin: DEMO_GTIN, lot, massKg: 120.5, plot: 'lo-a' }])
  })

  test('works without network: the label is printed at once, the page says that the farm has not sent it yet', async () => {
    world = await World.open({ seed: 4 })
    const farm = await world.addFarm()
    farm.link.faults.isUp = false
    await world.advance(minutes(5))
    const visitor = await visitorOf(farm)
    await signUp(farm, visitor)
    const lot = lotOf(await harvest(farm, visitor, '80'))
    expect(isLotNumber(lot)).toBe(true)
    const early = await world.app.inject({ url: `/01/${DEMO_GTIN}/10/${lot}` })
    expect(early.statusCode).toBe(404)
    farm.link.faults.isUp = true
    await world.advance(minutes(15))
    const later = await world.app.inject({ url: `/01/${DEMO_GTIN}/10/${lot}` })
    expect(later.statusCode).toBe(200)
  })

  test('sent twice by an impatient thumb is one lot', async () => {
    world = await World.open({ seed: 5 })
    const farm = await world.addFarm()
    const visitor = await visitorOf(farm)
    await signUp(farm, visitor)
    const page = await visitor.open('/harvest?plot=lo-a')
    const values = { gtin: DEMO_GTIN, mass: '50', date: farm.agent.farmBook.today() }
    const send = () => visitor.submit(page, '/harvest', values)
    const [first, second] = await world.clock.finish(Promise.all([send(), send()]))
    expect(lotOf(first)).toBe(lotOf(second))
    expect(await farm.agent.farmBook.lots()).toHaveLength(1)
  })

  test('numbers are never given twice, whatever restarts in between', async () => {
    world = await World.open({ seed: 6 })
    const farm = await world.addFarm()
    const numbers = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const visitor = await visitorOf(farm)
      if (round === 0) await signUp(farm, visitor)
      else {
        const page = await visitor.open('/sign-in')
        await visitor.submit(page, '/sign-in', { pin: '273645' })
      }
      numbers.add(lotOf(await harvest(farm, visitor, '10')))
      await farm.restart()
      await world.advance(minutes(1))
    }
    expect(numbers.size).toBe(3)
    await world.advance(minutes(5))
    const detail = await world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
    expect(detail.lots).toHaveLength(3)
  })

  test('is not signed by a box that does not know the date, unless a person confirms it', async () => {
    world = await World.open({ seed: 7 })
    const farm = await world.addFarm({ isNtpSynchronised: false, clockOffsetMs: -hours(24 * 400) })
    farm.link.faults.isUp = false
    await world.advance(minutes(1))
    const visitor = await visitorOf(farm)
    await signUp(farm, visitor)
    const refused = await harvest(farm, visitor, '10')
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(await farm.agent.farmBook.lots()).toHaveLength(0)
    const confirmed = await harvest(farm, visitor, '10', { confirm: '1' })
    expect(isLotNumber(lotOf(confirmed))).toBe(true)
  })
})

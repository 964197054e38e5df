import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { plotFigures } from '../../gateway/insight/plot-figures.ts'
import { launchChromium, openPage, signInAs, widerThanScreen } from '../browser/gateway-visit.ts'
import { findTool } from '../world/real-services.ts'
import { FARM, HOUR, NOW, Orchard } from './orchard.ts'
import { EVERYTHING } from './running-gateway.ts'
import { SignedBox, seriesEntry } from './signed-box.ts'

const DAY = 24 * HOUR
const PICTURES = process.env['VUON_PICTURES']
// Midnight of the farm.
const MIDNIGHT = Date.UTC(2026, 10, 22, 17)

const derived = (
  no: number,
  quantity: string,
  channel: string,
  unit: string,
  model: string,
  resolution = 0.01,
) =>
  seriesEntry(no, {
    ...{ device: 'plot/lo-a', place: 'Lô A', channel, resolution, origin: `derived ${model}` },
    ...{ quantity: quantity as never, unit: unit as never },
  })

const SERIES = [
  derived(1, 'infection-risk', 'dragon-fruit-canker', '1', 'magarey-1', 0.001),
  derived(2, 'soil-water-depletion', 'day', 'mm', 'water-balance-1'),
  derived(3, 'readily-available-water', 'day', 'mm', 'water-balance-1'),
  derived(4, 'degree-days', 'day', 'Cel.d', 'degree-days-1'),
  derived(5, 'reference-evapotranspiration', 'day', 'mm', 'et0-daily-1', 0.001),
  derived(6, 'delta-t', 'hour', 'Cel', 'delta-t-1', 0.1),
]

/** Twenty days of a plot; of the newest the risk was corrected later. */
async function computingFarm(): Promise<Orchard> {
  const orchard = await Orchard.open()
  await orchard.addFarm(FARM, 'Vườn Hai Lúa')
  await orchard.addPerson()
  const box = new SignedBox(1)
  await orchard.enrol(box, FARM, 'B0X1')
  await orchard.send(box.records(...SERIES))
  const at = (seriesNo: number, t: number, scaled: number) => ({ seriesNo, t, scaled, quality: 0 })
  for (let day = 20; day >= 1; day--) {
    const t = MIDNIGHT - day * DAY
    await orchard.send(
      box.readings([
        at(1, t, day % 5 === 0 ? 1000 : day * 20),
        at(2, t, 2400 - (day % 12) * 180),
        at(3, t, 2100),
        at(4, t, 1650 + day),
        at(5, t, 4200 + day * 10),
        ...Array.from({ length: 24 }, (_, hour) => at(6, t + hour * HOUR, 20 + (hour % 12) * 4)),
      ]),
    )
  }
  await orchard.send(box.readings([at(1, MIDNIGHT - DAY, 730)]))
  return orchard
}

const PATH = `/farms/${FARM}/plots/lo-a`
const text = (body: string) =>
  body
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/&#(\d+);|&nbsp;|\u00a0/g, (_, code?: string) =>
      code ? String.fromCharCode(Number(code)) : ' ',
    )
    .replaceAll(/\s+/g, ' ')

describe('what a box computed for a plot', () => {
  it('is read in one pass, corrected figures once, with the model behind each', async () => {
    const { gateway } = await computingFarm()
    const figures = await plotFigures(gateway.db, EVERYTHING, FARM, 'lo-a', NOW)
    expect(figures?.series.map(({ quantity, model, points }) => [quantity, model, points.length])).toEqual([
      ['degree-days', 'degree-days-1', 20],
      ['delta-t', 'delta-t-1', 480],
      ['infection-risk', 'magarey-1', 20],
      ['readily-available-water', 'water-balance-1', 20],
      ['reference-evapotranspiration', 'et0-daily-1', 20],
      ['soil-water-depletion', 'water-balance-1', 20],
    ])
    expect(figures?.series[2]?.points.at(-1)).toEqual({ t: MIDNIGHT - DAY, value: 0.73, quality: 0 })
    expect(await plotFigures(gateway.db, { kind: 'public' } as never, FARM, 'lo-a', NOW)).toBeNull()
    expect(await plotFigures(gateway.db, EVERYTHING, FARM, 'lo-z', NOW)).toBeNull()
  })

  it('is a page with model, why and table for each view, one tap from the farm, and only for its viewers', async () => {
    const orchard = await computingFarm()
    const cookies = { vuon_session: await orchard.signIn() }
    const get = async (url: string) => orchard.app.inject({ url, headers: { accept: 'text/html' }, cookies })
    expect((await get(`/farms/${FARM}`)).body).toContain(`href="${PATH}"`)
    const page = text((await get(PATH)).body)
    for (const model of ['magarey-1', 'water-balance-1', 'degree-days-1', 'et0-daily-1', 'delta-t-1'])
      expect(page).toContain(`Vì sao: ${model}`)
    expect(page).toContain('Chỉ những ngày đã qua')
    expect(page).toContain('Chỉ số, chưa kiểm chứng ngoài đồng')
    expect(page).toContain('Mới nhất: 0,73')
    expect(page).not.toMatch(/NaN|undefined/)
    expect((await get(`/farms/${FARM}/plots/lo-z`)).statusCode).toBe(404)
    expect((await orchard.app.inject({ url: PATH, headers: { accept: 'text/html' } })).statusCode).toBe(302)
    await orchard.addPerson({ email: 'other@x.example', farmIds: ['f-other'] })
    const other = { vuon_session: await orchard.signIn('other@x.example') }
    const foreign = await orchard.app.inject({ url: PATH, headers: { accept: 'text/html' }, cookies: other })
    expect(foreign.statusCode).toBe(404)
  })

  it.skipIf(!findTool('chromium'))('fits a phone [needs chromium]', async () => {
    const orchard = await computingFarm()
    const browser = await launchChromium()
    try {
      const { page, address } = await openPage(browser, orchard, { width: 360 })
      await signInAs(page, address)
      await page.goto(`${address}${PATH}`)
      if (PICTURES) {
        mkdirSync(PICTURES, { recursive: true })
        await page.screenshot({ path: join(PICTURES, 'plot-360.png'), fullPage: true })
      }
      expect(await widerThanScreen(page)).toBe(0)
    } finally {
      await browser.close()
    }
  })
})

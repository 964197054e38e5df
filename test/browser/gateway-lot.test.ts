import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GTIN, LOTS, Orchard, settledFarm, UNSENT_LOT } from '../gateway/orchard.ts'
import { AREA, lotOf, toldFarm } from '../gateway/told-farm.ts'
import { findTool } from '../world/real-services.ts'
import { showOn } from './borrowed-page.ts'
import {
  accessibilityFaults,
  launchChromium,
  openPage,
  SCREENS,
  unfold,
  widerThanScreen,
} from './gateway-visit.ts'

const url = `/01/${GTIN}/10/${LOTS[0]}`
const told = `/01/${GTIN}/10/${lotOf(0)}`

describe.skipIf(!findTool('chromium'))('a consumer who scans a lot [needs chromium]', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  it('reads everything with script off, from one request, in the language of the phone', async () => {
    const { orchard } = await settledFarm()
    const { page, address, foreign } = await openPage(browser, orchard, {
      script: false,
      width: 360,
      locale: 'en-GB',
    })
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(`${address}${url}`)
    expect(requests.filter((each) => !each.startsWith('data:'))).toEqual([`${address}${url}`])
    expect(foreign).toEqual([])
    expect(await page.locator('h1').textContent()).toContain('dragon fruit')
    expect(await page.locator('.sign').textContent()).toContain('checked, it holds')
    await page.click('text=Details for experts')
    expect(await page.locator('details code').first().isVisible()).toBe(true)
    await page.click('text=Tiếng Việt')
    expect(await page.locator('.sign').textContent()).toContain('đã kiểm tra, khớp')
    await page.click('text=中文')
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-Hans')
    expect(await page.context().cookies()).toEqual([])
  })

  it('shows everything before any script, which then asks nobody but the province', async () => {
    const orchard = await Orchard.open()
    await toldFarm(orchard)
    const { page, address, foreign, complaints } = await openPage(browser, orchard, { width: 360 })
    const proof = page.waitForResponse((response) => response.url().endsWith('/proof.json'))
    await page.goto(`${address}${told}`)
    expect((await proof).status()).toBe(200)
    const said = page.locator('[data-verify]')
    expect(await said.getAttribute('data-proof')).toBe(`${told}/proof.json`)
    await page.waitForFunction(
      () => !document.querySelector('[data-verify]')?.textContent?.includes('Sổ ghi thêm'),
    )
    expect((await said.textContent())?.trim()).not.toBe('')
    expect([foreign, complaints]).toEqual([[], []])
    expect(await page.context().cookies()).toEqual([])
  })

  it('finds no fault with axe at 360 and 1280 px, by day and at night, for any kind of lot, area or product', async () => {
    const orchard = await Orchard.open()
    await toldFarm(orchard)
    await orchard.gateway.declareRecall({
      lot: { gtin: GTIN, lot: lotOf(1) },
      reasonVi: 'Dư lượng carbendazim vượt mức cho phép',
      reasonEn: 'Carbendazim above the limit',
      isForward: true,
    })
    const { page, address, complaints } = await openPage(browser, orchard, SCREENS[0])
    for (const path of [
      `${told}?lang=vi`,
      `${told}?lang=zh`,
      `/01/${GTIN}/10/${lotOf(1)}?lang=en`,
      `/01/${GTIN}/10/${UNSENT_LOT}`,
      `/01/${GTIN}/10/NONE`,
      '/01/1/10/A',
      `/414/${AREA.gln}/254/${AREA.code}`,
      `/414/${AREA.gln}/254/NONE`,
      `/01/${GTIN}`,
    ]) {
      await page.goto(`${address}${path}`)
      for (const screen of SCREENS) {
        const at = `${path} ${JSON.stringify(screen)}`
        await showOn(page, screen)
        expect(await unfold(page), at).toEqual([])
        expect(await accessibilityFaults(page), at).toEqual([])
        expect(await widerThanScreen(page), at).toBe(0)
        // The styles took effect: the policy names exactly the stylesheet that is in the page.
        expect(await page.evaluate(() => getComputedStyle(document.body).marginTop)).toBe('0px')
      }
    }
    expect(complaints.filter((text) => !text.includes('status of 40'))).toEqual([])
  }, 120_000)
})

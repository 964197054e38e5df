import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { believableFarm, GTIN, LOTS, Orchard, UNSENT_LOT } from '../gateway/orchard.ts'
import { findTool } from '../world/real-services.ts'
import { accessibilityFaults, launchChromium, openPage, widerThanScreen } from './gateway-visit.ts'

const url = `/01/${GTIN}/10/${LOTS[0]}`

async function farm(): Promise<Orchard> {
  const orchard = await Orchard.open()
  await believableFarm(orchard)
  return orchard
}

describe.skipIf(!findTool('chromium'))('a consumer who scans a lot [needs chromium]', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  it('reads everything with script off, from one request, in the language of the phone', async () => {
    const orchard = await farm()
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

  it.each([360, 1280])(
    'finds no fault with axe at %i px, in any language, for any kind of lot',
    async (width) => {
      const orchard = await farm()
      for (const dark of [false, true]) {
        const { page, address, complaints } = await openPage(browser, orchard, { width, dark })
        for (const path of [
          `${url}?lang=vi`,
          `${url}?lang=en`,
          `${url}?lang=zh`,
          `/01/${GTIN}/10/${UNSENT_LOT}`,
          `/01/${GTIN}/10/NONE`,
          '/01/1/10/A',
        ]) {
          await page.goto(`${address}${path}`)
          for (const summary of await page.locator('summary').all()) await summary.click()
          expect(await accessibilityFaults(page), path).toEqual([])
          expect(await widerThanScreen(page), path).toBe(0)
        }
        // The styles took effect: the policy names exactly the stylesheet that is in the page.
        expect(await page.evaluate(() => getComputedStyle(document.body).marginTop)).toBe('0px')
        expect(complaints.filter((text) => !text.includes('status of 40'))).toEqual([])
      }
    },
    60_000,
  )
})

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPageCode } from '../../agent/page/people.ts'
import { type PretendBox, pretendBox } from '../agent/page/pretend-box.ts'
import { findTool } from '../world/real-services.ts'
import { accessibilityFaults, launchChromium } from './gateway-visit.ts'

// Set to a folder to keep pictures of every page that the suite visits.
const PICTURES = process.env['VUON_PICTURES']
const settings = { markets: ['CN', 'EU'], ssccPrefix: '0952123456', packingHouse: { code: 'VN-LDPH-001' } }

describe.skipIf(!findTool('chromium'))('the farm book in a browser [needs chromium]', () => {
  let browser: Browser
  let box: PretendBox
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await box?.close()
  })

  it('is written with wet thumbs: every page clean for axe, large targets, no sideways scroll, without script', async () => {
    box = await pretendBox({ settings })
    const base = await box.page.listen()
    // A second page of the same person runs axe; what a farm's phone sees has no script.
    const context = await browser.newContext({
      viewport: { width: 360, height: 740 },
      locale: 'vi-VN',
      bypassCSP: true,
    })
    const page = await context.newPage()
    const look = (name: string) => inspect(page, name)
    const save = () => page.locator('form.book button').last().click()
    await page.goto(`${base}/book/products/new`)
    await page.fill('#code', readPageCode(box.dataDir) ?? '')
    await page.fill('#name', 'Chị Sáu')
    await page.fill('#newPin', '2580')
    await page.fill('#newAgain', '2580')
    await page.click('main form button')
    await page.goto(`${base}/book/products/new`)
    await page.fill('#name', 'Antracol 70WP')
    await page.fill('#activeSubstance', 'Propineb 70 %')
    await page.fill('#registrationNo', '1234/CNĐKT-BVTV')
    await page.fill('#phi-dragon-fruit-any', '7')
    await page.fill('#phi-dragon-fruit-EU', '21')
    await look('product-new')
    await save()
    await look('products')

    await page.goto(`${base}/book`)
    await page.getByRole('link', { name: 'Phun thuốc' }).click()
    await page.getByRole('link', { name: 'Lô A' }).click()
    await page.selectOption('#productId', { index: 1 })
    await page.fill('#dose', '2,5')
    await page.selectOption('#doseUnit', 'g/l')
    await look('spray')
    await save()
    // The reason is what the rules ask for too.
    expect(await page.locator('#reason-wrong').textContent()).toContain('còn thiếu')
    await look('spray-wrong')
    await page.fill('#reason', 'Thán thư')
    await page.fill('#day', '2026-11-15')
    await save()
    await page.getByText('Đã lưu vào sổ').waitFor()
    expect(await page.locator('main').textContent()).toContain('Cách ly (ngày)21')
    await look('entry')

    await page.goto(`${base}/harvest?plot=lo-a`)
    expect(await page.locator('.note.critical').textContent()).toContain('hái được từ 06/12/2026')
    await page.getByText('Thanh long ruột đỏ').click()
    await page.fill('#mass', '120,5')
    await look('harvest')
    await page.getByRole('button', { name: 'Lưu thu hoạch' }).click()
    expect(await page.locator('#why-wrong').textContent()).toContain('06/12/2026')
    await page.fill('#why', 'Mưa bão, phải hái sớm')
    await page.getByRole('button', { name: 'Lưu thu hoạch' }).click()
    await page.getByText('Đã lưu').first().waitFor()

    await page.goto(`${base}/book/new/packed`)
    await page.fill('#kg-0', '100')
    await page.getByText('Thanh long ruột trắng').last().click()
    await page.fill('#givesKg', '120')
    await save()
    expect(await page.locator('#gives-wrong').first().textContent()).toContain('120 kg')
    await look('packed-wrong')
    await page.fill('#givesKg', '95')
    await page.fill('#lossKg', '5')
    await save()
    await page.getByText('Đã lưu vào sổ').waitFor()
    const [packed, picked] = await box.sources.farmBook.lots()
    await page.goto(`${base}/book/new/aggregated`)
    await page.fill('#kg-0', '95')
    await save()
    await look('pallet')
    await page.goto(`${base}/book/new/dispatched`)
    await look('dispatch')
    await page.goto(`${base}/lots/${picked?.lot}`)
    expect(await page.locator('main').textContent()).toContain(packed?.lot)
    await look('lot')
    await page.goto(`${base}/book/new/irrigated?plot=lo-a`)
    await look('irrigate')
    await page.goto(`${base}/book/new/received`)
    await look('receive')
    const [spray] =
      (await box.sources.book?.activities())?.filter(({ activity }) => activity.type === 'sprayed') ?? []
    const id = spray?.activity.activityId ?? ''
    await page.goto(`${base}/book/entry/${id}/correct`)
    await look('correct')
    await page.fill('#dose', '1,5')
    await page.fill('#why', 'Ghi nhầm liều')
    await save()
    await page.goto(`${base}/book/entry/${id}`)
    await look('replaced')
    await page.goto(`${base}/book`)
    await look('start')
    await page.goto(`${base}/book/diary?from=2026-11-01&to=2026-11-30`)
    await look('diary')
    if (PICTURES) {
      await page.emulateMedia({ media: 'print' })
      await page.screenshot({ path: join(PICTURES, 'diary-print.png'), fullPage: true })
    }
  }, 90_000)
})

/** A page at the width of a phone and of a desk. */
async function inspect(page: Page, name: string): Promise<void> {
  for (const [size, width] of [
    ['phone', 360],
    ['desk', 1280],
  ] as const) {
    await page.setViewportSize({ width, height: 800 })
    await page.locator('details').evaluateAll((all) => {
      for (const each of all) (each as HTMLDetailsElement).open = true
    })
    if (PICTURES) {
      mkdirSync(PICTURES, { recursive: true })
      await page.screenshot({ path: join(PICTURES, `${name}-${size}.png`), fullPage: true })
    }
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect.soft(sideways, `${name} scrolls sideways`).toBeLessThanOrEqual(0)
  }
  await page.setViewportSize({ width: 360, height: 740 })
  expect.soft(await accessibilityFaults(page, 'best-practice'), name).toEqual([])
  // Wet thumbs: 48 px for what is pressed on these pages; the frame around them has 44.
  const small = await page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'main a, main button, main input:not([type=hidden]), main select, main summary',
      ),
    ]
      .filter(
        (element) =>
          element.checkVisibility() && !element.closest('p:not(.pair, .big), li > a, dd, .note ul, .help'),
      )
      .map((element) => element.closest('label.tick') ?? element)
      .filter((element) => element.getBoundingClientRect().height < 47.9)
      .map((element) => element.outerHTML.slice(0, 120)),
  )
  expect.soft(small, `${name} has small targets`).toEqual([])
}

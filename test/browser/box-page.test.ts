import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readPageCode } from '../../agent/page/people.ts'
import { TODAY } from '../agent/page/farm-of-today.ts'
import { type PretendBox, pretendBox, signedInPhone } from '../agent/page/pretend-box.ts'
import { readScreen } from '../world/read-label.ts'
import { findTool } from '../world/real-services.ts'
import { borrowPage, giveBack, showOn } from './borrowed-page.ts'
import { accessibilityFaults, launchChromium } from './gateway-visit.ts'

// Set to a folder to keep pictures of every page that the suite visits.
const PICTURES = process.env['VUON_PICTURES']

const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 900 }

describe.skipIf(!findTool('chromium'))("the box's page in a browser [needs chromium]", () => {
  let browser: Browser
  let box: PretendBox
  let base = ''
  const borrowed: Page[] = []
  const contexts: BrowserContext[] = []
  const trouble: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    for (const page of borrowed.splice(0)) await giveBack(page)
    for (const context of contexts.splice(0)) await context.close()
    await box?.close()
    expect(trouble.splice(0)).toEqual([])
  })

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await borrowPage(browser, { viewport: PHONE, locale: 'vi-VN', ...options })
    borrowed.push(page)
    return listenTo(page)
  }

  /** Of a context that nobody else gets. */
  async function openOwn(): Promise<Page> {
    const context = await browser.newContext({ viewport: PHONE, locale: 'vi-VN' })
    contexts.push(context)
    return listenTo(await context.newPage())
  }

  function listenTo(page: Page): Page {
    page.on('pageerror', (error) => trouble.push(`error in a script: ${error.message}`))
    page.on('console', (message) => {
      if (/Content Security Policy|Uncaught/.test(message.text())) trouble.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(base) && !request.url().startsWith('data:'))
        trouble.push(`asked elsewhere: ${request.url()}`)
    })
    return page
  }

  async function begin(wishes: Parameters<typeof pretendBox>[0] = { overview: TODAY }): Promise<void> {
    box = await pretendBox(wishes)
    base = await box.page.listen()
  }

  async function becomeFirst(page: Page): Promise<void> {
    await page.goto(`${base}/harvest`)
    await page.fill('#code', readPageCode(box.dataDir) ?? '')
    await page.fill('#name', 'Chị Sáu')
    await page.fill('#newPin', '2580')
    await page.fill('#newAgain', '2580')
    await page.click('main form button')
  }

  /** As whoever signed in before. Two of the tests do so in the browser. */
  async function comeBack(page: Page): Promise<void> {
    const { cookies } = await signedInPhone(box)
    const session = { url: base, httpOnly: true, sameSite: 'Strict' } as const
    await page.context().addCookies([...cookies].map(([name, value]) => ({ ...session, name, value })))
  }

  /** The QR code of what is on the screen, as a phone's camera would read it. */
  async function scan(page: Page): Promise<string[]> {
    const picture = await page.locator('.label svg').first().screenshot({ scale: 'device' })
    return readScreen(picture)
  }

  it('takes a PIN, a harvest by big keys, and shows a label that a camera reads as the lot', async () => {
    await begin()
    const page = await open({ deviceScaleFactor: 3 })
    await becomeFirst(page)
    await page.getByRole('link', { name: /Lô A/ }).click()
    await page.getByText('Thanh long ruột đỏ').click()
    for (const key of ['1', '2', '0', ',', '5', '5']) await page.locator(`[data-key="${key}"]`).click()
    await page.locator('[data-key="erase"]').click()
    expect(await page.inputValue('#mass')).toBe('120,5')
    await page.getByRole('button', { name: 'Lưu thu hoạch' }).click()
    await page.getByText('Đã lưu').waitFor()
    const [lot] = await box.sources.farmBook.lots()
    expect(lot).toMatchObject({ massKg: 120.5, plot: 'lo-a' })
    for (const size of ['50x30', '60x40']) {
      await page.goto(`${base}/lots/${lot?.lot}/label?size=${size}`)
      expect(await scan(page), size).toEqual([lot?.uri])
      expect(await page.getByRole('button', { name: 'In', exact: true }).isVisible()).toBe(true)
      const pdf = await page.pdf({ preferCSSPageSize: true })
      const [, width, height] = /\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf.toString('latin1')) ?? []
      const mm = (points: string | undefined) => Math.round((Number(points) / 72) * 25.4)
      expect([mm(width), mm(height)].join('x'), 'the printed page').toBe(size)
      expect(pdf.toString('latin1').match(/\/Type \/Page\b/g), 'pages').toHaveLength(1)
    }
  })

  it('works with script switched off: PIN, harvest, label', async () => {
    await begin()
    const page = await open({ javaScriptEnabled: false })
    await becomeFirst(page)
    await page.getByRole('link', { name: /Lô B/ }).click()
    expect(await page.locator('.keypad').isVisible()).toBe(false)
    await page.fill('#mass', '0')
    await page.getByRole('button', { name: 'Lưu thu hoạch' }).click()
    expect(await page.locator('#mass-wrong').textContent()).toContain('từ 0,1')
    await page.fill('#mass', '88.25')
    await page.getByRole('button', { name: 'Lưu thu hoạch' }).click()
    const [lot] = await box.sources.farmBook.lots()
    expect(lot).toMatchObject({ massKg: 88.25, crop: 'durian' })
    await page.getByRole('link', { name: /in nhãn/ }).click()
    expect(await page.locator('[data-print-menu]').isVisible()).toBe(true)
    await page.goto(`${base}/`)
    expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(1)
    await page.getByRole('button', { name: 'Đăng xuất' }).click()
    await page.goto(`${base}/people`)
    expect(page.url()).toContain('/sign-in')
  })

  it('keeps itself fresh without moving what one looks at', async () => {
    await begin()
    const page = await openOwn()
    await page.clock.install()
    await page.goto(`${base}/`)
    const row = page.locator('a[href="/series/7"]')
    await row.focus()
    const before = await row.boundingBox()
    const device = TODAY.devices!.find(({ name }) => name === 'air-shed')!
    const readings = device.readings.map((each) => (each.seriesNo === 7 ? { ...each, value: 39.9 } : each))
    const devices = TODAY.devices!.map((each) => (each === device ? { ...device, readings } : each))
    box.overview = { ...box.overview, devices }
    await page.clock.runFor(11_000)
    await page.getByText('39,9 °C').waitFor()
    expect(await row.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(await row.boundingBox()).toEqual(before)
    await page.route('**/fragment/home', (route) => route.abort())
    await page.clock.runFor(11_000)
    await page.getByText('Không liên lạc được với hộp').waitFor()
  })

  const PAGES = [
    '/',
    '/series/7',
    '/series/7?range=7d',
    '/devices',
    '/keeping',
    '/harvest?plot=lo-a',
    '/lots',
    '/people',
    '/sign-in',
  ]

  // Contrast is the same at any width.
  for (const [colorScheme, language, locale, screens] of [
    ['light', 'vi', 'vi-VN', { phone: PHONE, desk: DESK }],
    ['dark', 'en', 'en-GB', { phone: PHONE }],
  ] as const)
    it(`is clean for axe (WCAG 2.2 AA), has large targets and no sideways scroll: ${Object.keys(screens).join(' and ')}, ${colorScheme}, ${language}`, async () => {
      const printer = { name: 'may-in', language: 'tspl', dpi: 203, size: '60x40', gapMm: 2 } as const
      await begin({ overview: TODAY, printers: [{ ...printer, device: '/dev/usb/lp9' }] })
      await writeReadings(box)
      const page = await open({ colorScheme, locale })
      const look = async (path: string, label = path.replaceAll(/\W+/g, '_')) => {
        for (const [name, screen] of Object.entries(screens)) {
          await showOn(page, { ...screen, dark: colorScheme === 'dark' })
          await inspect(page, `${path} ${name}`)
          if (!PICTURES) continue
          mkdirSync(PICTURES, { recursive: true })
          const picture = join(PICTURES, `${label}-${name}-${colorScheme}.png`)
          await page.screenshot({ path: picture, fullPage: true })
        }
      }
      await page.goto(`${base}/people/first`)
      await look('first')
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(language)
      await comeBack(page)
      const { lot } = await box.sources.farmBook.recordHarvest({
        plot: 'lo-a',
        gtin: '09521234000013',
        massKg: 1240.5,
        harvestedOn: '2026-11-23',
        person: 'p-TEST',
      })
      for (const path of [...PAGES, `/lots/${lot}?saved=1`, `/lots/${lot}/label`, '/nowhere']) {
        await page.goto(base + path)
        await look(path)
      }
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(language)
      await page.goto(`${base}/harvest?plot=lo-a&mass=1.200&date=2026-12-31`)
      await page.locator('main form button:not([type=button])').click()
      await page.locator('#mass-wrong').waitFor()
      await look('wrong harvest', 'wrong-harvest')
    }, 120_000)

  it('asks for the date, and nothing else, where the clock is unknown', async () => {
    await begin({ timeQuality: 'unknown', overview: {} })
    const page = await open()
    await comeBack(page)
    await page.goto(`${base}/harvest?plot=lo-a`)
    expect(await page.inputValue('#date')).toBe('')
    await page.fill('#mass', '12')
    await page.getByText('Thanh long ruột đỏ').click()
    await page.getByRole('button', { name: 'Lưu thu hoạch' }).click()
    await page.locator('#confirm-wrong').waitFor()
    await inspect(page, 'confirm')
    if (PICTURES) await page.screenshot({ path: join(PICTURES, 'confirm.png'), fullPage: true })
    await page.fill('#date', '2026-11-20')
    await page.locator('#confirm').check()
    await page.getByRole('button', { name: 'Lưu thu hoạch' }).click()
    await page.getByText('Đã lưu').waitFor()
  })

  it('has something to say on a box where nothing is set up yet', async () => {
    await begin({ isClaimed: false, timeQuality: 'unknown', overview: {} })
    const page = await open()
    for (const path of ['/', '/devices', '/keeping', '/lots']) {
      await page.goto(base + path)
      await inspect(page, path)
      if (PICTURES)
        await page.screenshot({ path: join(PICTURES, `empty${path.replace('/', '_')}.png`), fullPage: true })
    }
  })
})

async function inspect(page: Page, path: string): Promise<void> {
  expect(await accessibilityFaults(page, 'best-practice'), path).toEqual([])
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(sideways, `${path} scrolls sideways`).toBeLessThanOrEqual(0)
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
      .filter((element) => element.checkVisibility() && !element.closest('p, li > a, .note ul'))
      // A radio or a tick is as large as the label around it.
      .map((element) => element.closest('label.tick') ?? element)
      .filter((element) => element.getBoundingClientRect().height < 44 && !element.matches('.skip'))
      .map((element) => element.outerHTML.slice(0, 120)),
  )
  expect(small, `${path} has small targets`).toEqual([])
}

/** A day of air temperature in the real journal, with a gap in the night, as series 7. */
async function writeReadings(box: PretendBox): Promise<void> {
  let no = 0
  for (let index = 0; no < 7; index++) {
    const series = await box.journal.declareSeries({
      device: index === 6 ? 'air-shed' : `other-${index}`,
      channel: '',
      quantity: 'air-temperature',
      unit: 'Cel',
      resolution: 0.1,
      timeStepMs: 1000,
      place: 'Nhà đóng gói',
      origin: 'measured',
    })
    no = series.no
  }
  const now = box.journal.now()
  const readings = Array.from({ length: 6 * 24 * 12 }, (_, index) => index * 300_000)
    .filter((agoMs) => agoMs < 7 * 3_600_000 || agoMs > 10 * 3_600_000)
    .map((agoMs) => ({
      seriesNo: no,
      t: now - agoMs,
      scaled: Math.round(280 + 60 * Math.cos((agoMs / 86_400_000) * 2 * Math.PI) + 8 * Math.sin(agoMs / 1e6)),
      quality: 0,
    }))
  await box.journal.appendReadings(readings, 'commit')
}

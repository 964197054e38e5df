import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outlookOf } from '../../agent/field/outlook.ts'
import { fieldOfToday } from '../agent/page/field-of-today.ts'
import { EMAIL, FARM, HOUR, NOW, PASSWORD, settledFarm } from '../gateway/orchard.ts'
import { minutes, SignedBox, seriesEntry } from '../gateway/signed-box.ts'
import { findTool } from '../world/real-services.ts'
import { type Screen, showOn } from './borrowed-page.ts'
import {
  accessibilityFaults,
  launchChromium,
  openPage,
  SCREENS,
  signInAs,
  signInBefore,
  unfold,
  widerThanScreen,
} from './gateway-visit.ts'

const AIR = '/series/00000000-0000-4000-8000-000000000008'
const MOISTURE = '/series/00000000-0000-4000-8000-000000000001'

/** How many pixels of the chart's canvas are painted at all. */
const paintedPixels = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('#canvas canvas')
    if (!canvas) return 0
    const context = canvas.getContext('2d') as CanvasRenderingContext2D
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    let painted = 0
    for (let index = 3; index < data.length; index += 4) if (data[index] !== 0) painted++
    return painted
  })

describe.skipIf(!findTool('chromium'))('the agronomist in a browser [needs chromium]', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  it('signs in with the keyboard, opens a farm, a series, and signs out', async () => {
    const { orchard } = await settledFarm()
    const { page, address, foreign, complaints } = await openPage(browser, orchard)
    await page.goto(`${address}/farms/${FARM}`)
    expect(page.url()).toContain('/sign-in?next=')
    await page.focus('#email')
    await page.keyboard.type(EMAIL)
    await page.keyboard.press('Tab')
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${address}/farms/${FARM}`)
    await page.click('.tile >> text=Nhiệt độ không khí')
    await page.waitForURL(`${address}${AIR}`)
    await page.click('text=Đăng xuất')
    await page.waitForURL(`${address}/sign-in`)
    await page.goto(`${address}/farms`)
    expect(page.url()).toBe(`${address}/sign-in`)
    expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] })
  })

  it('does all of that without script, too', async () => {
    const { orchard } = await settledFarm()
    const { page, address } = await openPage(browser, orchard, { script: false })
    await signInAs(page, address)
    await page.click('text=Vườn Hai Lúa')
    await page.click('.tile >> text=Nhiệt độ không khí')
    await page.click('text=7 ngày')
    expect(page.url()).toBe(`${address}${AIR}?range=7d`)
    expect(await page.locator('svg path.mean').count()).toBe(2)
    expect(await page.locator('svg.plot').isVisible()).toBe(true)
    await page.click('.steps >> text=Phóng to')
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(5)
    await page.click('text=English')
    expect(await page.locator('html').getAttribute('lang')).toBe('en')
    expect(await page.locator('h1').textContent()).toBe('Air temperature')
    await page.click('text=Sign out')
    expect(page.url()).toBe(`${address}/sign-in`)
  })

  it('sees a chart of pixels in place of the drawing, with a hole where the power was cut', async () => {
    const { orchard } = await settledFarm()
    const { page, address, complaints } = await openPage(browser, orchard)
    await signInBefore(page, orchard)
    await page.goto(`${address}${AIR}?from=${NOW - 44 * HOUR}&to=${NOW - 28 * HOUR}`)
    await page.waitForSelector('#chart[data-drawn="page"]')
    await expect.poll(() => paintedPixels(page)).toBeGreaterThan(2000)
    expect(await page.locator('svg.plot').isVisible()).toBe(false)
    // Columns of the canvas that hold a pixel of the line's own colour.
    const inked = await page.evaluate(() => {
      const canvas = document.querySelector('#canvas canvas') as HTMLCanvasElement
      const context = canvas.getContext('2d') as CanvasRenderingContext2D
      const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height)
      return Array.from({ length: width }, (_, x) =>
        Array.from({ length: height }, (_, y) => (y * width + x) * 4).some(
          (at) =>
            Math.abs((data[at] as number) - 0x1f) < 12 &&
            Math.abs((data[at + 1] as number) - 0x6b) < 12 &&
            data[at + 3] === 255,
        ),
      )
    })
    const [first, last] = [inked.indexOf(true), inked.lastIndexOf(true)]
    const empty = inked
      .slice(first, last)
      .map((isInked) => (isInked ? ' ' : 'x'))
      .join('')
    const longest = Math.max(...(empty.match(/x+/g) ?? ['']).map((run) => run.length))
    // 3.5 of 16 hours.
    expect(longest / (last - first)).toBeGreaterThan(0.15)
    expect(longest / (last - first)).toBeLessThan(0.3)
    expect(complaints).toEqual([])
  })

  it('draws a band from lowest to highest where a bucket holds many readings', async () => {
    const { orchard, box } = await settledFarm()
    for (let day = 0; day < 4; day++)
      await orchard.send(box.readings(minutes(1, 1440, NOW - (10 - day) * 24 * HOUR, 150 + 20 * day)))
    const { page, address } = await openPage(browser, orchard)
    await signInBefore(page, orchard)
    await page.goto(`${address}${MOISTURE}?range=30d`)
    await page.waitForSelector('#chart[data-drawn="page"]')
    expect(await page.locator('.key.fill').isVisible()).toBe(true)
    expect(await page.locator('.u-legend').textContent()).toContain('Cao nhất')
    await expect.poll(() => paintedPixels(page)).toBeGreaterThan(2000)
  })

  it('zooms by dragging and by tapping, and the sentence follows', async () => {
    const { orchard } = await settledFarm()
    const { page, address } = await openPage(browser, orchard)
    await signInBefore(page, orchard)
    await page.goto(`${address}${AIR}?range=7d`)
    await page.waitForSelector('#chart[data-drawn="page"]')
    const before = await page.locator('.summary').textContent()
    const box = await page.locator('#canvas .u-over').boundingBox()
    if (!box) throw new Error('no chart')
    await page.mouse.move(box.x + box.width * 0.7, box.y + 50)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.9, box.y + 60, { steps: 5 })
    await page.mouse.up()
    await page.waitForURL(/\?from=\d+&to=\d+/)
    const query = new URL(page.url()).searchParams
    const spanH = (Number(query.get('to')) - Number(query.get('from'))) / HOUR
    expect(spanH).toBeGreaterThan(0.18 * 168)
    expect(spanH).toBeLessThan(0.22 * 168)
    expect(await page.locator('.summary').textContent()).not.toBe(before)
    await page.click('text=Thu nhỏ')
    await page.waitForURL((url) => url.search !== `?${query}`)
    const wider = new URL(page.url()).searchParams
    expect(Number(wider.get('to')) - Number(wider.get('from'))).toBeGreaterThan(spanH * HOUR)
  })

  it('is told at once when the connection is lost, and reads new numbers when it is back', async () => {
    const { orchard, box } = await settledFarm()
    const { page, address } = await openPage(browser, orchard)
    await signInBefore(page, orchard)
    await page.goto(`${address}/farms`)
    expect(await page.locator('#offline').isVisible()).toBe(false)
    await page.context().setOffline(true)
    await page.locator('#offline').waitFor()
    expect(await page.locator('.numbers').first().textContent()).toContain('32,2')
    await orchard.send(box.readings([{ seriesNo: 8, t: NOW, scaled: 411, quality: 0 }]))
    await page.context().setOffline(false)
    await page.locator('text=41,1').waitFor()
    expect(await page.locator('#offline').isVisible()).toBe(false)
  })

  it('fits screens of 360 and 1280 px, by day and at night, without faults that axe can find', async () => {
    const { orchard, box: first } = await settledFarm()
    const field = await fieldOfToday(1)
    for (const plot of field.plots) await orchard.send(first.records(outlookOf(field, plot, 10_800) as never))
    await orchard.addFarm('f-empty', 'Vườn chưa có hộp')
    // Nothing to break at, as a farm's own words may be.
    const long = 'dàidằngdặc'.repeat(12)
    await orchard.addFarm('f-long', long, long, long)
    const box = new SignedBox(5)
    await orchard.enrol(box, 'f-long', 'L0NG')
    await orchard.send(box.records(seriesEntry(1, { uuid: 'long', device: long, place: long }) as never))
    await orchard.send(box.readings(minutes(1, 30, NOW - HOUR)))
    await orchard.addPerson({ email: 'all@x.example', farmIds: 'all' })
    const { page, address, complaints } = await openPage(browser, orchard, SCREENS[0])

    const look = async (url: string, screen: Screen) => {
      const at = `${url} ${JSON.stringify(screen)}`
      expect(await unfold(page), at).toEqual([])
      expect(await accessibilityFaults(page), at).toEqual([])
      expect(await widerThanScreen(page), at).toBe(0)
    }
    const fitsAll = async (url: string, screens: readonly Screen[] = SCREENS) => {
      for (const [index, screen] of screens.entries()) {
        await showOn(page, screen)
        if (index === 0) await page.goto(address + url)
        await look(url, screen)
      }
    }
    await fitsAll('/sign-in')
    await signInAs(page, address, 'all@x.example')
    await fitsAll('/farms')
    await fitsAll(`/farms/${FARM}`)
    await fitsAll('/farms/f-empty')
    await fitsAll('/farms/f-long')
    await fitsAll(`/farms/${FARM}/plots/lo-a`, SCREENS.slice(0, 1))
    // A chart is drawn for the screen that it is opened on, and loads again by itself in other colours.
    for (const screen of SCREENS) {
      await page.goto(`${address}/farms/f-empty`)
      await showOn(page, screen)
      for (const url of ['/series/long', `${AIR}?range=7d`]) {
        await page.goto(address + url)
        await page.waitForSelector('#chart[data-drawn="page"]')
        await look(url, screen)
      }
    }
    expect(complaints).toEqual([])
  }, 120_000)
})

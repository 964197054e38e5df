import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lightingTrial } from '../../agent/lighting-trial.ts'
import type { FieldAnswer } from '../../agent/page/field-answer.ts'
import { bareField, fieldOfToday } from '../agent/page/field-of-today.ts'
import { pretendBox } from '../agent/page/pretend-box.ts'
import { findTool } from '../world/real-services.ts'
import { accessibilityFaults, launchChromium, widerThanScreen } from './gateway-visit.ts'

// Set to a folder to keep pictures of every page that the suite visits.
const PICTURES = process.env['VUON_PICTURES']

describe.skipIf(!findTool('chromium'))('the orchard of today in a browser [needs chromium]', () => {
  let browser: Browser
  const fields: Record<string, FieldAnswer> = {}
  beforeAll(async () => {
    browser = await launchChromium()
    fields['lo-a'] = await fieldOfToday()
    fields['lo-x'] = await bareField()
  })
  afterAll(() => browser?.close())

  it.each([
    [360, 'light', 'lo-a'],
    [1280, 'dark', 'lo-x'],
  ] as const)('fits %i px in the %s (%s), with nothing that axe finds', async (width, colorScheme, plot) => {
    const field = fields[plot] as FieldAnswer
    const box = await pretendBox()
    Object.assign(box.sources, { field: () => field, tryLighting: lightingTrial, nowMs: () => field.nowMs })
    const base = await box.page.listen()
    const locale = width === 360 ? 'vi-VN' : 'en-GB'
    const viewport = { width, height: 800 }
    const context = await browser.newContext({ viewport, colorScheme, locale, bypassCSP: true })
    const page = await context.newPage()
    await page.goto(`${base}/orchard/${plot}?bulbs=500&watts=20&hours=8&nights=9&vndPerKwh=1987`)
    if (PICTURES) {
      mkdirSync(PICTURES, { recursive: true })
      await page.screenshot({ path: join(PICTURES, `orchard-${plot}-${width}.png`), fullPage: true })
    }
    // Tables and reasons opened at once: what is folded is not looked at.
    await page.evaluate(() => {
      for (const each of document.querySelectorAll('details')) each.open = true
    })
    expect(await accessibilityFaults(page)).toEqual([])
    expect(await widerThanScreen(page)).toBe(0)
    await context.close()
    await box.close()
  })
})

import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { EMAIL, type Orchard, PASSWORD } from '../gateway/orchard.ts'
import { findTool } from '../world/real-services.ts'

/** Debian's browser, kept from calling home. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findTool('chromium') ?? 'chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
    ],
  })

/** A page of its own context; what it asks of any other origin is gathered, and scripts or styles that were refused. */
export async function openPage(
  browser: Browser,
  orchard: Orchard,
  options: { width?: number; script?: boolean; locale?: string; dark?: boolean } = {},
): Promise<{ page: Page; address: string; foreign: string[]; complaints: string[] }> {
  const address = await orchard.listen()
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: 900 },
    javaScriptEnabled: options.script ?? true,
    locale: options.locale ?? 'vi-VN',
    timezoneId: 'Europe/Paris',
    colorScheme: options.dark ? 'dark' : 'light',
  })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const foreign: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(address) && !url.startsWith('data:')) foreign.push(url)
  })
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, address, foreign, complaints }
}

export async function signInAs(
  page: Page,
  address: string,
  email = EMAIL,
  password = PASSWORD,
): Promise<void> {
  await page.goto(`${address}/sign-in`)
  await page.fill('#email', email)
  await page.fill('#password', password)
  await page.click('main button')
  await page.waitForURL(`${address}/farms`)
}

/** What axe-core finds against WCAG 2.2 AA: the rule and where. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // Evaluated by the debugger, so that the page's own policy stays as strict as it is.
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      rules: { 'target-size': { enabled: true } },
      // Where what is right stands is not asked for: telling it took a fifth of the time.
      resultTypes: ['violations'],
    })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`),
    )
  })
}

/** By how many pixels the page is wider than the screen. */
export const widerThanScreen = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

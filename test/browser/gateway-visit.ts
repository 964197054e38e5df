import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { EMAIL, type Orchard, PASSWORD } from '../gateway/orchard.ts'
import { findTool } from '../world/real-services.ts'
import { borrowPage, giveBack } from './borrowed-page.ts'

// The last list that Chromium is given is the one that counts: these are playwright-core's, as far as they matter here.
const NOT_FOR_TESTS = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
  // The list under the address bar is a page in a process of its own, drawn anew for each address: a third of the time.
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxPopup',
]

/** Debian's browser, kept from calling home and from work that nobody looks at. */
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
      `--disable-features=${NOT_FOR_TESTS.join()}`,
    ],
  })

/** A page as if of its own context; what it asks of any other origin is gathered, and scripts or styles that were refused. */
export async function openPage(
  browser: Browser,
  orchard: Orchard,
  options: { width?: number; script?: boolean; locale?: string; dark?: boolean } = {},
): Promise<{ page: Page; address: string; foreign: string[]; complaints: string[] }> {
  const address = await orchard.listen()
  const page = await borrowPage(browser, {
    viewport: { width: options.width ?? 1280, height: 900 },
    javaScriptEnabled: options.script ?? true,
    locale: options.locale ?? 'vi-VN',
    timezoneId: 'Europe/Paris',
    colorScheme: options.dark ? 'dark' : 'light',
  })
  onTestFinished(() => giveBack(page))
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

// Contrast is the same at any width.
export const SCREENS = [
  { width: 360, dark: false },
  { width: 1280, dark: false },
  { width: 360, dark: true },
] as const

/** The session of somebody who has signed in before: tests of the form itself are those that call `signInAs`. */
export async function signInBefore(page: Page, orchard: Orchard): Promise<void> {
  const session = { name: 'vuon_session', value: await orchard.signIn(), url: await orchard.listen() }
  await page.context().addCookies([{ ...session, httpOnly: true, sameSite: 'Lax' }])
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

// The smaller of its two builds: it is sent to, and read by, each document.
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const debuggers = new WeakMap<Page, Promise<CDPSession>>()

async function bringAxe(page: Page): Promise<void> {
  if (await page.evaluate(() => 'axe' in globalThis)) return
  const session = debuggers.get(page) ?? page.context().newCDPSession(page)
  debuggers.set(page, session)
  // By the debugger itself, so that the page's own policy stays as strict as it is, and Chromium compiles it once a site.
  const { exceptionDetails } = await (await session).send('Runtime.evaluate', { expression: `${AXE};0` })
  if (exceptionDetails) throw new Error(`axe does not start: ${exceptionDetails.text}`)
}

/** What axe-core finds against WCAG 2.2 AA and what is `further` asked for: the rule, where, and what stands there. */
export async function accessibilityFaults(page: Page, ...further: 'best-practice'[]): Promise<string[]> {
  await bringAxe(page)
  return page.evaluate(async (further) => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', ...further],
      rules: { 'target-size': { enabled: true } },
      // Where what is right stands is not asked for: telling it took a fifth of the time.
      resultTypes: ['violations'],
    })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, html, failureSummary }) =>
          `${id} ${target.join(' ')}: ${failureSummary} ${html.slice(0, 300)}`,
      ),
    )
  }, further)
}

/** Opens all that is folded, as a finger does; tells what it could not press because something else lies there. */
export const unfold = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const covered: string[] = []
    for (const summary of document.querySelectorAll('summary')) {
      summary.scrollIntoView({ block: 'center', behavior: 'instant' })
      const { x, y, width, height } = summary.getBoundingClientRect()
      if (!summary.contains(document.elementFromPoint(x + width / 2, y + height / 2)))
        covered.push(summary.outerHTML.slice(0, 120))
      if (!summary.closest('details')?.open) summary.click()
    }
    return covered
  })

/** By how many pixels the page is wider than the screen. */
export const widerThanScreen = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

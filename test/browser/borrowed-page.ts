import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'

export interface Screen {
  readonly width: number
  readonly height?: number
  readonly dark?: boolean
}

const resting = new WeakMap<Browser, Map<string, Page>>()
const kinds = new WeakMap<Page, string>()

/**
 * A page of a context of its own, or the one that an earlier test gave back: a window with its processes takes
 * Chromium most of a second. Cookies are gone; what else a site may leave stays with its port, which was another.
 */
export async function borrowPage(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  // Screen and colours are set on a page that is there; all else belongs to its context.
  const kind = JSON.stringify({ ...options, viewport: null, colorScheme: null })
  const pages = resting.get(browser) ?? new Map<string, Page>()
  resting.set(browser, pages)
  const rested = pages.get(kind)
  pages.delete(kind)
  const page = rested ?? (await (await browser.newContext(options)).newPage())
  // Of what hangs, not of what is slow; before the test itself has no time any more.
  page.setDefaultTimeout(50_000)
  kinds.set(page, kind)
  if (rested && options.viewport)
    await showOn(page, { ...options.viewport, dark: options.colorScheme === 'dark' })
  return page
}

export async function giveBack(page: Page): Promise<void> {
  for (const event of ['request', 'response', 'console', 'pageerror'] as const) page.removeAllListeners(event)
  const context = page.context()
  const pages = resting.get(context.browser() as Browser)
  const kind = kinds.get(page) ?? ''
  try {
    if (!pages || pages.has(kind) || context.pages().length !== 1) throw new Error('nobody would find it')
    await context.setOffline(false)
    // Something of the same site where nothing goes on: for any other, about:blank too, Chromium begins a new process.
    await page.goto(new URL('/favicon.ico', page.url()).href)
    await context.clearCookies()
    pages.set(kind, page)
  } catch {
    await context.close()
  }
}

/** The document that is open, on another screen, as when a window is drawn larger or evening comes. */
export async function showOn(page: Page, { width, height = 900, dark = false }: Screen): Promise<void> {
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
  await expect.poll(() => page.evaluate(settledWidth), { timeout: 30_000 }).toBe(width)
}

function settledWidth(): number {
  // Colours half-way to others are nobody's.
  for (const animation of document.getAnimations()) animation.finish()
  return innerWidth
}

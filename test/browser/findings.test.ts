import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leafJpeg } from '../agent/vision/drawn-photos.ts'
import { NOW } from '../gateway/orchard.ts'
import { PhotographedFarm, SPOTTED } from '../gateway/photographed-farm.ts'
import { findTool } from '../world/real-services.ts'
import { accessibilityFaults, launchChromium, openPage, signInAs, widerThanScreen } from './gateway-visit.ts'

const values = Uint8Array.from({ length: 12 * 16 }, (_, at) =>
  Math.max(0, 255 - 50 * Math.hypot(Math.floor(at / 16) - 6, (at % 16) - 8)),
)

/** One spotted leaf, its photo 640 × 480 px, with a heat map. */
async function photographed(): Promise<{ farm: PhotographedFarm; path: string }> {
  const farm = await PhotographedFarm.open()
  const photo = new Uint8Array(await leafJpeg({ widthPx: 640, heightPx: 480 }))
  const thumbnail = new Uint8Array(await sharp(photo).resize(320).webp().toBuffer())
  const heat = { rows: 12, columns: 16, values }
  await farm.sends({ photo, thumbnail }, { ...SPOTTED, heat, at: NOW - 3_600_000 })
  return { farm, path: `/findings/${farm.box.agent}/find-1` }
}

const regionsOf = async (page: Page): Promise<{ shape: string; points: [number, number][] }[]> =>
  JSON.parse(await page.inputValue('#regions'))

describe.skipIf(!findTool('chromium'))('photos before an agronomist [needs chromium]', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  it('are judged and drawn on, and stay as they were drawn', async () => {
    const { farm, path } = await photographed()
    const { page, address, foreign, complaints } = await openPage(browser, farm.orchard)
    await signInAs(page, address)
    await page.goto(address + path)
    await page.uncheck('#show-heat')
    expect(await page.locator('.heat-layer').isVisible()).toBe(false)
    await page.click('[data-tool=box]')
    await page.locator('#drawing').scrollIntoViewIfNeeded()
    const box = (await page.locator('#drawing').boundingBox())!
    const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height]
    await page.mouse.move(...at(0.25, 0.25))
    await page.mouse.down()
    await page.mouse.move(...at(0.5, 0.75))
    await page.mouse.up()
    await page.mouse.click(...at(0.9, 0.9))
    await page.click('[data-tool=polygon]')
    for (const [x, y] of [
      [0.6, 0.2],
      [0.8, 0.2],
      [0.7, 0.5],
      [0.6, 0.2],
    ] as const)
      await page.mouse.click(...at(x, y))
    const drawn = await regionsOf(page)
    expect(drawn.map(({ shape, points }) => [shape, points.length])).toEqual([
      ['box', 2],
      ['polygon', 3],
    ])
    for (const [index, near] of [0.25, 0.25, 0.5, 0.75].entries())
      expect(drawn[0]!.points.flat()[index]).toBeCloseTo(near, 1)
    await page.mouse.click(...at(0.3, 0.3))
    await page.keyboard.press('Escape')
    expect(await page.textContent('#drawn')).toContain('2')

    // The answer that a label belongs to is chosen with it.
    await page.selectOption('#label', 'dragon-fruit/rot_or_canker')
    expect(await page.isChecked('input[value=corrected]')).toBe(true)
    await page.click('text=Lưu quyết định')
    await page.waitForURL(/saved=1$/)
    expect(await page.locator('.history').textContent()).toContain('Đã sửa thành: thối hoặc loét')
    expect(await regionsOf(page)).toEqual(drawn)
    expect(await page.locator('#drawing rect, #drawing polygon').count()).toBe(2)
    await page.click('[data-act=clear]')
    expect(await regionsOf(page)).toEqual([])
    await page.setViewportSize({ width: 360, height: 800 })
    expect([await widerThanScreen(page), await accessibilityFaults(page)]).toEqual([0, []])
    await page.click('text=Ảnh cây')
    await page.waitForURL(`${address}/findings`)
    expect([await widerThanScreen(page), await accessibilityFaults(page)]).toEqual([0, []])
    expect([foreign, complaints]).toEqual([[], []])
  })

  it('are judged without script: map on and off, an answer, and what was drawn before is kept', async () => {
    const { farm, path } = await photographed()
    const { page, address } = await openPage(browser, farm.orchard, { script: false, width: 360 })
    await signInAs(page, address)
    await page.goto(address + path)
    expect(await page.locator('#draw-tools').isVisible()).toBe(false)
    expect(await page.locator('.heat-layer').isVisible()).toBe(true)
    await page.uncheck('#show-heat')
    expect(await page.locator('.heat-layer').isVisible()).toBe(false)
    const regions = [
      {
        shape: 'box',
        points: [
          [0, 0],
          [0.5, 0.5],
        ],
      },
    ] as const
    await farm.orchard.gateway.decide([
      {
        ...{ kind: 'finding-review', reviewId: 'fr-1', agent: farm.box.agent, findingId: 'find-1' },
        ...{
          photo: new Uint8Array(32),
          model: null,
          decision: 'confirmed',
          crop: 'dragon-fruit',
          label: 'spot',
        },
        ...{ vi: 'có đốm', en: 'spots', organism: '', note: '', regions, person: 'p', role: 'agronomist' },
        eventId: '',
      },
    ])
    await page.goto(address + path)
    expect(await page.locator('#drawing rect').count()).toBe(1)
    await page.uncheck('#show-regions')
    expect(await page.locator('#drawing').isVisible()).toBe(false)
    await page.check('input[value=other]')
    await page.fill('#words', 'Cháy nắng')
    await page.click('text=Lưu quyết định')
    expect(await page.locator('.history').textContent()).toContain('Khác: Cháy nắng')
    expect(await page.locator('#drawing rect').count()).toBe(1)
  })
})

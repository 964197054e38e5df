import { describe, expect, test } from 'vitest'
import { ABSTAIN_REASONS } from '#contract/wire/finding.ts'
import type { FindingCard } from '../../gateway/insight/findings.ts'
import { findingsSection } from '../../gateway/web/findings-section.ts'
import { DAY } from './signed-box.ts'

const view = { language: 'vi', timeZone: 'Asia/Ho_Chi_Minh', nowMs: DAY + 3_600_000 } as const

const card = (change: Partial<FindingCard> = {}): FindingCard => ({
  findingId: 'find-1',
  agent: '0123456789abcdef',
  farmId: 'f-1',
  farmName: 'Vườn Tám',
  plant: null,
  review: null,
  at: DAY,
  isTimeSure: true,
  takenAt: null,
  crop: 'dragon-fruit',
  organ: 'stem',
  plot: 'lo-a',
  plotName: 'Lô A',
  photo: { sha256: 'a'.repeat(64), state: 'coming', widthPx: 640, heightPx: 480 },
  thumbnail: { sha256: 'b'.repeat(64), state: 'here' },
  model: null,
  verdict: null,
  abstained: 'uncertain',
  labels: [],
  screen: null,
  lesionShare: null,
  heat: null,
  quality: {},
  ...change,
})

const shown = (change: Partial<FindingCard> = {}, language: 'vi' | 'en' = 'vi'): string =>
  findingsSection({ ...view, language }, [card(change)]).text
const MODEL = { id: 'stem-7', version: '3', sha256: 'c'.repeat(64) }

describe('the photos on a farm page', () => {
  test('say how to send one while there is none', () => {
    expect(findingsSection(view, []).text).toContain('Chưa có ảnh nào')
  })

  test('say that there is no model, and show thumbnail, plot and age', () => {
    const text = shown()
    expect(text).toContain('Chưa có mô hình cho cây này')
    expect(text).toContain(`src="/api/v1/photos/${'b'.repeat(64)}"`)
    expect(text).toMatch(/Lô A.*|1 giờ/)
    expect(text).toContain('Ảnh lớn chưa gửi lên')
    expect(text).not.toContain('a'.repeat(64))
  })

  test('tell a model that is not sure from no model', () => {
    expect(shown({ model: MODEL })).toContain('Mô hình không chắc')
    expect(shown({ model: MODEL })).not.toContain('Chưa có mô hình')
  })

  test('show what a model said as the hint that it is, with its version', () => {
    const text = shown({
      ...{ model: MODEL, verdict: 'stem_rot', abstained: null, lesionShare: 0.123 },
      labels: [{ label: 'stem_rot', probability: 0.87, words: null }],
    })
    for (const part of ['stem_rot', '87 %', '12 %', 'stem-7 3', 'không phải chẩn đoán'])
      expect(text).toContain(part)
  })

  test('call a label as the box says that its model calls it, with what the model is not', () => {
    const words = { crop: 'dragon-fruit', vi: 'thối cành', en: 'stem rot', organism: null }
    const said = {
      ...{ model: MODEL, verdict: 'stem_rot', abstained: null, lesionShare: 0.002 },
      screen: { vi: 'Sàng lọc từ ít ảnh.', en: 'A screen from few photos.' },
      labels: [{ label: 'stem_rot', probability: 0.87, words }],
    } as const
    for (const part of ['thối cành', 'Sàng lọc từ ít ảnh', '&lt; 1 %'])
      expect(shown(said)).toContain(part.replace('&lt;', '&#60;'))
    expect(shown(said, 'en')).toContain('stem rot, probability 87 %')
    expect(shown({ ...said, crop: '' }, 'en')).toContain('stem rot, if it is Dragon fruit')
  })

  test('of lesions whose kind is not sure says how much, and what it may be', () => {
    const labels = [
      { label: 'spot', probability: 0.51, words: null },
      { label: 'rot', probability: 0.48, words: null },
      { label: 'healthy', probability: 0.01, words: null },
    ]
    const text = shown({ model: MODEL, abstained: 'uncertain', lesionShare: 0.8, labels })
    for (const part of ['không chắc là loại nào', 'spot: 51 %', 'rot: 48 %', '80 %'])
      expect(text).toContain(part)
    const clean = [{ label: 'healthy', probability: 0.6, words: null }]
    expect(shown({ model: MODEL, abstained: 'uncertain', lesionShare: 0.01, labels: clean })).not.toContain(
      'là loại nào',
    )
  })

  test('show where the lesions are, over the photo that is here', () => {
    const values = Buffer.from(Uint8Array.of(0, 0, 200, 200, 255, 0)).toString('base64')
    const text = shown({ heat: { rows: 2, columns: 3, values } })
    expect(text).toContain(`<image href="/api/v1/photos/${'b'.repeat(64)}"`)
    // Two bars of row 2: cells of one step are one.
    expect(text.match(/<rect /g)).toHaveLength(3)
    expect(shown({ heat: { rows: 2, columns: 3, values: 'AAAAAAAA' } })).not.toContain('<svg')
    const gone = { thumbnail: { sha256: 'b'.repeat(64), state: 'erased' } } as const
    expect(shown({ heat: { rows: 2, columns: 3, values }, ...gone })).not.toContain('<svg')
  })

  test('link the large photo only when it is here, and say when a photo was erased', () => {
    const photo = { ...card().photo, state: 'here' as const }
    expect(shown({ photo })).toContain(`href="/api/v1/photos/${'a'.repeat(64)}"`)
    const gone = shown({ thumbnail: { sha256: 'b'.repeat(64), state: 'erased' } })
    expect([gone.includes('Ảnh đã được xoá'), gone.includes('<img')]).toEqual([true, false])
  })

  test.each([...ABSTAIN_REASONS, 'upside-down'])(
    'have a sentence in both languages for "%s"',
    (abstained) => {
      const [vi, en] = [shown({ abstained, model: MODEL }), shown({ abstained, model: MODEL }, 'en')]
      expect(vi).not.toBe(en)
      expect(vi).toMatch(/chẩn đoán|kết luận|không phải cây này/)
    },
  )

  test('let nothing of a farm through that is not text', () => {
    const nasty = `"><script>alert(1)</script>'\``
    const text = shown({
      ...{ crop: nasty, organ: nasty, plotName: nasty, verdict: nasty, abstained: null },
      ...{
        model: { id: nasty, version: nasty, sha256: '' },
        labels: [{ label: nasty, probability: 0.5, words: null }],
      },
    })
    expect(text).not.toContain('<script')
    expect(shown({ abstained: nasty })).not.toContain('<script')
    expect(shown({ organ: 'constructor', abstained: '__proto__' })).toContain('constructor')
  })
})

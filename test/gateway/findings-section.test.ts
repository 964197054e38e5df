import { describe, expect, test } from 'vitest'
import { ABSTAIN_REASONS } from '#contract/wire/finding.ts'
import type { FindingCard } from '../../gateway/insight/findings.ts'
import { findingsSection } from '../../gateway/web/findings-section.ts'
import { DAY } from './signed-box.ts'

const view = { language: 'vi', timeZone: 'Asia/Ho_Chi_Minh', nowMs: DAY + 3_600_000 } as const

const card = (change: Partial<FindingCard> = {}): FindingCard => ({
  findingId: 'find-1',
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
  lesionShare: null,
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
      labels: [{ label: 'stem_rot', probability: 0.87 }],
    })
    for (const part of ['stem_rot', '87 %', '12 %', 'stem-7 3', 'Gợi ý của máy']) expect(text).toContain(part)
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
      ...{ model: { id: nasty, version: nasty, sha256: '' }, labels: [{ label: nasty, probability: 0.5 }] },
    })
    expect(text).not.toContain('<script')
    expect(shown({ abstained: nasty })).not.toContain('<script')
    expect(shown({ organ: 'constructor', abstained: '__proto__' })).toContain('constructor')
  })
})

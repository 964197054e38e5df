import { describe, expect, test } from 'vitest'
import type { ModelChangeEntry, ShadowLookEntry } from '#contract/wire/model-life.ts'
import {
  dropped,
  EMPTY_BOOK,
  foldersOf,
  type ModelBook,
  modelBookSchema,
  newestOf,
  promoted,
  rolledBack,
  statesOf,
  taken,
  withProgram,
} from '../../../agent/vision/model-choice.ts'
import { hindrancesOf, shadowFigures } from '../../../agent/vision/shadow-figures.ts'
import { knownEntry } from '../../../gateway/projections/entry-shapes.ts'

const name = (version: string) => ({ id: 'leaf', version, sha256: new Uint8Array(32) })
let number = 0
function look(
  said: string | null,
  shown: string | null,
  more: Partial<ShadowLookEntry> = {},
): ShadowLookEntry {
  const why = (verdict: string | null) => (verdict === null ? 'uncertain' : null)
  return {
    ...{ kind: 'shadow-look', findingId: `f-${++number}`, model: name('1.1.0') },
    ...{ verdict: said, abstained: why(said), probability: 0.9, ms: 100, failure: '' },
    beside: { model: name('1.0.0'), verdict: shown, abstained: why(shown), ms: 90 },
    ...more,
  }
}
const many = (count: number, make: () => ShadowLookEntry): ShadowLookEntry[] =>
  Array.from({ length: count }, make)
const hindered = (looks: readonly ShadowLookEntry[], confirmed: readonly string[] = []) =>
  hindrancesOf(shadowFigures(looks, new Set(confirmed)), 30)

describe('the rule by which a shadow answers', () => {
  const good = many(40, () => look('spot', 'spot'))

  test('says yes to one that says the same on enough photos', () => {
    expect(hindered(good)).toEqual([])
    expect(hindered(good.slice(0, 29))).toEqual(['photos'])
  })

  test.each([
    ['agreement', many(8, () => look('healthy', 'spot'))],
    ['silent', many(8, () => look(null, 'spot'))],
    ['refusing', many(8, () => look(null, null, { abstained: 'not-this-plant' }))],
    ['slow', many(60, () => look('spot', 'spot', { ms: 700 }))],
    ['failures', [look(null, 'spot', { abstained: null, failure: 'crash' })]],
  ])('says no for %s', (why, looks) => {
    expect(hindered([...good, ...looks])).toEqual([why])
  })

  test('listens to what people on the farm confirmed of the shown answer', () => {
    const seen = many(5, () => look('spot', 'spot'))
    const ids = (looks: readonly ShadowLookEntry[]) => looks.map(({ findingId }) => findingId)
    expect(hindered([...good, ...seen], ids(seen))).toEqual([])
    const wrong = [look('healthy', 'spot'), ...seen]
    expect(hindered([...good, ...wrong], ids(wrong))).toEqual(['confirmed'])
  })

  test('counts no photo that the quality gate refused, and how many failures there were in a row', () => {
    const dark = look(null, null, { abstained: 'too-dark' })
    const failed = many(2, () => look(null, 'spot', { abstained: null, failure: 'timeout' }))
    expect(shadowFigures([...good, dark, ...failed], new Set())).toMatchObject({
      ...{ photos: 43, judged: 40, failures: 2, failuresInARow: 2, ms: 100, activeMs: 90 },
    })
    expect(shadowFigures([], new Set())).toMatchObject({ photos: 0, failuresInARow: 0, ms: null })
  })
})

test('the province reads what a box tells of its models', () => {
  const stamp = { t: 1, boot: 'ab', clock: 'synchronised' }
  const change: ModelChangeEntry = {
    ...{ kind: 'model-change', model: name('1.1.0'), change: 'active', by: 'figures', now: name('1.1.0') },
    ...{ reason: '', at: 1, figures: shadowFigures([look('spot', 'spot')], new Set()) },
  }
  for (const entry of [change, look('spot', null), look(null, 'spot', { failure: 'crash', abstained: null })])
    expect(knownEntry({ ...stamp, ...entry })).toMatchObject({ kind: entry.kind })
})

describe('the book of models', () => {
  const model = (version: string, folder = `leaf@${version}`) => ({
    ...{ version, folder, sha256: version.replaceAll('.', '').padStart(64, 'a') },
  })
  const shipped = (version: string) => [{ id: 'leaf', ...model(version, '') }]
  const at = (time: number) => ({ by: 'person' as const, reason: '', at: time })
  const words = (book: ModelBook): string[] => {
    const { active, shadow, previous } = statesOf(book, 'leaf')
    return [active, shadow, previous].map((each) => each?.version ?? '–')
  }
  const first = withProgram(EMPTY_BOOK, shipped('1.0.0'), 1)
  const second = promoted(taken(first, 'leaf', model('1.1.0'), at(2)), 'leaf', 'shadow', at(3))

  test('keeps what answered before, and knows what it has had', () => {
    const third = taken(second, 'leaf', model('1.2.0'), at(4))
    expect(words(third)).toEqual(['1.1.0', '1.2.0', '1.0.0'])
    const back = rolledBack(third, 'leaf', at(5))
    expect(words(back)).toEqual(['1.0.0', '1.2.0', '1.1.0'])
    const after = dropped(back, 'leaf', at(6))
    expect(words(after)).toEqual(['1.0.0', '–', '1.1.0'])
    expect([newestOf(after, 'leaf'), foldersOf(after)]).toEqual(['1.2.0', ['leaf@1.1.0']])
    expect(after.untold.map(({ change }) => change)).toEqual([
      ...['shadowing', 'active', 'shadowing', 'rolled-back', 'dropped'],
    ])
    const file = JSON.parse(JSON.stringify({ version: 1, ...after }))
    expect(modelBookSchema.parse(file)).toEqual({ version: 1, ...after })
  })

  test('lets a newer release of the program answer, and an older one not', () => {
    expect(words(withProgram(second, shipped('1.0.0'), 9))).toEqual(['1.1.0', '–', '1.0.0'])
    expect(words(withProgram(second, shipped('1.0.9'), 9))).toEqual(['1.1.0', '–', '1.0.9'])
    expect(words(withProgram(second, shipped('2.0.0'), 9))).toEqual(['2.0.0', '–', '1.1.0'])
    const shadowed = taken(first, 'leaf', model('1.1.0'), at(4))
    expect(words(withProgram(shadowed, shipped('1.1.1'), 9))).toEqual(['1.1.1', '–', '–'])
    expect(words(withProgram(second, [], 9))).toEqual(['1.1.0', '–', '–'])
    expect(withProgram(first, [], 9).models).toEqual([])
    const updated = withProgram(first, shipped('1.0.1'), 9)
    expect(updated.untold.map(({ change, by, of }) => `${change} ${of.version} by ${by}`)).toEqual([
      'active 1.0.1 by program',
    ])
    expect(withProgram(updated, shipped('1.0.1'), 10).untold).toEqual(updated.untold)
  })

  test('takes the first of an id at once, and nothing that is not there', () => {
    expect(words(taken(EMPTY_BOOK, 'leaf', model('1.0.0'), at(1)))).toEqual(['1.0.0', '–', '–'])
    expect(promoted(first, 'leaf', 'shadow', at(1))).toBe(first)
    expect(rolledBack(first, 'leaf', at(1))).toBe(first)
    expect(dropped(first, 'leaf', at(1))).toBe(first)
  })
})

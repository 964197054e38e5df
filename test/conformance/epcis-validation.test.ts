import { join } from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { documentMistakes } from '#contract/trace/epcis-document.ts'
import { filesIn, jsonOf, vectors } from './vectors.ts'

describe('EPCIS documents that others published', () => {
  const folder = vectors('epcis', 60)
  if (!folder) return
  const ajv = new Ajv({ strict: false })
  addFormats.default(ajv)
  const schema = ajv.compile(jsonOf(join(folder, 'schema/EPCIS-JSON-Schema.json')) as object)
  const documents = (set: string) => [
    ...filesIn(join(folder, set), '.json').map((name) => join(set, name)),
    ...filesIn(join(folder, set), '.jsonld').map((name) => join(set, name)),
  ]

  test.each(['valid-gs1', 'valid-openepcis', 'events-openepcis'].flatMap(documents))(
    '%s is accepted',
    (name) => {
      expect(documentMistakes(jsonOf(join(folder, name)))).toEqual([])
    },
  )

  test.each(documents('invalid-openepcis'))('%s is refused, with the path of what is wrong', (name) => {
    const mistakes = documentMistakes(jsonOf(join(folder, name)))
    expect(mistakes.length).toBeGreaterThan(0)
    for (const { path, rule } of mistakes)
      expect(`${path} ${rule}`).toMatch(/^epcisBody\.eventList\[\d\]\S* \w.{8,}/)
  })

  test.each(documents('valid-gs1'))(
    '%s: wherever one value is broken and the schema refuses it, so do we',
    (name) => {
      const document = jsonOf(join(folder, name))
      const accepted: unknown[] = []
      for (const broken of variants(document)) {
        if (schema(broken)) continue
        if (documentMistakes(broken).length === 0) accepted.push(schema.errors?.[0])
      }
      expect(accepted).toEqual([])
    },
  )
})

/** The document with one property removed, or one text or number replaced: every place once, but not every list element. */
function* variants(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const [index, each] of value.slice(0, 2).entries())
      for (const changed of variants(each)) yield value.with(index, changed)
  } else if (value !== null && typeof value === 'object') {
    for (const [key, each] of Object.entries(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
      for (const changed of variants(each)) yield { ...value, [key]: changed }
    }
    yield { ...value, noNamespace: 1 }
  } else {
    yield 'no such word'
    yield 7
  }
}

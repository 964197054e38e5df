import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalLink } from '#contract/trace/canonical-link.ts'
import { jsonOf, vectors } from './vectors.ts'

describe('canonical Digital Link of an EPC URN or a Digital Link', () => {
  const folder = vectors('gs1', 35)
  if (!folder) return
  const { cases } = jsonOf(join(folder, 'digital-link-normaliser.json')) as {
    cases: { group: string; in: string; canonicalDigitalLink: string | null }[]
  }

  test.each(cases)('$in', ({ in: uri, canonicalDigitalLink }) => {
    expect(canonicalLink(uri) ?? null).toBe(canonicalDigitalLink)
  })
})

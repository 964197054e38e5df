import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '#contract/ground/bytes.ts'
import { canonicalJson } from '#contract/trace/canonical-json.ts'
import { filesIn, jsonOf, vectors } from './vectors.ts'

describe('RFC 8785 canonical JSON', () => {
  const folder = vectors('jcs', 3)
  if (!folder) return
  test.each(filesIn(join(folder, 'input'), '.json'))('%s is written as published, byte for byte', (name) => {
    const written = canonicalJson(jsonOf(join(folder, 'input', name)))
    expect(written).toBe(readFileSync(join(folder, 'output', name), 'utf8'))
    const hex = readFileSync(join(folder, 'outhex', name.replace('.json', '.txt')), 'utf8')
    expect(toHex(utf8(written))).toBe(hex.replaceAll(/\s/g, ''))
  })
})

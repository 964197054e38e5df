import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { eventHashes } from '#contract/trace/event-hash.ts'
import { filesIn, jsonOf, vectors } from './vectors.ts'

type Document = { epcisBody: { eventList?: Record<string, unknown>[] } }

describe('CBV 2.0 event hash', () => {
  const folder = vectors('epcis/event-hash', 14)
  if (!folder) return

  test.each(filesIn(folder, '.jsonld'))('%s: every event has its published hash', (name) => {
    const published = readFileSync(join(folder, name.replace('.jsonld', '.hashes')), 'utf8')
    expect(eventHashes(jsonOf(join(folder, name)), sha256)).toEqual(published.trim().split(/\s+/))
  })

  test.each(filesIn(folder, '.jsonld'))(
    '%s: order of keys and of lists, and who stored it, change nothing',
    (name) => {
      const document = jsonOf(join(folder, name)) as Document
      const before = eventHashes(document, sha256)
      const shuffled = backwards(document) as Document
      for (const event of shuffled.epcisBody.eventList ?? []) {
        event['recordTime'] = '2030-01-01T00:00:00Z'
        event['eventID'] = 'urn:uuid:00000000-0000-4000-8000-000000000000'
        event['errorDeclaration'] = { declarationTime: '2030-01-01T00:00:00Z' }
      }
      expect(new Set(eventHashes(shuffled, sha256))).toEqual(new Set(before))
    },
  )

  test.each(filesIn(folder, '.jsonld'))('%s: any other word, number or time changes it', (name) => {
    const document = jsonOf(join(folder, name)) as Document
    for (const [index, event] of (document.epcisBody.eventList ?? []).entries()) {
      const before = eventHashes(document, sha256)[index]
      for (const change of [
        { action: 'X' },
        { bizStep: 'holding' },
        { eventTime: '2001-01-01T00:00:00.001Z' },
      ]) {
        const list = (document.epcisBody.eventList as object[]).with(index, { ...event, ...change })
        const changed = { ...document, epcisBody: { eventList: list } }
        if (JSON.stringify(changed) === JSON.stringify(document)) continue
        if (event['bizStep'] === change.bizStep) continue
        expect(eventHashes(changed, sha256)[index]).not.toBe(before)
      }
    }
  })
})

/** The same document with every object's keys and every list but @context written from the end. */
function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards).reverse()
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, key === '@context' ? each : backwards(each)]),
  )
}

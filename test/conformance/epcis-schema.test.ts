import { join } from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { checkDigit } from '#contract/trace/digital-link.ts'
import { type EpcisEvent, epcisDocument, type Harvest, harvestEvent } from '#contract/trace/epcis.ts'
import { eventHash, eventHashes } from '#contract/trace/event-hash.ts'
import { jsonOf, vectors } from './vectors.ts'

const withCheckDigit = (digits: string): string => digits + checkDigit(digits)

const harvest: fc.Arbitrary<Harvest> = fc
  .record({
    gtin: fc.stringMatching(/^0952[0-9]{9}$/).map(withCheckDigit),
    lot: fc.stringMatching(/^[0-9A-Z]{13}$/),
    massKg: fc.integer({ min: 1, max: 300_000 }).map((tenths) => tenths / 10),
    harvestedAt: fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2090, 0, 1) }),
    zoneOffset: fc.constantFrom('+07:00', '-03:30', '+00:00'),
    growingArea: fc.option(
      fc.record({
        gln: fc.stringMatching(/^952[0-9]{9}$/).map(withCheckDigit),
        code: fc.stringMatching(/^[A-Z0-9!()*%/_-]{1,20}$/),
      }),
      { nil: undefined },
    ),
    isFirstPick: fc.boolean(),
  })
  .map(({ growingArea, ...rest }) => ({
    ...rest,
    harvestedOn: new Date(rest.harvestedAt).toISOString().slice(0, 10),
    ...(growingArea ? { growingArea } : {}),
  }))

const named = (event: EpcisEvent): EpcisEvent => ({ ...event, eventID: eventHash(event, sha256) })

describe('our harvest event', () => {
  const folder = vectors('epcis/schema', 2)
  if (!folder) return
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const validate = ajv.compile(jsonOf(join(folder, 'EPCIS-JSON-Schema.json')) as object)

  test('is a valid EPCIS 2.0 document, whatever was harvested, and its hash is that of the document', () => {
    fc.assert(
      fc.property(harvest, (each) => {
        const event = named(harvestEvent(each))
        const document = epcisDocument([event], '2026-11-23T00:00:00Z')
        expect(validate(document), ajv.errorsText(validate.errors)).toBe(true)
        expect(eventHashes(document, sha256)).toEqual([event.eventID])
      }),
      { numRuns: 200 },
    )
  })

  test('would be refused with a word that CBV does not know', () => {
    const [each] = fc.sample(harvest, { numRuns: 1, seed: 1 }) as [Harvest]
    const wrong = { ...harvestEvent(each), bizStep: 'harvesting' }
    expect(validate(epcisDocument([wrong], '2026-11-23T00:00:00Z'))).toBe(false)
  })
})

import { join } from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { activityEvent, declaredWrong } from '#contract/trace/activity-events.ts'
import type { ActivityTold } from '#contract/trace/activity-told.ts'
import { checkDigit } from '#contract/trace/digital-link.ts'
import { epcisDocument } from '#contract/trace/epcis.ts'
import { documentMistakes } from '#contract/trace/epcis-document.ts'
import { eventHash, eventHashes } from '#contract/trace/event-hash.ts'
import { newSscc } from '#contract/trace/sscc.ts'
import {
  ACTIVITY_DETAILS,
  ACTIVITY_TYPES,
  type ActivityType,
  type DetailShape,
} from '#contract/wire/farm-book.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { jsonOf, vectors } from './vectors.ts'

const withCheckDigit = (digits: string): string => digits + checkDigit(digits)
const gtin = fc.stringMatching(/^0952[0-9]{9}$/).map(withCheckDigit)
const gln = fc.stringMatching(/^952[0-9]{9}$/).map(withCheckDigit)
const lot = fc.stringMatching(/^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/)
const kg = fc.integer({ min: 1, max: 300_000 }).map((tenths) => tenths / 10)
const share = fc.record({ gtin, lot, massKg: kg })
const moment = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2090, 0, 1) })
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })

/** A detail as the farm book lets it through. */
function detail(key: string, { is, of }: DetailShape): fc.Arbitrary<string | number> {
  if (of) return fc.constantFrom(...of)
  if (key === 'gtin') return gtin
  if (key === 'lot') return lot
  if (/Gln$/.test(key)) return gln
  if (key === 'sscc') return fc.nat(9999).map((serial) => newSscc('0952123456789', serial))
  if (key === 'organism')
    return fc.constantFrom('338095', 'NCBITaxon:1126011', 'https://eol.example/1', 'nấm')
  return is === 'text' ? name : fc.double({ min: 0.001, max: 30_000, noNaN: true })
}

const detailsOf = (type: ActivityType): fc.Arbitrary<Record<string, string | number>> =>
  fc.record(
    Object.fromEntries(
      Object.entries(ACTIVITY_DETAILS[type]).map(([key, shape]) => [key, detail(key, shape)]),
    ),
    {
      requiredKeys: type === 'harvested' ? ['massKg', 'gtin', 'lot'] : type === 'aggregated' ? ['sscc'] : [],
    },
  )

const told = (type: ActivityType): fc.Arbitrary<ActivityTold> =>
  fc
    .record({
      details: detailsOf(type),
      at: moment,
      shares: fc.array(share, { minLength: 1, maxLength: 5 }),
      zoneOffset: fc.constantFrom('+07:00', '-03:30'),
      growingArea: fc.option(fc.record({ gln, code: fc.stringMatching(/^[A-Z0-9!()*%/_-]{1,20}$/) }), {
        nil: undefined,
      }),
      packingHouseGln: fc.option(gln, { nil: undefined }),
      quantity: fc.constantFrom(...Object.keys(QUANTITIES)),
      isFirstPick: fc.boolean(),
      why: name,
    })
    .map(({ details, at, shares, quantity, why, ...rest }) => {
      const day = new Date(at).toISOString().slice(0, 10)
      const series = '5b0d7a7e-7a5e-4e57-8f1e-0d1c2b3a4f5e'
      return {
        ...rest,
        activity: {
          ...{ kind: 'activity', activityId: 'id-1', type, plot: 'lo-a', at, person: 'p1', details, why },
          ...(['packed', 'aggregated', 'dispatched'].includes(type) ? { inputs: shares } : {}),
          ...(['packed', 'received'].includes(type) ? { outputs: shares.slice(0, 1) } : {}),
        },
        day,
        phiUntil: day,
        conditions: [{ series, quantity, fromMs: at - 1000, toMs: at, min: 1.23, mean: 2.34, max: 3.45 }],
        model: { id: 'bệnh thán thư', version: '1 β' },
        harvestedOn: day,
      }
    })

const SILENT: readonly ActivityType[] = ['pruned', 'other']

describe('the event of an activity', () => {
  const folder = vectors('epcis/schema', ACTIVITY_TYPES.length)
  if (!folder) return
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const validate = ajv.compile(jsonOf(join(folder, 'EPCIS-JSON-Schema.json')) as object)

  test.each(ACTIVITY_TYPES.filter((type) => !SILENT.includes(type)))(
    '%s is a valid EPCIS 2.0 document whatever was said, also when it is taken back, and hashes as the document does',
    (type) => {
      fc.assert(
        fc.property(told(type), (each) => {
          const bare = activityEvent(each)
          if (!bare) throw new Error('no event')
          const event = { ...bare, eventID: eventHash(bare, sha256) }
          const wrong = declaredWrong(event, '2026-11-23T00:00:00Z', [event.eventID])
          const never = declaredWrong(event, '2026-11-23T00:00:00Z', [])
          const document = epcisDocument([event, wrong, never], '2026-11-23T00:00:00Z')
          expect(validate(document), ajv.errorsText(validate.errors)).toBe(true)
          // The province's own door takes it too.
          expect(documentMistakes(document)).toEqual([])
          // Taken back it is still the same event.
          expect(eventHashes(document, sha256)).toEqual([event.eventID, event.eventID, event.eventID])
        }),
        { numRuns: 30 },
      )
    },
  )

  test.each(SILENT)('%s is the farm’s own business: there is none', (type) => {
    const [each] = fc.sample(told(type), { numRuns: 1, seed: 1 }) as [ActivityTold]
    expect(activityEvent(each)).toBeUndefined()
  })

  test('would be refused with a measurement that GS1 does not know', () => {
    const [each] = fc.sample(told('irrigated'), { numRuns: 1, seed: 1 }) as [ActivityTold]
    const event = activityEvent({ ...each, activity: { ...each.activity, details: { litres: 5 } } })
    const report = [{ sensorReport: [{ type: 'Litres', value: 5 }] }]
    expect(
      validate(epcisDocument([{ ...event, sensorElementList: report } as never], '2026-11-23T00:00:00Z')),
    ).toBe(false)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { checkDigit } from '#contract/trace/digital-link.ts'
import { linkOfEpcUrn } from '#contract/trace/epc-urn.ts'
import { urnOfLink } from '#contract/trace/epc-urn-of-link.ts'
import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { factsOf, timeOf } from '#contract/trace/epcis-facts.ts'
import { nameOf, patternsOf, uriOfName } from '#contract/trace/epcis-names.ts'
import { parseEventQuery } from '#contract/trace/epcis-query.ts'
import { nextTime, timesOf } from '#contract/trace/epcis-schedule.ts'
import { differenceInBaseUnit, inBaseUnit } from '#contract/trace/epcis-units.ts'
import { identifierMistake } from '#contract/trace/gs1-identifier.ts'

const comparison = fc.constantFrom(
  'EQ',
  'GT',
  'GE',
  'LT',
  'LE',
  'EXISTS',
  'MATCH',
  'WD',
  'HASATTR',
  'EQATTR',
  'EQ_ATTR',
)
const word = fc.constantFrom(
  'bizStep',
  'readPoint',
  'readPoint_cbvmda:site',
  'ex:a_cbvmda:site',
  'quantity',
  'quantity_KGM',
  'value_CEL',
  'anyEPCClass',
  'epc',
  'eventTime',
  'time',
  'ex:a',
  'ILMD_ex:a',
  'INNER_ex:a',
  'SENSORREPORT_ex:a',
  'bizTransaction_po',
  'errorDeclaration',
  '{urn:x}a',
  ':',
  '__proto__',
)
const name = fc.oneof(
  fc.tuple(comparison, word).map(([first, rest]) => `${first}_${rest}`),
  fc.constantFrom(
    'eventType',
    'orderBy',
    'orderDirection',
    'eventCountLimit',
    'maxEventCount',
    'constructor',
    'toString',
  ),
  fc.string({ maxLength: 20 }),
)
const value = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom(
    'shipping|packing',
    '2026-11-01T00:00:00Z',
    '10',
    '-1e400',
    'urn:epc:idpat:sgtin:*.*.*',
    'urn:epc:id:sgtin:1',
  ),
  fc.double(),
  fc.jsonValue({ maxDepth: 2 }),
)

describe('the parser of questions', () => {
  it('gives conditions or says what is wrong, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.dictionary(name, value, { maxKeys: 6 }),
        fc.constantFrom('url' as const, 'json' as const),
        (given, form) => {
          const named = Object.keys(given).filter((key) => key !== '@context')
          try {
            const { conditions } = parseEventQuery(given, form)
            const controls = ['orderBy', 'orderDirection', 'eventCountLimit', 'maxEventCount']
            expect(conditions.length).toBe(named.filter((key) => !controls.includes(key)).length)
            for (const condition of conditions)
              if ('values' in condition) expect(condition.values?.length).not.toBe(0)
          } catch (error) {
            expect(error).toBeInstanceOf(EpcisException)
            const { exception, message } = error as EpcisException
            expect(['QueryParameterException', 'QueryTooComplexException']).toContain(exception)
            if (exception === 'QueryParameterException')
              expect(named.some((key) => message.includes(key.slice(0, 100)))).toBe(true)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('reads a list in JSON and its values joined in a URL as the same', () => {
    const url = parseEventQuery(
      { EQ_bizStep: 'shipping|packing', GE_quantity_KGM: '5', eventCountLimit: '3' },
      'url',
    )
    const json = parseEventQuery(
      { EQ_bizStep: ['shipping', 'packing'], GE_quantity_KGM: 5, eventCountLimit: 3 },
      'json',
    )
    expect(url).toEqual(json)
    // In JSON a bar is a character like any other.
    expect(parseEventQuery({ EQ_stringValue: ['a|b'] }, 'json').conditions).toMatchObject([
      { values: ['a|b'] },
    ])
  })

  it('takes a plus that a URL made a space', () => {
    const [condition] = parseEventQuery({ GE_eventTime: '2026-11-01T07:00:00 07:00' }, 'url').conditions
    expect(condition).toEqual({ kind: 'event-time', comparison: 'GE', ms: Date.UTC(2026, 10, 1) })
  })

  it('has a bound on everything', () => {
    const many = Object.fromEntries(Array.from({ length: 41 }, (_, index) => [`EQ_ex:f${index}`, 'x']))
    expect(() => parseEventQuery(many, 'url')).toThrow('more than 40 parameters')
    expect(() => parseEventQuery({ EQ_type: 'x'.repeat(2001) }, 'url')).toThrow('more than 2000 characters')
  })
})

describe('facts of an event', () => {
  it('are made of any JSON without failing, and never of what has no time', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            'type',
            'epcList',
            'readPoint',
            'ilmd',
            'sensorElementList',
            'quantityList',
            'errorDeclaration',
            '@context',
            'ex:a',
            'bizTransactionList',
          ),
          fc.jsonValue(),
        ),
        (event) => {
          expect(factsOf(event, sha256)).toBeUndefined()
          const facts = factsOf({ ...event, eventTime: '2026-11-01T00:00:00Z' }, sha256)
          for (const [key, text] of facts?.words ?? [])
            expect(key.length + text.length).toBeLessThanOrEqual(400)
          for (const [, figure] of facts?.figures ?? []) expect(Number.isFinite(figure)).toBe(true)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('end where nesting is an attack', () => {
    let nested: unknown = 1
    for (let depth = 0; depth < 5000; depth++) nested = { 'ex:a': nested }
    const facts = factsOf({ eventTime: '2026-11-01T00:00:00Z', 'ex:a': nested }, sha256)
    expect(facts?.words.length).toBeLessThan(50)
  })

  it('read times as RFC 3339 writes them, and no other', () => {
    expect(timeOf('2026-11-01T07:00:00.1239+07:00')).toBe(Date.UTC(2026, 10, 1, 0, 0, 0, 123))
    for (const wrong of ['2026-11-01', '2026-11-01T07:00:00', '2026-13-01T00:00:00Z', '1', 5, null])
      expect(timeOf(wrong)).toBeUndefined()
  })
})

describe('names of things', () => {
  const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`))
  const serial = fc.stringMatching(/^[A-Za-z0-9!()*+,.:;=_-]{1,12}$/)
  const urn = fc.oneof(
    fc.tuple(digits(5), serial).map(([item, lot]) => `urn:epc:class:lgtin:9521234.0${item}.${lot}`),
    fc.tuple(digits(5), serial).map(([item, each]) => `urn:epc:id:sgtin:9521234.1${item}.${each}`),
    digits(9).map((rest) => `urn:epc:id:sscc:9521234.1${rest}`),
    fc.tuple(digits(5), serial).map(([place, part]) => `urn:epc:id:sgln:9521234.${place}.${part}`),
    fc.tuple(digits(5), serial).map(([type, each]) => `urn:epc:id:grai:9521234.${type}.${each}`),
    digits(10).map((rest) => `urn:epc:id:gsrn:9521234.${rest}`),
  )

  it('are one for a URN and its Digital Link, which turn into each other and have right check digits', () => {
    fc.assert(
      fc.property(urn, (each) => {
        const link = linkOfEpcUrn(each) as string
        expect(nameOf(link)).toBe(nameOf(each))
        expect(uriOfName(nameOf(each))).toBe(link)
        expect(urnOfLink(link, ['9521234'])).toBe(each)
        expect(urnOfLink(link, ['9521235'])).toBeUndefined()
        expect(identifierMistake(each)).toBeUndefined()
        expect(identifierMistake(link)).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })

  it('are found by a pattern exactly when they are of its class', () => {
    const isMatch = (uri: string, pattern: string, isOfClass = false) =>
      patternsOf(pattern, isOfClass).some((each) =>
        'name' in each
          ? each.name === nameOf(uri)
          : nameOf(uri) >= each.from && nameOf(uri) < each.before && nameOf(uri).includes(each.part),
      )
    const item = 'urn:epc:id:sgtin:9521234.156789.X1'
    expect(isMatch(item, 'urn:epc:idpat:sgtin:9521234.156789.*')).toBe(true)
    expect(isMatch(item, 'urn:epc:idpat:sgtin:9521234.256789.*')).toBe(false)
    expect(isMatch(item, 'urn:epc:idpat:sgtin:9521234.*.*')).toBe(true)
    expect(isMatch(item, 'urn:epc:idpat:sgtin:952123.*.*')).toBe(true)
    expect(isMatch('urn:epc:id:sgln:9521234.00000.7', 'urn:epc:idpat:sgln:9521234.00000.*')).toBe(true)
    expect(isMatch('urn:epc:id:sgln:9521234.00000.0', 'urn:epc:idpat:sgln:9521234.00000.*')).toBe(true)
    expect(isMatch('urn:epc:id:sgln:9521234.00001.0', 'urn:epc:idpat:sgln:9521234.00000.*')).toBe(false)
    expect(isMatch('urn:epc:id:grai:9521234.00000.7', 'urn:epc:idpat:grai:9521234.00000.*')).toBe(true)
    // A lot is no single item, and an item is no lot.
    expect(isMatch('urn:epc:class:lgtin:9521234.156789.L', 'urn:epc:idpat:sgtin:9521234.156789.*')).toBe(
      false,
    )
    expect(
      isMatch('urn:epc:idpat:sgtin:9521234.156789.*', 'urn:epc:idpat:sgtin:9521234.156789.*', true),
    ).toBe(true)
  })

  it('tell a wrong check digit, whatever the key', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(['01', 13], ['00', 17], ['414', 12], ['8018', 17]),
        digits(17),
        fc.integer({ min: 1, max: 9 }),
        ([ai, length], all, off) => {
          const key = all.slice(0, length as number)
          const link = (digit: number) => identifierMistake(`https://id.gs1.org/${ai}/${key}${digit}`)
          expect(link(checkDigit(key))).toBeUndefined()
          expect(link((checkDigit(key) + off) % 10)).toContain('check digit')
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('units', () => {
  it('make the same of the same, and keep apart what can not be compared', () => {
    expect(inBaseUnit(50, 'FAH')).toEqual(inBaseUnit(10, 'CEL'))
    expect(inBaseUnit(-40, 'FAH')).toEqual(inBaseUnit(-40, 'CEL'))
    expect(inBaseUnit(1, 'TNE')).toEqual(inBaseUnit(1e6, 'GRM'))
    expect(inBaseUnit(90, 'KMH')).toEqual(inBaseUnit(25, 'MTS'))
    expect(inBaseUnit(1, 'BAR')).toEqual(inBaseUnit(1000, 'HPA'))
    expect(inBaseUnit(50, 'P1')).toEqual(inBaseUnit(0.5, 'C62'))
    expect(differenceInBaseUnit(9, 'FAH')).toEqual(differenceInBaseUnit(5, 'CEL'))
    expect(inBaseUnit(5, 'QQQ')).toEqual({ value: 5, base: 'QQQ' })
    expect(inBaseUnit(5, 'KGM').base).not.toBe(inBaseUnit(5, 'LTR').base)
  })
})

describe('schedules', () => {
  const next = (schedule: Parameters<typeof timesOf>[0], from: string) =>
    new Date(nextTime(timesOf(schedule), Date.parse(from)) ?? Number.NaN).toISOString()

  it.each([
    [{ hour: '1', minute: '5' }, '2026-11-27T01:05:00Z', '2026-11-28T01:05:00.000Z'],
    [{ second: '0/30' }, '2026-11-27T10:00:00.500Z', '2026-11-27T10:00:30.000Z'],
    [{ minute: '[0-10],59' }, '2026-11-27T10:10:00Z', '2026-11-27T10:59:00.000Z'],
    [{ dayOfWeek: '7', hour: '6' }, '2026-11-27T10:00:00Z', '2026-11-29T06:00:00.000Z'],
    [{ dayOfMonth: '31' }, '2026-11-27T10:00:00Z', '2026-12-31T00:00:00.000Z'],
    [{ dayOfMonth: '29', month: '2' }, '2026-11-27T10:00:00Z', '2028-02-29T00:00:00.000Z'],
    [{ month: '12' }, '2026-12-31T23:59:59Z', '2027-12-01T00:00:00.000Z'],
  ])('%j after %s is %s', (schedule, from, to) => expect(next(schedule, from)).toBe(to))

  it.each([
    [{}, 'at least one'],
    [{ second: '60' }, 'second is "60"'],
    [{ minute: '5-1' }, 'minute is "5-1"'],
    [{ hour: '*/0' }, 'hour is'],
    [{ month: 'JAN' }, 'month is'],
    [{ minute: '1,'.repeat(200) }, 'minute is'],
  ])('%j is refused', (schedule, said) => expect(() => timesOf(schedule)).toThrow(said))
})

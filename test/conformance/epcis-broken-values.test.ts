import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { documentMistakes } from '#contract/trace/epcis-document.ts'
import { EpcisClient } from '../gateway/epcis-client.ts'
import { filesIn, jsonOf, vectors } from './vectors.ts'

/**
 * Documents that others published as right, with one value made wrong at a time: every value of the standard's own
 * fields, by everything that such a value can't be. What has a namespace is its author's, and may be anything.
 */
const NO_TEXT = [7, null, {}, [], true]
const NO_TIME = [
  ...['2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-11-31T00:00:00Z', '2026-11-00T00:00:00Z'],
  ...['2026-11-01T25:00:00Z', '2026-11-01T24:00:00Z', '2026-11-01T00:60:00Z', '2026-11-01T00:00:61Z'],
  ...['2026-11-01', 'yesterday', '', '2026-11-01T00:00:00', '2026-11-01 00:00:00Z', '2026-11-01T00:00:00Z '],
  ...['2026-11-01T00:00:00+07', '2026-11-01T00:00:00+0700', '2026-11-01T00:00:00+07:60'],
  ...['2026-11-01T00:00:00+15:00', '+12026-11-01T00:00:00Z', '2026-11-01T00:00:00.Z'],
  ...NO_TEXT,
]
const NO_OFFSET = ['+7:00', '07:00', '+0700', '+15:00', '+14:01', '+07:60', 'Z', '', '+07:00 ', ...NO_TEXT]
const NO_URI = [
  'no uri',
  '',
  'urn:',
  '://x',
  'http://a b/c',
  'urn:x:%zz',
  'shipping',
  'http://a/"',
  ...NO_TEXT,
]
/** Check digits, counts of digits, and schemes. */
const NO_IDENTIFIER = [
  ...[
    'https://id.gs1.org/01/09521234567890',
    'https://id.gs1.org/414/9521234000007',
    'https://id.gs1.org/01/123',
  ],
  ...['https://kho.example/01/09521234567890/21/1', 'https://id.gs1.org/00/095212340000000014'],
  ...['urn:epc:id:sgtin:9521234.1234.1', 'urn:epc:id:sscc:9521234.1', 'urn:epc:id:sgln:9521234.000.0'],
  ...['urn:epc:class:lgtin:9521234.056789', 'urn:epc:id:nosuch:1'],
  ...NO_URI,
]
const NO_WORD = ['', 'no such', 'SHIPPING', ' shipping', '__proto__', 'constructor', ...NO_TEXT]
const NO_NUMBER = ['1', '', null, {}, [], true]
const NO_LIST = ['x', 7, null, {}, true, [null], [[]], [7], ['x y']]
const NO_OBJECT = ['x', 7, null, [], true]

const TIMES = ['eventTime', 'recordTime', 'declarationTime', 'time', 'startTime', 'endTime', 'creationDate']
/** Fields whose value is any URI: a name of the event or document itself, or of something that is no thing of GS1's. */
const ANY_URI = [
  ...['eventID', 'correctiveEventIDs', 'certificationInfo', 'uriValue', 'coordinateReferenceSystem'],
  ...['microorganism', 'chemicalSubstance'],
]
const ANY_TEXT = ['stringValue', 'sender', 'receiver', 'instanceIdentifier']

function wrongFor(path: readonly (string | number)[], value: unknown): readonly unknown[] {
  const key = path.findLast((part) => typeof part === 'string') as string
  if (Array.isArray(value)) return key === 'certificationInfo' ? [7, null, {}, [7]] : NO_LIST
  if (value !== null && typeof value === 'object') return NO_OBJECT
  if (typeof value === 'number') return NO_NUMBER
  if (typeof value === 'boolean') return ['true', 0, null]
  if (TIMES.includes(key)) return NO_TIME
  if (key === 'eventTimeZoneOffset') return NO_OFFSET
  if (ANY_TEXT.includes(key)) return NO_TEXT
  const isUri = /^(urn:|https?:)/.test(String(value))
  if (!isUri) return NO_WORD
  // A list of certificates may be empty; a word of somebody's own may be the standard's as well.
  if (key === 'certificationInfo') return NO_URI.filter((wrong) => !Array.isArray(wrong))
  if (['bizStep', 'disposition', 'type'].includes(key)) return NO_URI.filter((wrong) => wrong !== 'shipping')
  return ANY_URI.includes(key) || path.length < 2 ? NO_URI : NO_IDENTIFIER
}

describe('a value that is made wrong', () => {
  const folder = vectors('epcis', 30)
  if (!folder) return
  const documents = ['valid-gs1', 'valid-openepcis', 'events-openepcis'].flatMap((set) =>
    ['.json', '.jsonld'].flatMap((ending) =>
      filesIn(join(folder, set), ending).map((name) => join(set, name)),
    ),
  )

  test.each(documents)('is found in %s, and nothing fails', (name) => {
    const document = jsonOf(join(folder, name))
    for (const { path, broken } of brokenOnes(document)) {
      const mistakes = documentMistakes(broken)
      const where = `${path} = ${JSON.stringify(valueAt(broken, path))}`
      expect(mistakes.length, where).toBeGreaterThan(0)
      // At the value itself, at what it stands in, or at what can't be in it any longer.
      const isNamed = mistakes.some((each) => path.startsWith(each.path) || each.path.startsWith(path))
      expect(isNamed || mistakes[0]?.path === 'type', `${where}: ${JSON.stringify(mistakes)}`).toBe(true)
      for (const { rule } of mistakes) expect(rule.length).toBeGreaterThan(5)
    }
  })

  test('is refused at the door with its reason, and never breaks the gateway', async () => {
    const client = await EpcisClient.open()
    const all = documents.flatMap((name) => [...brokenOnes(jsonOf(join(folder, name)))])
    const step = Math.ceil(all.length / 40)
    for (const { broken, path } of all.filter((_, index) => index % step === 0)) {
      const answer = await client.request('POST', '/capture', { body: broken })
      expect([202, 400], path).toContain(answer.statusCode)
      if (answer.statusCode === 400) {
        expect(answer.json().errors.length).toBeGreaterThan(0)
        continue
      }
      const job = await client.job(String(answer.headers.location))
      expect(job['success'], path).toBe(false)
      for (const error of job['errors'] as { type: string }[])
        expect(error.type, path).toBe('epcisException:ValidationException')
    }
    for (const type of ['constructor', '__proto__', 'toString']) {
      const event = { '@context': [], type, eventTime: '2026-11-01T00:00:00Z', eventTimeZoneOffset: '+00:00' }
      const answer = await client.request('POST', '/events', { body: event })
      expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining('type is not one of')])
    }
    expect(await client.find('')).toEqual([])
  })
})

/** The document with each value of the standard's fields made wrong; of a list the first element alone. */
function* brokenOnes(document: unknown): Generator<{ path: string; broken: unknown }> {
  for (const [path, value] of valuesIn(document, []))
    for (const wrong of wrongFor(path, value))
      yield { path: written(path), broken: withValue(document, path, wrong) }
}

type Path = readonly (string | number)[]

function* valuesIn(value: unknown, path: Path): Generator<[Path, unknown]> {
  if (path.length > 0) yield [path, value]
  if (Array.isArray(value)) {
    if (value.length > 0) yield* valuesIn(value[0], [...path, 0])
  } else if (value !== null && typeof value === 'object')
    for (const [key, each] of Object.entries(value))
      if (!key.includes(':') && key !== '@context' && key !== 'ilmd') yield* valuesIn(each, [...path, key])
}

function withValue(value: unknown, [key, ...rest]: Path, wrong: unknown): unknown {
  if (key === undefined) return wrong
  if (Array.isArray(value)) return value.with(key as number, withValue(value[key as number], rest, wrong))
  const holder = value as Record<string, unknown>
  return { ...holder, [key]: withValue(holder[key], rest, wrong) }
}

const written = (path: Path): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .slice(1)

const valueAt = (document: unknown, path: string): unknown =>
  path
    .split(/[.[\]]+/)
    .filter(Boolean)
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], document)

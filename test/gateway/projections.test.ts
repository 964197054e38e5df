import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compression } from '#contract/ground/node/compression.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { harvestEvent } from '#contract/trace/epcis.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import { signEvent } from '#contract/trace/signed-event.ts'
import { type SealedBatch, sealBatch } from '#contract/wire/batch.ts'
import { decodeSegments, encodeSegments, MAX_SCALED } from '#contract/wire/columns-codec.ts'
import { marksOf } from '../../gateway/log/log.ts'
import { ProvinceStore } from './province-store.ts'
import { BOOT, DAY, minutes, SignedBox, seriesEntry } from './signed-box.ts'

const LOT = newLotNumber({ boxCode: 'B0X1', yymmdd: '261123', counter: 0 })
const GTIN = '09521234567899'

async function enrolled(number = 1): Promise<{ gateway: ProvinceStore; box: SignedBox }> {
  const gateway = await ProvinceStore.open()
  const box = new SignedBox(number)
  await gateway.enrol(box)
  return { gateway, box }
}

const harvest = (box: SignedBox, by: SignedBox = box) =>
  signEvent(
    {
      agent: box.agent,
      key: box.keyId,
      epoch: box.epoch,
      eventNo: 1,
      prev: '',
      capturedAt: '2026-11-23T00:00:00.000Z',
      clock: 'synchronised',
      event: harvestEvent({
        gtin: GTIN,
        lot: LOT,
        massKg: 120,
        harvestedAt: DAY,
        harvestedOn: '2026-11-23',
        zoneOffset: '+07:00',
        isFirstPick: true,
      }),
    },
    by.key,
    sha256,
  )

const alarm = (state: 'raised' | 'cleared', t: number) => ({
  kind: 'alarm',
  t,
  alarmId: 'a1',
  state,
  severity: 'warning',
  rule: 'below',
  name: 'dry',
  device: 'probe 1',
  quantity: 'soil-moisture',
  facts: { value: state === 'raised' ? 12 : 31 },
})

const lotEntry = (activityId: string, massKg: number) => ({
  kind: 'lot',
  gtin: GTIN,
  lot: LOT,
  activityId,
  crop: 'dragon-fruit',
  plot: 'A',
  harvestedAt: DAY,
  massKg,
})

/** Two days of a farm: series, readings of two boots, an alarm, a lot with its event, a clock set twice. */
function twoDays(box: SignedBox): SealedBatch[] {
  const { signed, signature } = harvest(box)
  return [
    box.records(seriesEntry(1), seriesEntry(2, { quantity: 'air-temperature', unit: 'Cel' })),
    box.readings([...minutes(1, 90), ...minutes(2, 90)]),
    box.records(alarm('raised', DAY + 1000), { kind: 'activity', ...ACTIVITY }),
    box.readings([...minutes(1, 90, DAY + 5_400_000), ...minutes(3, 5)], { boot: '00000000000000b2' }),
    // The same second as the last reading of the first batch: a tie for "newest".
    box.readings([{ seriesNo: 2, t: DAY + 89 * 60_000, scaled: 777, quality: 1 }]),
    box.records(seriesEntry(3), lotEntry('h1', 120), { kind: 'event', signed, signature }),
    box.records(alarm('cleared', DAY + 2000), { kind: 'from-the-future', wings: 2 }),
    box.records({ kind: 'clock', ofBoot: BOOT, offsetMs: 4000, plusMinusMs: 50, source: 'ntp' }),
    box.records({ kind: 'clock', ofBoot: BOOT, offsetMs: 7000, plusMinusMs: 50, source: 'ntp' }),
    box.records({ kind: 'plot', plot: 'A', name: 'Lô A', crop: 'mango', areaHa: 1 }),
    box.records({
      kind: 'plot',
      t: DAY + 9000,
      plot: 'A',
      name: 'Lô A mới',
      crop: 'dragon-fruit',
      areaHa: 1.2,
    }),
    box.readings(minutes(1, 30, DAY + 90_000_000)),
  ]
}

const ACTIVITY = { activityId: 'h1', type: 'harvested', plot: 'A', at: DAY, person: 'p1', details: {} }

describe('projections', () => {
  it('are the same from the live stream and from a rebuild', async () => {
    const { gateway, box } = await enrolled()
    for (const batch of twoDays(box)) await gateway.take(batch)
    const live = await gateway.projections()
    expect(live['chunk']).toHaveLength(4)
    await gateway.rebuild()
    expect(await gateway.projections()).toEqual(live)
  })

  it('do not depend on the order of arrival, nor on what is sent twice', async () => {
    const straight = await enrolled()
    for (const batch of twoDays(straight.box)) await straight.gateway.take(batch)
    const expected = await straight.gateway.projections()
    const batches = twoDays(new SignedBox())
    const numbers = batches.map((_, index) => index)
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(numbers, { minLength: numbers.length }),
        fc.shuffledSubarray(numbers),
        async (order, again) => {
          const { gateway } = await enrolled()
          for (const number of [...order, ...again]) await gateway.take(batches[number]!)
          expect(await gateway.projections()).toEqual(expected)
        },
      ),
      { numRuns: 12 },
    )
  })

  // Two boxes, so that one of them sorts before the province whatever the ids are.
  it.each([1, 2, 3, 4])(
    'rebuild alike when everything came within one millisecond (box %i)',
    async (number) => {
      const { gateway, box } = await enrolled(number)
      for (const batch of twoDays(box)) await gateway.take(batch)
      const live = await gateway.projections()
      expect(live['event']?.[0]).toContain('"is_signature_valid":1')
      await gateway.rebuild()
      expect(await gateway.projections()).toEqual(live)
    },
  )

  it('rebuild alike when the clock of the gateway was set back after the enrolment', async () => {
    const gateway = await ProvinceStore.open()
    const box = new SignedBox()
    gateway.wallMs = DAY + 3_600_000
    await gateway.enrol(box)
    gateway.wallMs = DAY
    for (const batch of twoDays(box)) await gateway.take(batch)
    const live = await gateway.projections()
    await gateway.rebuild()
    expect(await gateway.projections()).toEqual(live)
  })

  it('rebuild past a batch whose body nobody can inflate', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    const nonsense = { deflate: () => new Uint8Array([0xff, 0xff, 0xff]), inflate: compression.inflate }
    const header = {
      agent: box.agent,
      key: box.keyId,
      epoch: box.epoch,
      lane: 'finding' as const,
      from: 1,
      to: 1,
      prev: null,
      form: 'form-9',
    }
    const batch = sealBatch(header, new Uint8Array(10), { key: box.key, sha256, compression: nonsense })
    await gateway.keep(batch)
    const { batches } = await gateway.rebuild()
    expect(batches).toBe(3)
  })
})

describe('a suspended box', () => {
  it('is suspended after a rebuild too, and no longer once it is enrolled again', async () => {
    const { gateway, box } = await enrolled()
    const suspended = () => gateway.rows('SELECT suspended_at IS NOT NULL AS is_suspended FROM enrolment')
    await gateway.decide({ kind: 'suspension', agent: box.agent, reason: 'equivocation' })
    expect(await suspended()).toEqual([{ is_suspended: 1 }])
    await gateway.rebuild()
    expect(await suspended()).toEqual([{ is_suspended: 1 }])
    // In the same millisecond: order is the order of the chain, not of the wall clock.
    await gateway.enrol(box)
    expect(await suspended()).toEqual([{ is_suspended: 0 }])
  })
})

describe('a lot', () => {
  it('finds its event, whose signature held', async () => {
    const { gateway, box } = await enrolled()
    const { signed, signature } = harvest(box)
    await gateway.take(box.records(lotEntry('h1', 120), { kind: 'event', signed, signature }))
    expect(await gateway.rows('SELECT gtin, lot, is_signature_valid FROM event')).toEqual([
      { gtin: GTIN, lot: LOT, is_signature_valid: 1 },
    ])
  })

  it.each([
    ['another key signed', (box: SignedBox) => harvest(box, new SignedBox(9))],
    ['another farm stated and signed', () => harvest(new SignedBox(9))],
    [
      'somebody changed',
      (box: SignedBox) => {
        const { signed, signature } = harvest(box)
        return { signed, signature: signature.with(5, signature[5]! ^ 1) }
      },
    ],
  ])('shows no valid signature on an event that %s', async (_, make) => {
    const { gateway, box } = await enrolled()
    const { signed, signature } = make(box)
    await gateway.take(box.records({ kind: 'event', signed, signature }))
    expect(await gateway.rows('SELECT is_signature_valid FROM event')).toEqual([{ is_signature_valid: 0 }])
  })
})

describe('readings', () => {
  it('of an unknown series wait for it and then are all there', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.readings([...minutes(1, 30), ...minutes(2, 30)]))
    expect(await gateway.rows('SELECT * FROM rollup')).toEqual([])
    await gateway.take(box.records(seriesEntry(1)))
    expect(await gateway.rows(`SELECT uuid, count FROM rollup WHERE span = 'h'`)).toEqual([
      { uuid: seriesEntry(1).uuid, count: 30 },
    ])
    expect(await gateway.rows('SELECT no FROM deferred')).toEqual([{ no: 2 }])
  })

  it('of two segments of one boot in one batch are all kept', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    const segments = [0, 1].map((hour) => ({
      boot: BOOT,
      clock: 'synchronised' as const,
      readings: minutes(1, 10, DAY + hour * 3_600_000),
    }))
    await gateway.take(
      box.seal(
        'reading',
        encodeSegments(segments, () => 1000),
        20,
      ),
    )
    const [kept] = await gateway.rows<{ count: number }>('SELECT sum(count) AS count FROM chunk')
    const [rolled] = await gateway.rows<{ count: number }>(
      `SELECT sum(count) AS count FROM rollup WHERE span = 'h'`,
    )
    expect([kept?.count, rolled?.count]).toEqual([20, 20])
  })

  it('of one hour in several segments of one batch are summed once each, and the last of them is the newest', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    const at = (scaled: number, boot = BOOT) => ({
      boot,
      clock: 'synchronised' as const,
      readings: [{ seriesNo: 1, t: DAY + 5000, scaled, quality: 0 }],
    })
    const segments = [at(100), at(300), at(200, '00000000000000b2')]
    await gateway.take(
      box.seal(
        'reading',
        encodeSegments(segments, () => 1000),
        3,
      ),
    )
    expect(await gateway.rows(`SELECT count, sum, min, max FROM rollup WHERE span = 'h'`)).toEqual([
      { count: 3, sum: 600, min: 100, max: 300 },
    ])
    const live = await gateway.projections()
    expect(live['latest']).toHaveLength(1)
    await gateway.rebuild()
    expect(await gateway.projections()).toEqual(live)
  })

  it('under two numbers of one series are all kept', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1), { ...seriesEntry(2), uuid: seriesEntry(1).uuid }))
    await gateway.take(box.readings([...minutes(1, 5), ...minutes(2, 5, DAY + 3_600_000)]))
    expect(await gateway.rows('SELECT count FROM chunk')).toEqual([{ count: 10 }])
    expect(await gateway.rows(`SELECT count FROM rollup WHERE span = 'd'`)).toEqual([{ count: 10 }])
  })

  it('cut into thousands of pieces wait in the log instead of keeping everybody else waiting', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    const pieces = Array.from({ length: 5000 }, (_, index) => ({
      boot: BOOT,
      clock: 'synchronised' as const,
      readings: minutes(1, 1, DAY + index * 1000),
    }))
    const batch = box.seal(
      'reading',
      encodeSegments(pieces, () => 1000),
      5000,
    )
    expect(await gateway.take(batch)).toBe('stored')
    expect(await gateway.rows('SELECT lane FROM unread_batch')).toEqual([{ lane: 'reading' }])
    expect(await gateway.take(box.readings(minutes(1, 5)))).toBe('stored')
    expect(await gateway.rows('SELECT count FROM chunk')).toEqual([{ count: 5 }])
  })

  it('of a date in 1970 or 2120 are kept and reach no chart', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    const strange = [0, Date.UTC(2120, 0, 1), -1000].flatMap((t) => minutes(1, 2, t))
    await gateway.take(box.readings([...minutes(1, 2), ...strange]))
    expect(await gateway.rows('SELECT sum(count) AS count FROM chunk')).toEqual([{ count: 8 }])
    expect(await gateway.rows(`SELECT t, count FROM rollup WHERE span = 'h'`)).toEqual([{ t: DAY, count: 2 }])
    expect(await gateway.rows('SELECT t FROM latest')).toEqual([{ t: DAY + 60_000 }])
  })

  it('as large as the wire can carry are stored, not refused for ever', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1)))
    const huge = minutes(1, 60).map((reading) => ({ ...reading, scaled: MAX_SCALED }))
    for (let index = 0; index < 40; index++) expect(await gateway.take(box.readings(huge))).toBe('stored')
  })

  it('can be read back from their chunks whatever time step the series declared', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(box.records(seriesEntry(1, { timeStepMs: 10_000_000_000 })))
    await gateway.take(box.readings(minutes(1, 10)))
    const chunks = await gateway.rows<{ data: Uint8Array }>('SELECT data FROM chunk')
    const times = chunks.flatMap(({ data }) =>
      decodeSegments(new Uint8Array(data)).flatMap(({ readings }) => readings.map(({ t }) => t)),
    )
    expect(times).toEqual(minutes(1, 10).map(({ t }) => t))
  })
})

describe('entries that a broken or hostile box signed', () => {
  const wrong: unknown[] = [
    undefined,
    null,
    true,
    [],
    { a: 1 },
    new Uint8Array(3),
    2n ** 62n,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    'x'.repeat(400),
    '',
  ]
  const { signed, signature } = harvest(new SignedBox())
  const right: Record<string, unknown>[] = [
    { ...seriesEntry(1), continues: 'x' },
    alarm('raised', DAY),
    { kind: 'clock', ofBoot: BOOT, offsetMs: 1, plusMinusMs: 1, source: 'ntp' },
    { kind: 'loss', lane: 'reading', from: 1, to: 2, count: 2, reason: 'quota' },
    { kind: 'activity', ...ACTIVITY },
    { ...lotEntry('h1', 1), growingArea: { gln: '9521234567891', code: 'A' } },
    { kind: 'plot', plot: 'A', name: 'A', crop: 'mango', areaHa: 1 },
    { kind: 'event', signed, signature },
    { kind: 'farm', farmId: 'f1', name: 'Mine now', commune: 'x', province: 'x' },
    { kind: 'enrolment', agent: 'x', publicKey: new Uint8Array(32), boxCode: 'XXXX', farmId: 'f1' },
    { kind: 'suspension', agent: 'x', reason: 'x' },
  ]

  it.each(right.map((entry) => [entry['kind'], entry] as const))(
    'a %s with any one field wrong is stored, and the next good batch is accepted',
    async (_, entry) => {
      const { gateway, box } = await enrolled()
      const fields = Object.keys(entry).filter((field) => field !== 'kind' && field !== 't')
      const bent = fields.flatMap((field) => wrong.map((value) => ({ ...entry, [field]: value })))
      if ('growingArea' in entry)
        bent.push(...wrong.map((gln) => ({ ...entry, growingArea: { gln, code: gln } })))
      for (const each of bent) {
        const field = Object.keys(each).find((key) => (each as Record<string, unknown>)[key] !== entry[key])
        const shown = `${field} = ${String((each as Record<string, unknown>)[field ?? ''])}`
        const clean = Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined))
        const answer = await gateway
          .take(box.records(clean as { kind: string }))
          .catch((error: Error) => error.message)
        expect(answer, shown).toBe('stored')
      }
      expect(await gateway.take(box.records(entry as { kind: string }))).toBe('stored')
      const { record } = await marksOf(gateway.store.db, box.agent, box.epoch)
      expect(record).toMatchObject({ durableThrough: bent.length + 1, missing: [] })
    },
  )

  it('decide nothing about farms and enrolments', async () => {
    const { gateway, box } = await enrolled()
    await gateway.take(
      box.records(...(right.slice(-3) as { kind: string }[]), {
        kind: 'allocation',
        farmId: 'f1',
        gtin: GTIN,
        crop: 'durian',
        productVi: 'x',
        productEn: 'x',
      }),
    )
    expect(await gateway.rows('SELECT name FROM farm')).toEqual([{ name: 'Vườn Tám' }])
    expect(await gateway.rows('SELECT agent, suspended_at FROM enrolment')).toEqual([
      { agent: box.agent, suspended_at: null },
    ])
    expect(await gateway.rows('SELECT * FROM allocation')).toEqual([])
    expect(await gateway.rows('SELECT kind FROM unknown_entry')).toHaveLength(4)
  })

  it('an event whose lot breaks percent-encoding is stored', async () => {
    const { gateway, box } = await enrolled()
    const { signed: text } = harvest(box)
    const bent = new TextEncoder().encode(new TextDecoder().decode(text).replace(LOT, '%zz'))
    expect(await gateway.take(box.records({ kind: 'event', signed: bent, signature }))).toBe('stored')
  })
})

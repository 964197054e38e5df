import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayAfter } from '../../../agent/farm-book/calendar.ts'
import { eventsIn, GTIN, openBook, TODAY } from './book-room.ts'

describe('a harvest inside an interval', () => {
  test('is refused with what keeps it closed and until when', async () => {
    const { journal, spray, harvest } = await openBook()
    await spray('2026-11-20')
    await expect(harvest(100)).rejects.toMatchObject({
      field: 'why',
      reason: 'inside-interval',
      facts: { products: 'Antracol 70WP', until: '2026-11-27' },
    })
    expect(await journal.records('lot', { limit: 1 })).toEqual([])
  })

  test('is recorded with the reason, and shown as such', async () => {
    const { book, journal, spray, harvest } = await openBook()
    await spray('2026-11-20')
    const lot = await harvest(100, { why: 'Mưa lớn, phải hái sớm' })
    expect((await book.activities())[0]?.activity).toMatchObject({
      why: 'Mưa lớn, phải hái sớm',
      details: { lot: lot.lot, phiVerdict: 'inside', phiUntil: '2026-11-27' },
    })
    expect((await eventsIn(journal)).at(-1)).toMatchObject({
      'vuon:phiVerdict': 'inside',
      'vuon:phiUntil': '2026-11-27',
      'vuon:why': 'Mưa lớn, phải hái sớm',
    })
  })

  test('keeps its reason when its mass is corrected', async () => {
    const { book, spray, harvest } = await openBook()
    await spray('2026-11-20')
    await harvest(100, { why: 'Mưa lớn' })
    const id = (await book.activities())[0]?.activity.activityId ?? ''
    const again = { type: 'harvested' as const, plot: 'lo-a', day: TODAY, person: 'p1', why: 'Cân lại' }
    await book.correct(id, { ...again, details: { massKg: 90, gtin: GTIN } })
    expect((await book.activities())[0]?.activity.why).toBe('Cân lại; Mưa lớn')
  })

  test('is one whatever the person types about it: the verdict is computed', async () => {
    const { book, spray } = await openBook()
    await spray('2026-11-20')
    const details = { massKg: 10, gtin: GTIN, phiVerdict: 'clear', phiUntil: '2020-01-01' }
    await book.recordActivity({
      ...{ type: 'harvested', plot: 'lo-a', day: TODAY, person: 'p1', details, why: 'mẫu kiểm' },
    })
    expect((await book.activities())[0]?.activity.details).toMatchObject({
      ...{ phiVerdict: 'inside', phiUntil: '2026-11-27' },
    })
  })

  test('opens on the day itself, whatever was sprayed when; other plots do not wait', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ back: fc.integer({ min: 0, max: 60 }), phi: fc.integer({ min: 0, max: 60 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        async (sprays) => {
          const { book, spray } = await openBook()
          for (const { back, phi } of sprays) await spray(dayAfter(TODAY, -back), { phiDays: phi })
          const opens = sprays
            .map(({ back, phi }) => dayAfter(TODAY, phi - back))
            .sort()
            .at(-1) as string
          const answer = await book.preHarvest('lo-a', TODAY)
          expect(answer).toMatchObject({ allowedFrom: opens, verdict: opens > TODAY ? 'inside' : 'clear' })
          expect(await book.preHarvest('lo-b', TODAY)).toMatchObject({ verdict: 'unlogged' })
        },
      ),
      { numRuns: 12 },
    )
  })

  test('is free again when the spray was corrected to what is true, and closed when one is added', async () => {
    const { book, spray, harvest } = await openBook()
    const { activityId } = await spray('2026-11-20')
    const why = 'Ghi nhầm ngày'
    const { activity } = (await book.activities())[0] ?? { activity: undefined }
    await book.correct(activityId, {
      ...{ type: 'sprayed', plot: 'lo-a', day: '2026-11-10', person: 'p1', why },
      details: activity?.details ?? {},
    })
    const lot = await harvest(10)
    expect(lot.massKg).toBe(10)
    await spray('2026-11-22')
    expect(await book.preHarvest('lo-a', TODAY)).toMatchObject({
      verdict: 'inside',
      allowedFrom: '2026-11-29',
    })
  })

  test('counts a fertiliser that states an interval, and not one without', async () => {
    const { book, harvest } = await openBook()
    const manure = { product: 'Phân gà', amount: 200, amountUnit: 'kg', areaHa: 0.8 }
    const input = { type: 'fertilised' as const, plot: 'lo-a', day: '2026-11-20', person: 'p1' }
    await book.recordActivity({ ...input, details: manure })
    expect((await harvest(5)).massKg).toBe(5)
    expect((await book.activities())[0]?.activity.details['phiVerdict']).toBe('unlogged')
    await book.recordActivity({ ...input, details: { ...manure, phiDays: 30 } })
    await expect(harvest(5)).rejects.toMatchObject({ reason: 'inside-interval' })
  })
})

describe('picks of one day', () => {
  test('go into the lot that a person names: one lot, the sum of them, a second event of another kind', async () => {
    const { book, journal, harvest } = await openBook()
    const first = await harvest(100)
    const second = await harvest(20.5, { intoLot: first.lot })
    expect(second).toMatchObject({ lot: first.lot, massKg: 120.5 })
    expect(await book.lots()).toHaveLength(1)
    const steps = (await eventsIn(journal)).map(({ bizStep }) => bizStep)
    expect(steps).toEqual(['commissioning', 'creating_class_instance'])
  })

  test.each<[string, object]>([
    ['of another plot', { plot: 'lo-b' }],
    ['of another day', { harvestedOn: '2026-11-22' }],
    ['of a lot that is not there', { intoLot: 'B0X1261123ZZZ' }],
  ])('%s do not', async (_, wrong) => {
    const { harvest } = await openBook()
    const { lot } = await harvest(100)
    await expect(harvest(20, { intoLot: lot, ...wrong })).rejects.toMatchObject({ field: 'intoLot' })
  })

  test('are added up as they stand after one was corrected and one withdrawn', async () => {
    const { book, harvest } = await openBook()
    const { lot } = await harvest(100)
    const [first] = await book.activities()
    await harvest(20, { intoLot: lot })
    const [second] = await book.activities()
    const again = { type: 'harvested' as const, plot: 'lo-a', day: TODAY, person: 'p1', why: 'Cân lại' }
    await book.correct(first?.activity.activityId ?? '', { ...again, details: { massKg: 90, gtin: GTIN } })
    expect(await book.lot(lot)).toMatchObject({ massKg: 110 })
    await book.withdraw(second?.activity.activityId ?? '', { person: 'p1', why: 'Ghi hai lần' })
    expect(await book.lot(lot)).toMatchObject({ massKg: 90, lot })
  })
})

describe('a harvest’s event', () => {
  test('says what the fruit grew in, and asks for its last thirty days', async () => {
    const asked: unknown[] = []
    const { journal, harvest, clock } = await openBook({
      conditions: async (...question) => {
        asked.push(question)
        const [, fromMs, toMs] = question
        const one = {
          series: '5b0d7a7e-7a5e-4e57-8f1e-0d1c2b3a4f5e',
          fromMs,
          toMs,
          min: 21.53,
          mean: 27.449,
          max: 36,
        }
        return [
          { ...one, quantity: 'air-temperature' },
          { ...one, quantity: 'battery' },
        ]
      },
    })
    await harvest(10)
    expect(asked).toEqual([['lo-a', clock.ms - 30 * 86_400_000, clock.ms]])
    const [event] = await eventsIn(journal)
    expect(event?.['sensorElementList']).toEqual([
      {
        sensorMetadata: {
          startTime: '2026-10-24T06:30:00.000+07:00',
          endTime: '2026-11-23T06:30:00.000+07:00',
          deviceID: 'urn:uuid:5b0d7a7e-7a5e-4e57-8f1e-0d1c2b3a4f5e',
          dataProcessingMethod: 'urn:vuon:method:min-mean-max',
        },
        sensorReport: [
          {
            ...{ type: 'Temperature', minValue: 21.53, meanValue: 27.45, maxValue: 36, uom: 'CEL' },
            'vuon:quantity': 'air-temperature',
          },
        ],
      },
    ])
  })
})

import { describe, expect, test } from 'vitest'
import type { ActivityType } from '#contract/wire/farm-book.ts'
import { eventsIn, GTIN, openBook, SPRAY, TODAY } from './book-room.ts'

const entry = (type: ActivityType, details: Record<string, string | number>, plot = 'lo-a') => ({
  ...{ type, plot, day: TODAY, person: 'p1', details },
})

describe('an activity', () => {
  test('is an entry and a signed event that says what was applied, and never who', async () => {
    const { book, journal, spray } = await openBook()
    const { activityId } = await spray('2026-11-20')
    const [kept] = await book.activities()
    expect(kept).toMatchObject({
      isStanding: true,
      activity: { activityId, type: 'sprayed', plot: 'lo-a', person: 'p1', details: SPRAY },
    })
    const [event] = await eventsIn(journal)
    expect(event).toMatchObject({
      type: 'ObjectEvent',
      action: 'OBSERVE',
      eventTime: '2026-11-20T12:00:00.000+07:00',
      readPoint: { id: 'https://id.gs1.org/414/9521234500018/254/VN-LDOR-0042' },
      'vuon:activityId': activityId,
      'vuon:product': SPRAY.product,
      'vuon:registrationNo': SPRAY.registrationNo,
      'vuon:dose': 2.5,
      'vuon:doseUnit': 'g/l',
      'vuon:reason': 'Thán thư',
      'vuon:phiUntil': '2026-11-27',
    })
    expect(JSON.stringify(event)).not.toContain('p1')
  })

  test.each<[string, string, Record<string, unknown>]>([
    ['without a dose', 'dose', { dose: undefined }],
    ['without an interval', 'phiDays', { phiDays: undefined }],
    ['without a registration number', 'registrationNo', { registrationNo: '  ' }],
    ['with a dose of nothing', 'dose', { dose: 0 }],
    ['with a dose that is a word', 'dose', { dose: 'nhiều' }],
    ['with a unit that nobody knows', 'doseUnit', { doseUnit: 'thìa' }],
    ['on more land than the plot has', 'areaHa', { areaHa: 8 }],
    ['with an interval of half a day', 'phiDays', { phiDays: 6.5 }],
    ['with an interval of two years', 'phiDays', { phiDays: 730 }],
    ['with a product that is not in the list', 'productId', { productId: 'nope' }],
    ['with a reason as long as a letter', 'reason', { reason: 'x'.repeat(301) }],
    ['with a detail that has no name', '1; DROP', { '1; DROP': 1 }],
  ])('of spraying %s is refused at its field, and nothing is written', async (_, field, wrong) => {
    const { book, journal, spray } = await openBook()
    const details = Object.fromEntries(
      Object.entries({ ...SPRAY, ...wrong }).filter(([, v]) => v !== undefined),
    )
    const refused = book.recordActivity(entry('sprayed', details as Record<string, string | number>))
    await expect(refused).rejects.toMatchObject({ code: 'input-invalid', field })
    expect(await journal.records('activity', { limit: 5 })).toEqual([])
    await expect(spray(TODAY)).resolves.toBeDefined()
  })

  test.each<[string, string, object]>([
    ['at a plot that is not there', 'plot', { plot: 'lo-z' }],
    ['at no plot', 'plot', { plot: '' }],
    ['tomorrow', 'day', { day: '2026-11-24' }],
    ['two years ago', 'day', { day: '2024-11-23' }],
    ['on a day that no month has', 'day', { day: '2026-02-30' }],
    ['at an hour that no day has', 'time', { time: '25:00' }],
    ['later today', 'time', { time: '07:00' }],
    ['with a photo that the box does not have', 'photos', { photos: ['a'.repeat(64)] }],
    ['with nine photos', 'photos', { photos: Array.from({ length: 9 }, (_, at) => String(at).repeat(64)) }],
    ['with lots', 'inputs', { inputs: [{ gtin: GTIN, lot: 'X', massKg: 1 }] }],
  ])('%s is refused at its field', async (_, field, wrong) => {
    const { book } = await openBook()
    const refused = book.recordActivity({ ...entry('irrigated', { litres: 500, source: 'well' }), ...wrong })
    await expect(refused).rejects.toMatchObject({ code: 'input-invalid', field })
  })

  test.each<[string, Record<string, string>]>([
    ['lot', { gtin: '09521234543213', lot: 'lô một' }],
    ['gtin', { gtin: '09521234543214', lot: 'A1' }],
    ['result', { result: 'ngon' }],
    ['reportNo', { reportNo: '' }],
  ])('of a laboratory test is refused at %s when it says %j', async (field, wrong) => {
    const { book } = await openBook()
    const report = { what: 'residue', lab: 'Trung tâm 3', reportNo: 'KT3-12', result: 'pass' }
    await expect(book.recordActivity(entry('tested', { ...report, ...wrong }, ''))).rejects.toMatchObject({
      field,
    })
    await expect(book.recordActivity(entry('tested', report, ''))).resolves.toBeDefined()
  })

  test('that says too little for the rules is kept where nothing hangs on it', async () => {
    const { book, journal } = await openBook()
    await book.recordActivity({ ...entry('irrigated', { litres: 800 }), time: '05:15' })
    expect((await book.activities())[0]?.activity).toMatchObject({
      at: Date.parse('2026-11-23T05:15:00+07:00'),
      details: { litres: 800 },
    })
    expect((await eventsIn(journal))[0]).toMatchObject({
      bizStep: 'sensor_reporting',
      sensorElementList: [{ sensorReport: [{ type: 'Volume', value: 800, uom: 'LTR' }] }],
    })
  })

  test('keeps a detail that no list names, composed and on one line', async () => {
    const { book } = await openBook()
    await book.recordActivity(entry('pruned', { what: 'Tỉa cành\nvô hiệu'.normalize('NFD'), cuttingsKg: 40 }))
    expect((await book.activities())[0]?.activity.details).toEqual({
      what: 'Tỉa cành vô hiệu',
      cuttingsKg: 40,
    })
  })

  test('of one day twice with the same words is two events', async () => {
    const { journal, spray } = await openBook()
    await spray('2026-11-20')
    await spray('2026-11-20')
    expect(new Set((await eventsIn(journal)).map(({ eventID }) => eventID)).size).toBe(2)
  })

  test('of a person who confirmed a finding names the model that saw it first', async () => {
    const { book, journal } = await openBook({
      findingModel: async (id) =>
        id === 'f1' ? { model: { id: 'canker', version: '2.1' } } : id === 'f2' ? { model: null } : undefined,
    })
    const seen = { what: 'Đốm nâu', severityPct: 12, organism: '338095', findingId: 'f1' }
    await book.recordActivity(entry('scouted', seen))
    await book.recordActivity(entry('scouted', { ...seen, findingId: 'f2' }))
    await expect(book.recordActivity(entry('scouted', { ...seen, findingId: 'f3' }))).rejects.toMatchObject({
      field: 'findingId',
    })
    const reports = (await eventsIn(journal)).map(
      (event) => (event['sensorElementList'] as [{ sensorReport: [object] }])[0].sensorReport[0],
    )
    expect(reports[0]).toMatchObject({
      microorganism: 'https://www.ncbi.nlm.nih.gov/taxonomy/338095',
      percValue: 12,
      dataProcessingMethod: 'urn:vuon:model:canker:2.1',
    })
    expect(reports[1]).toMatchObject({ dataProcessingMethod: 'urn:vuon:method:scouting' })
  })

  test('is refused while the box is not claimed, and while nobody knows the date', async () => {
    const unclaimed = await openBook({ identity: null })
    await expect(unclaimed.spray(TODAY)).rejects.toMatchObject({ code: 'not-claimed' })
    const lost = await openBook({ quality: 'unknown' })
    await expect(lost.spray(TODAY)).rejects.toMatchObject({ code: 'clock-unknown' })
    const input = { ...entry('sprayed', SPRAY), isDateConfirmed: true }
    await expect(lost.book.recordActivity(input)).resolves.toBeDefined()
  })
})

describe('a correction', () => {
  test('is another entry: the old one is seen, replaced, and its event is taken back with what stands instead', async () => {
    const { book, journal, spray } = await openBook()
    const { activityId } = await spray('2026-11-20')
    const corrected = await book.correct(activityId, {
      ...entry('sprayed', { ...SPRAY, dose: 1.5 }),
      ...{ day: '2026-11-19', why: 'Ghi nhầm liều' },
    })
    const [now, before] = await book.activities()
    expect(now).toMatchObject({ isStanding: true, activity: { corrects: activityId, why: 'Ghi nhầm liều' } })
    expect(before).toMatchObject({ isStanding: false, replacedBy: { activityId: corrected.activityId } })
    const [first, second, takenBack] = await eventsIn(journal)
    expect(second).toMatchObject({ 'vuon:dose': 1.5, 'vuon:phiUntil': '2026-11-26' })
    expect(takenBack).toEqual({
      ...first,
      errorDeclaration: {
        declarationTime: expect.any(String),
        reason: 'incorrect_data',
        correctiveEventIDs: [second?.eventID],
      },
    })
  })

  test('goes to what stands: not to what was replaced, withdrawn, or never there; and says why', async () => {
    const { book, spray } = await openBook()
    const { activityId } = await spray('2026-11-20')
    const again = { ...entry('sprayed', SPRAY), why: 'nhầm' }
    await expect(book.correct('nope', again)).rejects.toMatchObject({ reason: 'unknown-activity' })
    await expect(book.correct(activityId, { ...again, why: ' ' })).rejects.toMatchObject({ field: 'why' })
    await expect(book.correct(activityId, { ...entry('pruned', {}), why: 'nhầm' })).rejects.toMatchObject({
      reason: 'other-type',
    })
    const second = await book.correct(activityId, again)
    await expect(book.correct(activityId, again)).rejects.toMatchObject({ reason: 'replaced-already' })
    await expect(book.withdraw(activityId, { person: 'p1', why: 'x' })).rejects.toMatchObject({
      reason: 'replaced-already',
    })
    const third = await book.correct(second.activityId, again)
    const gone = await book.withdraw(third.activityId, { person: 'p1', why: 'Không phun' })
    await expect(book.withdraw(third.activityId, { person: 'p1', why: 'x' })).rejects.toMatchObject({
      reason: 'withdrawn-already',
    })
    await expect(book.withdraw(gone.activityId, { person: 'p1', why: 'x' })).rejects.toMatchObject({
      reason: 'unknown-activity',
    })
    expect((await book.activities()).filter(({ isStanding }) => isStanding)).toEqual([])
  })

  test('sent twice at once is taken once', async () => {
    const { book, spray } = await openBook()
    const { activityId } = await spray('2026-11-20')
    const again = { ...entry('sprayed', SPRAY), why: 'nhầm' }
    const outcomes = await Promise.allSettled([
      book.correct(activityId, again),
      book.correct(activityId, again),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  test('that says it never happened takes the event back as such', async () => {
    const { book, journal, spray } = await openBook()
    const { activityId } = await spray('2026-11-20')
    await book.withdraw(activityId, { person: 'p1', why: 'Chưa phun' })
    const [, takenBack] = await eventsIn(journal)
    expect(takenBack?.['errorDeclaration']).toMatchObject({ reason: 'did_not_occur' })
    expect(await book.preHarvest('lo-a', TODAY)).toMatchObject({ verdict: 'unlogged' })
  })
})

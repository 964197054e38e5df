import { describe, expect, it } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { eventHashes } from '#contract/trace/event-hash.ts'
import { CONTEXT, documentOf, EpcisClient, eventsIn, idOf, observed } from './epcis-client.ts'
import { RunningGateway } from './running-gateway.ts'

describe('POST /capture', () => {
  it('takes a document, answers 202 with the job, and the events are found', async () => {
    const client = await EpcisClient.open()
    const job = await client.capture([observed(1), observed(2)])
    expect(job).toMatchObject({
      running: false,
      success: true,
      captureErrorBehaviour: 'rollback',
      errors: [],
    })
    expect(await client.find('')).toEqual([idOf(2), idOf(1)])
    const list = await client.request('GET', '/capture')
    expect(list.json()).toEqual([job])
  })

  it('names an event without an eventID by its CBV hash', async () => {
    const client = await EpcisClient.open()
    const { eventID: _, ...event } = observed(1, { 'ex:kho': 'A1' })
    const context = [{ ex: 'https://ns.example.vn/' }]
    await client.capture([event], {}, context)
    expect(await client.find('')).toEqual(eventHashes(documentOf([event], context), sha256))
  })

  it('takes the same document again as done', async () => {
    const client = await EpcisClient.open()
    await client.capture([observed(1), observed(2)])
    expect(await client.capture([observed(2), observed(1)])).toMatchObject({ success: true })
    expect(await client.find('')).toHaveLength(2)
  })

  it('refuses another event under an eventID that is taken, before or in the same document', async () => {
    const client = await EpcisClient.open()
    await client.capture([observed(1)])
    const other = observed(1, { bizStep: 'shipping' })
    const job = await client.capture([observed(2), other])
    expect(job).toMatchObject({ success: false, errors: [{ status: 409, event: 1 }] })
    const twins = [observed(3), observed(3, { bizStep: 'shipping' })]
    expect(await client.capture(twins)).toMatchObject({ success: false, errors: [{ status: 409, event: 1 }] })
    expect(await client.find('')).toEqual([idOf(1)])
  })

  it('captures nothing with rollback and what is right with proceed', async () => {
    const client = await EpcisClient.open()
    const wrong = observed(2, { bizStep: 'harvesting' })
    const rolled = await client.capture([observed(1), wrong])
    expect(rolled).toMatchObject({
      success: false,
      errors: [{ type: 'epcisException:ValidationException', event: 1 }],
    })
    expect(JSON.stringify(rolled)).toContain('epcisBody.eventList[1].bizStep')
    expect(await client.find('')).toEqual([])
    const proceeded = await client.capture([observed(1), wrong], { 'gs1-capture-error-behaviour': 'proceed' })
    expect(proceeded).toMatchObject({
      success: false,
      captureErrorBehaviour: 'proceed',
      errors: [{ event: 1 }],
    })
    expect(await client.find('')).toEqual([idOf(1)])
  })

  it('takes an EPCISQueryDocument, and says when it recorded what others recorded before', async () => {
    const client = await EpcisClient.open()
    const answer = {
      '@context': CONTEXT,
      type: 'EPCISQueryDocument',
      epcisBody: {
        queryResults: {
          queryName: 'theirs',
          resultsBody: { eventList: [observed(1, { recordTime: '2001-01-01T00:00:00Z' })] },
        },
      },
    }
    const captured = await client.request('POST', '/capture', { body: answer })
    expect(captured.statusCode).toBe(202)
    await client.job(String(captured.headers.location))
    const [event] = eventsIn(await client.request('GET', '/events'))
    expect(event?.['recordTime']).toBe(new Date(client.province.nowMs).toISOString())
  })

  it('takes an error declaration beside the event that it declares wrong', async () => {
    const client = await EpcisClient.open()
    await client.capture([observed(1)])
    const declaration = { declarationTime: '2026-11-05T00:00:00Z', reason: 'incorrect_data' }
    await client.capture([observed(1, { errorDeclaration: declaration })])
    await client.capture([observed(1, { errorDeclaration: declaration })])
    expect(await client.find({ EQ_eventID: idOf(1) })).toHaveLength(2)
    expect(await client.find('EXISTS_errorDeclaration=')).toHaveLength(1)
    expect(
      await client.find({
        EQ_errorReason: 'incorrect_data',
        GE_errorDeclaration_Time: '2026-11-05T00:00:00Z',
      }),
    ).toHaveLength(1)
    expect(await client.find({ LT_errorDeclarationTime: '2026-11-05T00:00:00Z' })).toEqual([])
  })

  it('is restored by a rebuild, to the byte', async () => {
    const client = await EpcisClient.open()
    await client.capture(
      [
        observed(1, {
          quantityList: [{ epcClass: 'urn:epc:class:lgtin:9521234.056789.A', quantity: 5, uom: 'KGM' }],
        }),
        observed(2),
      ],
      {},
      [{ ex: 'https://ns.example.vn/' }],
    )
    const before = await client.province.stored()
    await client.province.gateway.rebuild()
    expect(await client.province.stored()).toBe(before)
    expect(await client.find('')).toHaveLength(2)
  })

  it('says what is wrong with a body or a header, and stores nothing of it', async () => {
    const client = await EpcisClient.open()
    const none = JSON.stringify(documentOf([]))
    for (const [text, headers, status, exception, said] of [
      ['{', {}, 400, 'ValidationException', 'not JSON'],
      [
        `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
        {},
        400,
        'ValidationException',
        'more than 64 deep',
      ],
      ['{"type":"EPCISDocument"}', {}, 400, 'ValidationException', '@context is missing'],
      [JSON.stringify(observed(1)), {}, 400, 'ValidationException', 'is not EPCISDocument'],
      [
        JSON.stringify(documentOf(Array(2001).fill({}))),
        {},
        413,
        'CaptureLimitExceededException',
        '2001 events',
      ],
      [`{"a":"${'x'.repeat(4 * 1024 * 1024)}"}`, {}, 413, 'CaptureLimitExceededException', 'larger than'],
      [none, { 'content-type': 'application/xml' }, 415, 'UnsupportedMediaTypeException', 'out of scope'],
      [none, { 'content-type': 'text/plain' }, 415, 'UnsupportedMediaTypeException', 'application/json'],
      [none, { accept: 'application/xml' }, 406, 'NotAcceptableException', 'out of scope'],
      [none, { 'gs1-epcis-max': '1.2' }, 406, 'NotAcceptableException', 'Leave the Min and Max'],
      [none, { 'gs1-capture-error-behaviour': 'hope' }, 400, 'ValidationException', 'rollback or proceed'],
    ] as const) {
      const answer = await client.request('POST', '/capture', { text, headers })
      expect([answer.statusCode, answer.body], text.slice(0, 80)).toEqual([
        status,
        expect.stringContaining(said),
      ])
      expect(answer.headers['content-type']).toContain('application/problem+json')
      expect(answer.json()).toMatchObject({
        type: `epcisException:${exception}`,
        status,
        hint: expect.stringMatching(/.{10}/),
      })
      if (status === 413) expect(answer.headers['gs1-epcis-capture-limit']).toBe('2000')
    }
    expect((await client.request('GET', '/capture')).json()).toEqual([])
  })
})

describe('POST /events', () => {
  it('captures one event and says where it is', async () => {
    const client = await EpcisClient.open()
    const event = { '@context': CONTEXT, ...observed(1) }
    const answer = await client.request('POST', '/events', { body: event })
    expect(answer.statusCode, answer.body).toBe(201)
    const there = await client.request('GET', String(answer.headers.location))
    expect(eventsIn(there)).toMatchObject([{ eventID: idOf(1), action: 'OBSERVE' }])
    expect((await client.request('POST', '/events', { body: event })).statusCode).toBe(409)
  })

  it('refuses an event that breaks a rule, with its path and the rule', async () => {
    const client = await EpcisClient.open()
    const { epcList: _, ...bare } = observed(1)
    const metadata = { time: '2026-11-01T00:00:00Z' }
    const report = { type: 'Temperature', value: 1, uom: 'CEL' }
    for (const [event, said] of [
      [{ ...observed(1), '@context': undefined }, '@context is missing'],
      [
        observed(1, { epcList: ['https://id.gs1.org/01/09521234567890/21/1'] }),
        'epcList[0] has the check digit 0',
      ],
      [observed(1, { epcList: ['urn:epc:id:sscc:9521234.12345678901'] }), 'epcList[0] is not an EPC URN'],
      [observed(1, { epcList: ['not a uri'] }), 'epcList[0] is not a URI'],
      [
        observed(1, { readPoint: { id: 'https://id.gs1.org/414/9521234000007' } }),
        'readPoint.id has the check digit 7',
      ],
      // TCR-54, which a schema can't say.
      [{ ...bare, type: 'AssociationEvent', action: 'ADD', childEPCs: ['urn:x:1'] }, 'parentID is missing'],
      [{ ...bare, type: 'AssociationEvent', action: 'DELETE' }, 'parentID is missing'],
      [{ ...bare, type: 'AssociationEvent', parentID: 'urn:x:1' }, 'has no childEPCs'],
      // TCR-53, step 29 and the report that an element must have.
      [
        observed(1, {
          sensorElementList: [{ sensorMetadata: metadata, sensorReport: [{ ...report, ...metadata }] }],
        }),
        'sensorReport[0].time is given in sensorMetadata already',
      ],
      [observed(1, { sensorElementList: [{ sensorMetadata: metadata }] }), 'sensorReport is missing'],
      // M122: the event is of half past seven at +07:00.
      [
        observed(1, {
          sensorElementList: [{ sensorReport: [report, { ...report, time: '2026-11-01T00:30:00.001Z' }] }],
        }),
        'sensorElementList[0].sensorReport[1].time is after the eventTime',
      ],
      [
        observed(1, {
          sensorElementList: [
            { sensorMetadata: { time: '2026-11-01T08:00:00+07:00' }, sensorReport: [report] },
          ],
        }),
        'sensorElementList[0].sensorMetadata.time is after the eventTime',
      ],
      [observed(1, { eventTime: '2026-11-01T00:00:00' }), 'eventTime is not a date and time with an offset'],
      [observed(1, { eventTimeZoneOffset: '+14:30' }), 'eventTimeZoneOffset is not an offset'],
      [observed(1, { note: 'x' }), 'note is not a field of the standard here, and has no namespace'],
    ] as const) {
      const answer = await client.request('POST', '/events', { body: { '@context': CONTEXT, ...event } })
      expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining(said)])
    }
    expect(await client.find('')).toEqual([])
  })

  it('takes an association with a place as its parent (TCR-54)', async () => {
    const client = await EpcisClient.open()
    const { epcList: _, ...bare } = observed(1)
    const parentID = 'urn:epc:id:sgln:9521234.00000.A1'
    const event = {
      ...bare,
      type: 'AssociationEvent',
      action: 'ADD',
      parentID,
      childEPCs: ['urn:epc:id:giai:9521234.P1'],
    }
    expect(await client.capture([event])).toMatchObject({ success: true })
    expect(await client.find({ MATCH_parentID: parentID })).toEqual([idOf(1)])
  })
})

describe('who may', () => {
  it('nobody without a token; capturing and reading each by their scope; not after it was revoked', async () => {
    const province = await RunningGateway.open()
    const anonymous = await province.app.inject({ url: '/epcis/v2/events' })
    expect(anonymous.statusCode).toBe(401)
    expect(anonymous.headers['www-authenticate']).toBe('Bearer')
    expect(anonymous.json()).toMatchObject({ type: 'epcisException:SecurityException' })
    const reader = await EpcisClient.at(province, 'doc', ['epcis-read'])
    const writer = await EpcisClient.at(province, 'ghi', ['epcis-capture'])
    expect((await reader.request('POST', '/capture', { body: documentOf([]) })).statusCode).toBe(403)
    expect((await writer.request('GET', '/events')).statusCode).toBe(403)
    expect(await writer.capture([observed(1)])).toMatchObject({ success: true })
    expect(await reader.find('')).toEqual([idOf(1)])
    // A job is its owner's business.
    expect((await reader.request('GET', '/capture')).json()).toEqual([])
    await province.gateway.revokeToken('doc')
    expect((await reader.request('GET', '/events')).statusCode).toBe(401)
    const [row] = await province.rows<{ token_hash: string }>(
      `SELECT token_hash FROM access_token WHERE name = 'ghi'`,
    )
    expect(row?.token_hash).toMatch(/^[0-9a-f]{64}$/)
  })
})

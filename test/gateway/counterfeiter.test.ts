import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { fromBase64, fromUtf8, toBase64Url, utf8 } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { checkBundle } from '#contract/trace/check-bundle.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { newLotNumber } from '#contract/trace/lot-number.ts'
import type { ProofBundle } from '#contract/trace/proof-bundle.ts'
import { brokenChains } from '../../gateway/insight/chain-faults.ts'
import { type MonitorState, monitorLog } from '../../gateway/log/tree/monitor-log.ts'
import { lotChecks } from '../../gateway/trace/checks/lot-checks.ts'
import { temporaryFolder } from './province-store.ts'
import { RunningGateway } from './running-gateway.ts'
import { SignedBox } from './signed-box.ts'
import { Book, calendar, growingArea, LOT, share, spray } from './told-book.ts'
import { GTIN, TransparencyRoom } from './transparency-room.ts'

/**
 * Ten ways to fake a history, tried by somebody who holds a box's key, the province's database, or both. Each is found;
 * beside each stands the honest history, which is not.
 */
const verify = async (raw: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  publicKeyFromRaw(raw).verify(message, signature)
const reportOf = (bundle: ProofBundle) => checkBundle(bundle, { sha256, verify, eventHash })
const failedChecks = async (bundle: ProofBundle) => [
  ...new Set((await reportOf(bundle)).checks.filter(({ ok }) => !ok).map(({ check }) => check)),
]

async function logged(count = 2): Promise<TransparencyRoom> {
  const room = await TransparencyRoom.open()
  await room.receive(count)
  await room.transparency.writer.turn()
  return room
}

const chainOf = async (room: TransparencyRoom) => {
  const checks = await lotChecks(room.province.gateway.db, { gtin: GTIN, lot: room.lot }, calendar)
  const chain = checks.find(({ code }) => code === 'event-chain')
  return { verdict: chain?.verdict, codes: chain?.evidence.map(({ code }) => code) }
}

/** What the province is warned of, before anybody asks after a lot. */
const alarmsOf = async ({ province }: TransparencyRoom) =>
  (await brokenChains(province.gateway.db)).flatMap(({ faults }) =>
    faults.flatMap(({ kind, eventNos }) => eventNos.map((run) => `${kind} ${run.join('-')}`)),
  )

describe('a counterfeiter is found who', () => {
  it('1. edits an event: in a proof that he hands on, or in the database of the province', async () => {
    const room = await logged()
    const bundle = await room.proofOfLot()
    expect((await reportOf(bundle)).state).toBe('verified')
    const [first, ...rest] = bundle.events
    const edited = fromUtf8(fromBase64(first?.signed ?? '')).replace('"quantity":1', '"quantity":9')
    const forged = {
      ...bundle,
      events: [{ ...first, signed: toBase64Url(utf8(edited)) }, ...rest],
    } as ProofBundle
    expect(await failedChecks(forged)).toEqual(expect.arrayContaining(['signature', 'inclusion']))
    expect((await room.transparency.verify([])).valid).toBe(true)
    const signed = utf8(edited)
    await sql`UPDATE event SET signed = ${signed} WHERE event_no = 1`.execute(room.province.gateway.db)
    expect((await room.transparency.verify([])).valid).toBe(false)
  })

  it('2. deletes an event: from the database, or by never sending it', async () => {
    const room = await logged(3)
    expect(await chainOf(room)).toMatchObject({ verdict: 'pass' })
    await sql`DELETE FROM event WHERE event_no = 2`.execute(room.province.gateway.db)
    expect((await room.transparency.verify([])).valid).toBe(false)
    expect((await chainOf(room)).codes).toContain('chain-gap')
    const silent = await logged(1)
    // The second event is signed and kept back; the third names it as the one before.
    silent.event(5)
    const { eventId: _, ...third } = silent.event(6)
    await silent.province.take(silent.box.records(third))
    expect((await chainOf(silent)).codes).toContain('chain-gap')
    expect((await chainOf(silent)).verdict).not.toBe('pass')
    expect(await alarmsOf(silent)).toEqual(['missing 3-3'])
    // What he tells in its place later is not what the third one named.
    const { eventId: __, ...instead } = silent.event(7, { eventNo: 2 })
    await silent.province.take(silent.box.records(instead))
    expect(await alarmsOf(silent)).toEqual(['broken 2-3'])
    expect(await alarmsOf(room)).toEqual([])
  })

  it('3. dates a harvest before the spray that would have closed it', async () => {
    const honest = await Book.open()
    await honest.did('s1', 'sprayed', -10, spray(7))
    await honest.harvest(100)
    expect((await honest.check('back-dating')).verdict).toBe('pass')
    const book = await Book.open()
    await book.did('s1', 'sprayed', 0, spray(7))
    await book.harvest(100, -2, { written: 1 })
    // The interval alone would let it pass: by its date the harvest was before the spray.
    expect((await book.check('pre-harvest')).verdict).not.toBe('fail')
    expect((await book.check('back-dating')).verdict).toBe('fail')
  })

  it("4. swaps keys: another box signs this box's history", async () => {
    const room = await logged(1)
    const other = new SignedBox(2)
    await room.province.enrol(other)
    const forged = {
      ...other,
      agent: room.box.agent,
      keyId: room.box.keyId,
      key: other.key,
      epoch: other.epoch,
    }
    const { eventId: _, ...entry } = room.event(50, { box: forged as SignedBox, eventNo: 2 })
    await room.province.take(other.records(entry))
    await room.transparency.writer.turn()
    const { rows } = await sql<{
      agent: string
      valid: number
    }>`SELECT agent, is_signature_valid AS valid FROM event
      WHERE agent = ${other.agent}`.execute(room.province.gateway.db)
    expect(rows).toEqual([{ agent: other.agent, valid: 0 }])
    expect(await alarmsOf(room)).toEqual(['forged 2-2'])
    // It never enters the log, and the lot's page counts only what its own box told.
    expect((await room.transparency.verify([])).size).toBe(1)
    expect((await room.proofOfLot()).events).toHaveLength(1)
    const bundle = await room.proofOfLot()
    const [event] = bundle.events
    const resigned = { ...event, signature: toBase64Url(other.key.sign(fromBase64(event?.signed ?? ''))) }
    expect(await failedChecks({ ...bundle, events: [resigned] } as ProofBundle)).toContain('signature')
  })

  it('5. uses a label twice', async () => {
    const book = await Book.open()
    await book.harvest(100)
    const to = (consignee: string) => ({ consignee, market: 'CN' })
    await book.did('d1', 'dispatched', 1, to('Công ty A'), { inputs: [share(100)] })
    expect((await book.check('mass-balance-packing')).verdict).toBe('pass')
    await book.did('d2', 'dispatched', 2, to('Công ty B'), { inputs: [share(100)] })
    expect((await book.check('mass-balance-packing')).verdict).toBe('fail')
  })

  it("6. borrows a growing area's code", async () => {
    const book = await Book.open()
    await book.harvest(100)
    expect((await book.check('code-permission')).verdict).toBe('pass')
    await book.gateway.decide(growingArea({ holderFarmId: 'f-another' }))
    expect((await book.check('code-permission')).verdict).toBe('fail')
  })

  it('7. inflates masses: more fruit than the area gives, more out of packing than in', async () => {
    const book = await Book.open()
    await book.harvest(9_900)
    expect((await book.check('mass-balance-area')).verdict).toBe('pass')
    const packed = newLotNumber({ boxCode: 'B0X1', yymmdd: '261124', counter: 0 })
    const out = { inputs: [share(5_000)], outputs: [share(7_000, packed)] }
    await book.did('p1', 'packed', 1, { packingHouse: 'VN-LDPH-001' }, out)
    expect((await book.check('mass-balance-packing', packed)).verdict).toBe('fail')
    await book.harvest(200, 0, { lot: newLotNumber({ boxCode: 'B0X1', yymmdd: '261123', counter: 1 }) })
    expect((await book.check('mass-balance-area')).verdict).toBe('fail')
  })

  it('8. drops a spray after the harvest', async () => {
    const book = await Book.open()
    await book.did('s0', 'sprayed', -30, spray(7))
    await book.did('s1', 'sprayed', -3, spray(7))
    await book.harvest(100)
    await book.did('w1', 'sprayed', -3, {}, { corrects: 's1', isWithdrawn: true, written: 1 })
    expect((await book.check('pre-harvest')).verdict).toBe('fail')
    const honest = await Book.open()
    await honest.did('s0', 'sprayed', -30, spray(7))
    await honest.harvest(100)
    expect((await honest.check('pre-harvest', LOT)).verdict).toBe('pass')
  })

  it('9. forks the log: one history for the Department, another for the consumer', async () => {
    const [mine, theirs] = [temporaryFolder(), temporaryFolder()]
    const room = await TransparencyRoom.open({ dataDir: mine })
    mkdirSync(join(theirs, 'keys'), { recursive: true })
    cpSync(join(mine, 'keys'), join(theirs, 'keys'), { recursive: true })
    const fork = await TransparencyRoom.open({ dataDir: theirs })
    const seenBy = async (each: TransparencyRoom, last: MonitorState | undefined) =>
      monitorLog({
        url: 'https://vuon.example/log',
        last,
        pinnedKey: undefined,
        sha256,
        fetch: async (address) => {
          const { statusCode, rawPayload } = await each.province.app.inject({
            url: new URL(String(address)).pathname,
          })
          return new Response(new Uint8Array(rawPayload), { status: statusCode })
        },
      })
    for (const [each, kg] of [
      [room, 1],
      [fork, 7],
    ] as const) {
      await each.receive(2, kg)
      await each.transparency.writer.turn()
    }
    const first = await seenBy(room, undefined)
    expect(first.verdict).toBe('first')
    expect((await seenBy(room, first.state ?? undefined)).isAlarm).toBe(false)
    expect(await seenBy(fork, first.state ?? undefined)).toMatchObject({ verdict: 'fork', isAlarm: true })
    const { checkpoint } = await room.proofOfLot()
    expect(await failedChecks({ ...(await fork.proofOfLot()), checkpoint })).toContain('inclusion')
  })

  it('10. replays a batch: as it was, under another name, or with other bytes', async () => {
    const province = await RunningGateway.open()
    await province.addFarm()
    const [box, other] = [new SignedBox(1), new SignedBox(2)]
    await province.enrol(box)
    await province.enrol(other)
    const activity = (massKg: number) => ({
      ...{
        kind: 'activity',
        activityId: 'h1',
        type: 'harvested',
        plot: 'A',
        at: province.nowMs,
        person: 'p',
      },
      details: { massKg },
    })
    const twin = box.clone()
    const batch = box.records(activity(100))
    const answer = await province.take(batch)
    expect(await province.take(batch)).toEqual(answer)
    // The same range with other bytes, signed by the box's own key: a second history.
    expect((await province.send(twin.records(activity(900)))).statusCode).toBe(409)
    const renamed = other.seal('record', new Uint8Array(1), 1, {
      agent: box.agent,
      key: box.keyId,
      from: 9,
      to: 9,
    })
    expect((await province.send(renamed)).statusCode).toBeGreaterThanOrEqual(400)
    const { rows } = await sql<{ details: string }>`SELECT details FROM activity`.execute(province.gateway.db)
    expect(rows).toEqual([{ details: '{"massKg":100}' }])
  })
})

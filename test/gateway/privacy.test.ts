import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { fromUtf8 } from '#contract/ground/bytes.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { checkBundle } from '#contract/trace/check-bundle.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { openEnvelope, openKnownBody } from '#contract/wire/batch.ts'
import { publicFacts } from '../../gateway/accounts/holders.ts'
import { temporaryFolder } from './province-store.ts'
import { FARM, RunningGateway } from './running-gateway.ts'
import { DAY } from './signed-box.ts'
import { GTIN, TransparencyRoom } from './transparency-room.ts'

const NAME = 'Nguyễn Văn Hai Lúa'
const PHONE = '0912 345 678'

async function withHolder(dataDir = temporaryFolder()) {
  const province = await RunningGateway.open({ dataDir })
  await province.addFarm()
  await province.gateway.setHolder(FARM, [
    { field: 'name', value: NAME },
    { field: 'phone', value: PHONE },
  ])
  return { province, gateway: province.gateway, dataDir }
}

const pickingOf = ({ lot }: TransparencyRoom) => ({
  ...{
    kind: 'lot',
    gtin: GTIN,
    lot,
    activityId: 'h1',
    crop: 'dragon-fruit',
    plot: 'A',
    harvestedAt: DAY,
    massKg: 3,
  },
})

/** Every entry that the log holds, as text. */
async function logText(gateway: RunningGateway['gateway']): Promise<string> {
  const { rows } = await sql<{ bytes: Uint8Array }>`SELECT bytes FROM log_batch`.execute(gateway.db)
  return rows
    .map(({ bytes }) => {
      const body = openKnownBody(openEnvelope(new Uint8Array(bytes)), compression)
      return fromUtf8Loosely(body)
    })
    .join('\n')
}

const fromUtf8Loosely = (bytes: Uint8Array): string => {
  try {
    return fromUtf8(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

describe('the name of a farm’s holder', () => {
  it('is shown only while consent is given', async () => {
    const { gateway } = await withHolder()
    const shown = () => publicFacts(gateway.db, FARM, sha256)
    const consent = (state: 'given' | 'withdrawn') =>
      gateway.decideConsent({ kind: 'consent', farmId: FARM, purpose: 'public-name', state, form: 'paper' })
    expect(await shown()).toEqual({})
    await consent('given')
    expect(await shown()).toEqual({ name: NAME })
    await consent('withdrawn')
    expect(await shown()).toEqual({})
  })

  it('never stands in the log, which has a salted commitment that a rebuild brings back', async () => {
    const { gateway } = await withHolder()
    expect(await logText(gateway)).not.toContain('Hai Lúa')
    await gateway.decideConsent({
      kind: 'consent',
      farmId: FARM,
      purpose: 'public-name',
      state: 'given',
      form: 'app',
    })
    await gateway.rebuild()
    expect(await publicFacts(gateway.db, FARM, sha256)).toEqual({ name: NAME })
    // Somebody changed the row behind the log's back: it is not what was committed to.
    await sql`UPDATE private_fact SET value = 'Ai đó'`.execute(gateway.db)
    expect(await publicFacts(gateway.db, FARM, sha256)).toEqual({})
  })

  it('is erased from the file itself, while the log and its commitments stay', async () => {
    const { gateway, dataDir, province } = await withHolder()
    const inFile = () =>
      ['gateway.db', 'gateway.db-wal'].some((file) =>
        readFileSync(join(dataDir, file)).includes(Buffer.from(NAME)),
      )
    await gateway.decideConsent({
      kind: 'consent',
      farmId: FARM,
      purpose: 'public-name',
      state: 'given',
      form: 'paper',
    })
    expect(inFile()).toBe(true)
    const before = await logText(gateway)
    expect(await gateway.eraseSubject(FARM, true)).toEqual({ facts: 2, photos: 0 })
    expect(inFile()).toBe(false)
    expect(await publicFacts(gateway.db, FARM, sha256)).toEqual({})
    // What the log said it says still; that the consent is over is a word of its own.
    expect(await logText(gateway)).toContain(before)
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM holder`.execute(province.gateway.db)
    expect(rows).toEqual([{ n: 2 }])
  })

  it('is gone while every proof of the farm’s events still verifies', async () => {
    const room = await TransparencyRoom.open()
    const { gateway } = room.province
    await gateway.setHolder(FARM, [{ field: 'name', value: NAME }])
    await room.receive(2)
    await room.transparency.writer.turn()
    await gateway.decideConsent({
      kind: 'consent',
      farmId: FARM,
      purpose: 'public-name',
      state: 'given',
      form: 'paper',
    })
    const page = async () => (await room.text(`/01/${GTIN}/10/${room.lot}?lang=vi`)).includes(NAME)
    await room.province.take(room.box.records(pickingOf(room)))
    expect(await page()).toBe(true)
    const before = await room.proofOfLot()
    await gateway.eraseSubject(FARM, true)
    expect(await page()).toBe(false)
    expect((await room.transparency.verify([])).valid).toBe(true)
    const verify = async (raw: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
      publicKeyFromRaw(raw).verify(message, signature)
    for (const bundle of [before, await room.proofOfLot()])
      expect((await checkBundle(bundle, { sha256, verify, eventHash })).state).toBe('verified')
    await gateway.rebuild()
    expect((await room.transparency.verify([])).valid).toBe(true)
  })

  it('is answered to its owner in one call, with what is not held', async () => {
    const { gateway } = await withHolder()
    const answer = await gateway.subjectAnswer(FARM)
    expect(answer.personal.map(({ field, value }) => [field, value])).toEqual([
      ['name', NAME],
      ['phone', PHONE],
    ])
    expect(answer).toMatchObject({ farm: { name: 'Vườn Tám' }, counts: { events: 0 }, boxes: [] })
    expect(answer.notHeld).toContain('who scanned a lot')
    await expect(gateway.subjectAnswer('f-none')).rejects.toMatchObject({ code: 'not-found' })
    await expect(gateway.setHolder('f-none', [{ field: 'name', value: 'x' }])).rejects.toMatchObject({
      code: 'not-found',
    })
  })
})

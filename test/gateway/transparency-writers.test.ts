import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { parseCheckpoint } from '#contract/trace/checkpoint.ts'
import { noteKeyText, parseNoteKey } from '#contract/trace/signed-note.ts'
import { type GatewayConfig, gatewayConfigSchema } from '../../gateway/config.ts'
import { treeHead } from '../../gateway/log/tree/read-tree.ts'
import { TreeWriter } from '../../gateway/log/tree/writer.ts'
import { ripeEvents } from '../../gateway/trace/proof/ripe-events.ts'
import { PretendClock } from '../world/pretend-clock.ts'
import { Witness } from '../world/witness.ts'
import { temporaryFolder } from './province-store.ts'
import { RunningGateway } from './running-gateway.ts'
import { DAY } from './signed-box.ts'
import { TransparencyRoom } from './transparency-room.ts'

const HOUR = 3_600_000

describe('of two gateways over one database', () => {
  it('a writer that was paused past its lease is refused by its fence, and nothing is lost or doubled', async () => {
    const dataDir = temporaryFolder()
    const room = await TransparencyRoom.open({ dataDir })
    const other = await RunningGateway.open({ dataDir, config: { publicUrl: 'https://vuon.example' } })
    const [first, second] = [room.transparency.writer, other.gateway.transparency.writer]
    await room.receive(2)
    expect(await first.turn()).toBe(2)
    await room.receive(3, 10)
    expect(await second.turn(), 'the first holds the lease').toBe(0)
    // The first stands still; for the second its lease runs out.
    other.advance(7000)
    expect(await second.turn()).toBe(3)
    await room.receive(4, 20)
    // The first wakes up. It still believes that it is the writer, and its clock is of before.
    expect(await first.turn()).toBe(0)
    expect(await second.turn()).toBe(4)
    expect(await first.turn(), 'and asks again from the start').toBe(0)
    expect(await other.gateway.transparency.verify([])).toMatchObject({ valid: true, size: 9, events: 9 })
    const [lease] = await room.province.rows<{ fence: number }>('SELECT fence FROM tree_lease')
    expect(lease?.fence).toBe(2)
  })

  it('the next takes over at once from one that stops in order', async () => {
    const dataDir = temporaryFolder()
    const room = await TransparencyRoom.open({ dataDir })
    const other = await RunningGateway.open({ dataDir, config: { publicUrl: 'https://vuon.example' } })
    await room.receive(1)
    await room.transparency.writer.turn()
    await room.transparency.stop()
    await room.receive(1, 10)
    expect(await other.gateway.transparency.writer.turn()).toBe(1)
  })

  it('ten events are under a signed checkpoint ten seconds after they were stored, on the clock alone', async () => {
    const room = await TransparencyRoom.open()
    const { db } = room.province.gateway
    const clock = new PretendClock(DAY + 13 * HOUR)
    const key = secretKeyFromSeed(new Uint8Array(32).fill(1))
    const troubles: unknown[] = []
    const writer = new TreeWriter({
      db,
      clock,
      random: () => 0.5,
      identity: { origin: 'vuon.example/log', key, sha256 },
      newHolder: () => 'test',
      reader: 1,
      find: ripeEvents,
      onTrouble: (error) => troubles.push(error),
    })
    // One that has just died holds the lease for six seconds more.
    await sql`INSERT INTO tree_lease VALUES ('tree', 'dead', 1, ${clock.wallMs() + 6000})`.execute(db)
    writer.start()
    onTestFinished(() => writer.stop())
    await room.receive(10)
    await clock.advance(5000)
    expect((await treeHead(db)).size).toBe(0)
    await clock.advance(5000)
    expect((await treeHead(db)).size).toBe(10)
    expect(troubles).toEqual([])
  })
})

describe('cosigners', () => {
  async function witnessed(): Promise<{ room: TransparencyRoom; witness: Witness }> {
    const witness = await new Witness().open()
    onTestFinished(() => witness.close())
    const config: Partial<GatewayConfig> = { transparency: { cosigners: [witness.config] } }
    const room = await TransparencyRoom.open({ config })
    witness.log = parseNoteKey((await room.transparency.status()).key, sha256)
    await room.receive(3)
    await room.transparency.writer.turn()
    return { room, witness }
  }
  const grow = async (room: TransparencyRoom): Promise<void> => {
    room.province.advance(HOUR + 1000)
    await room.receive(2, room.province.nowMs % 1e6)
    await room.transparency.writer.turn()
  }

  it('are shown each hour that the log only grew, and their word stands on the checkpoint and in proofs', async () => {
    const { room, witness } = await witnessed()
    await room.transparency.cosigning.turn()
    expect(witness.seen.size).toBe(3)
    const cosigned = parseCheckpoint(await room.text('/log/checkpoint.cosigned'))
    expect(cosigned.note.signatures.map(({ name }) => name)).toEqual(['vuon.example/log', witness.key.name])
    expect(await room.text('/log/checkpoint')).toBe(await room.text('/log/checkpoint.cosigned'))
    expect((await room.proofOfLot()).checkpoint).toBe(await room.text('/log/checkpoint'))
    // Within the hour nobody is asked again.
    await room.receive(1, 50)
    await room.transparency.writer.turn()
    await room.transparency.cosigning.turn()
    expect(witness.asked).toHaveLength(1)
    await grow(room)
    await room.transparency.cosigning.turn()
    expect(witness.seen.size).toBe(6)
    expect(witness.asked.at(-1)).toMatch(/^old 3\n/)
    expect(await room.transparency.status()).toMatchObject({
      size: 6,
      cosigners: [{ size: 6, failures: 0, trouble: '' }],
    })
    expect(await room.transparency.verify([])).toMatchObject({ valid: true })
  })

  it('that remember another size than we do are asked from where they are', async () => {
    const { room, witness } = await witnessed()
    await room.transparency.cosigning.turn()
    await grow(room)
    await room.province.gateway.db.transaction().execute(async (tx) => {
      await sql`UPDATE tree_cosigner SET size = 0`.execute(tx)
    })
    await room.transparency.cosigning.turn()
    expect(witness.asked.slice(1).map((body) => body.split('\n')[0])).toEqual(['old 0', 'old 3'])
    expect(witness.seen.size).toBe(5)
  })

  it('that fail are asked again later and longer apart, and what went wrong is said', async () => {
    const { room, witness } = await witnessed()
    witness.log = undefined
    await room.transparency.cosigning.turn()
    const [first] = (await room.transparency.status()).cosigners
    expect(first).toMatchObject({ failures: 1, size: 0 })
    expect(first?.trouble).toContain('404: it does not know this log')
    await room.transparency.cosigning.turn()
    expect(witness.asked, 'not at once').toHaveLength(1)
    witness.broken = { status: 200, body: '— witness.example/w1 AAAAAAAA\nnonsense\n' }
    room.province.advance(HOUR)
    await room.transparency.cosigning.turn()
    expect((await room.transparency.status()).cosigners[0]?.trouble).toContain(
      'without a signature that holds',
    )
    witness.broken = { status: 200, body: 'x'.repeat(100_000) }
    room.province.advance(HOUR)
    await room.transparency.cosigning.turn()
    expect((await room.transparency.status()).cosigners[0]).toMatchObject({
      failures: 3,
      trouble: 'answered with too much',
    })
    await witness.close()
    room.province.advance(HOUR)
    await room.transparency.cosigning.turn()
    expect((await room.transparency.status()).cosigners[0]?.trouble).toContain('could not be reached')
    expect(await room.text('/log/status.json')).not.toContain('127.0.0.1')
    const metrics = await room.text('/metrics')
    expect(metrics).toContain('vuon_gateway_log_cosigner_failures{cosigner="witness.example/w1"} 4')
    expect(metrics).toContain('vuon_gateway_log_entries 3')
  })

  it('that have signed more than there is, or another log, raise the alarm', async () => {
    const { room, witness } = await witnessed()
    witness.seen = { size: 50, root: new Uint8Array(32) }
    await room.transparency.cosigning.turn()
    expect((await room.transparency.status()).cosigners[0]?.trouble).toContain('restored from an older copy')
    witness.seen = { size: 3, root: new Uint8Array(32) }
    room.province.advance(HOUR)
    await room.transparency.cosigning.turn()
    expect((await room.transparency.status()).cosigners[0]?.trouble).toContain('a fork')
  })

  it('are refused in the configuration with a key that is none, of another kind, or with a wrong hash', () => {
    const witness = new Witness().key
    const plain = noteKeyText({ ...witness, kind: 'plain' })
    const check = (key: string) =>
      gatewayConfigSchema.safeParse({
        transparency: { cosigners: [{ url: 'https://witness.example', key }] },
      })
    expect(check(noteKeyText(witness)).success).toBe(true)
    for (const key of ['x', plain, noteKeyText({ ...witness, keyHash: '00000000' })])
      expect(check(key).error?.message).toContain('must be the verifier key of a cosigner')
  })
})

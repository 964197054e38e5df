import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { checkBundle } from '#contract/trace/check-bundle.ts'
import { parseCheckpoint } from '#contract/trace/checkpoint.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { capturedMessage, decodeLeaf } from '#contract/trace/log-leaf.ts'
import { leafHash } from '#contract/trace/merkle.ts'
import { openBundle } from '#contract/trace/proof-bundle.ts'
import { parseNoteKey, standingOfKey } from '#contract/trace/signed-note.ts'
import { decodeBundle, hashesIn, tilePath, tilesOf } from '#contract/trace/tiles.ts'
import { appendLeaves } from '../../gateway/log/tree/append.ts'
import { verifyWithNode } from '../../gateway/log/tree/cosigning.ts'
import { leavesIn, treeHead } from '../../gateway/log/tree/read-tree.ts'
import { ripeEvents } from '../../gateway/trace/proof/ripe-events.ts'
import { temporaryFolder } from './province-store.ts'
import { expectProblem, RunningGateway } from './running-gateway.ts'
import { SignedBox } from './signed-box.ts'
import { GTIN, TransparencyRoom } from './transparency-room.ts'

const checked = (bundle: unknown) =>
  checkBundle(openBundle(bundle), { sha256, verify: verifyWithNode, eventHash })

describe('the log of events', () => {
  it('takes in what arrived, signs it within a turn, serves it as tiles, and exports the same bytes', async () => {
    const room = await TransparencyRoom.open()
    expectProblem(await room.province.app.inject({ url: '/log/checkpoint' }), 'not-found')
    await room.receive(260)
    expect(await room.transparency.writer.turn()).toBe(260)
    const checkpoint = parseCheckpoint(await room.text('/log/checkpoint'))
    expect(checkpoint).toMatchObject({ origin: 'vuon.example/log', size: 260 })
    const status = JSON.parse(await room.text('/log/status.json')) as { key: string }
    const key = parseNoteKey(status.key, sha256)
    expect(await standingOfKey(checkpoint.note, key, verifyWithNode)).toEqual({ is: 'signed', timeS: null })
    for (const [path, width] of [
      ['000', 256],
      ['001.p/4', 4],
    ] as const) {
      const tile = await room.province.app.inject({ url: `/log/tile/0/${path}` })
      expect(tile.headers['cache-control']).toContain('immutable')
      const bundle = await room.province.app.inject({ url: `/log/tile/entries/${path}` })
      const leaves = decodeBundle(new Uint8Array(bundle.rawPayload))
      expect(leaves).toHaveLength(width)
      expect(leaves.map((leaf) => leafHash(leaf, sha256))).toEqual(hashesIn(new Uint8Array(tile.rawPayload)))
      expect(leaves.every((leaf) => decodeLeaf(leaf).kind === 'farm-event')).toBe(true)
    }
    expect(await room.transparency.verify([])).toMatchObject({
      valid: true,
      size: 260,
      events: 260,
      problems: [],
    })
    const folder = temporaryFolder()
    const { files, size } = await room.transparency.export(folder)
    const paths = [...tilesOf(size)].flatMap((tile) => [
      tilePath(tile),
      ...(tile.level === 0 ? [tilePath({ ...tile, level: 'entries' })] : []),
    ])
    expect(files).toBe(paths.length + 1)
    for (const path of [...paths, 'checkpoint']) {
      const served = await room.province.app.inject({ url: `/log/${path}` })
      expect(readFileSync(join(folder, path)).equals(served.rawPayload), path).toBe(true)
    }
  })

  it('says that there is nothing where no tile is', async () => {
    const room = await TransparencyRoom.open()
    await room.receive(3)
    await room.transparency.writer.turn()
    for (const path of [
      'tile/0/001',
      'tile/0/1',
      'tile/0/000',
      'tile/0/000.p/4',
      'tile/0/000.p/0',
      'tile/0/000.p/03',
      'tile/7/000',
      'tile/x/000',
      'tile/-1/000',
      'tile/entries/..%2f..%2fkeys',
      'tile/0/x001/000/000',
    ])
      expectProblem(await room.province.app.inject({ url: `/log/${path}` }), 'not-found')
    await room.text('/log/tile/0/000.p/2')
  })

  it('writes nothing while nothing new comes', async () => {
    const room = await TransparencyRoom.open()
    await room.receive(1)
    await room.transparency.writer.turn()
    const before = await room.province.stored()
    room.province.advance(5000)
    await room.transparency.writer.turn()
    expect(await room.province.stored()).toBe(before)
  })

  it('leaves out what is forged, what another box signed, and what a revoked key said too late', async () => {
    const room = await TransparencyRoom.open()
    const { box, province } = room
    const other = room.event(3, { box: new SignedBox(7) })
    const good = room.event(1)
    const forged = { ...room.event(2), signature: new Uint8Array(64) }
    await province.take(box.records(good, forged, other))
    await province.gateway.revokeKey({ agent: box.agent, reason: 'stolen', lastTrusted: { record: 2 } })
    expect(await room.transparency.writer.turn()).toBe(0)
    // The batch counts as a whole: its end lies beyond what is trusted.
    expect((await room.transparency.verify([])).problems).toEqual([])
  })

  it('keeps an entry where it is when a rebuild finds everything again', async () => {
    const room = await TransparencyRoom.open()
    await room.receive(5)
    await room.transparency.writer.turn()
    const before = await room.text('/log/checkpoint')
    await room.province.gateway.rebuild()
    expect(await room.transparency.writer.turn()).toBe(0)
    expect(await room.text('/log/checkpoint')).toBe(before)
    await room.receive(2, 50)
    expect(await room.transparency.writer.turn()).toBe(2)
    expect(await room.transparency.verify([])).toMatchObject({ valid: true, size: 7, checkpoints: 2 })
  })

  it('takes in what integrators captured, each under the signature of the province', async () => {
    const room = await TransparencyRoom.open()
    const { gateway } = room.province
    const bytes = utf8('{"type":"ObjectEvent","eventTime":"2026-11-23T00:00:00Z"}')
    await gateway.decide([{ kind: 'captured-event', bytes, by: 'sàn' }])
    await room.receive(1)
    expect(await room.transparency.writer.turn()).toBe(2)
    const leaves = (await leavesIn(gateway.db, 0, 2)).map(({ leaf }) => decodeLeaf(leaf))
    expect(leaves.map(({ kind }) => kind)).toEqual(['captured-event', 'farm-event'])
    const [captured] = leaves
    expect(captured?.signed).toEqual(bytes)
    const note = parseNoteKey((await room.transparency.status()).key, sha256)
    expect(
      publicKeyFromRaw(note.publicRaw).verify(
        capturedMessage(bytes),
        captured?.signature ?? new Uint8Array(64),
      ),
    ).toBe(true)
    // A rebuild and another look find nothing new, and nothing that should not be there.
    await gateway.rebuild()
    expect(await room.transparency.writer.turn()).toBe(0)
    expect((await room.transparency.verify([])).valid).toBe(true)
  })

  it('takes an event once that arrives twice under two numbers', async () => {
    const room = await TransparencyRoom.open()
    const { eventId: _, ...entry } = room.event(1)
    await room.province.take(room.box.records(entry, entry))
    expect(await room.transparency.writer.turn()).toBe(1)
    expect(await room.transparency.verify([])).toMatchObject({ valid: true, size: 1, events: 2 })
  })

  it('goes on after a crash inside an append where the last signed checkpoint ended', async () => {
    const dataDir = temporaryFolder()
    const room = await TransparencyRoom.open({ dataDir })
    await room.receive(3)
    await room.transparency.writer.turn()
    await room.receive(4, 10)
    // The power goes when leaves, tiles and checkpoint are written and not yet committed.
    const { db } = room.province.gateway
    const { leaves, arrival } = await ripeEvents(db, (await treeHead(db)).arrival)
    const cut = db.transaction().execute(async (tx) => {
      const identity = { origin: 'vuon.example/log', key: secretKeyFromSeed(new Uint8Array(32)), sha256 }
      const at = { fence: 1, nowMs: room.province.nowMs }
      expect(await appendLeaves(tx, at, { leaves, arrival, reader: 1 }, identity)).toBe(4)
      throw new Error('power cut')
    })
    await expect(cut).rejects.toThrow('power cut')
    const again = await RunningGateway.open({ dataDir, config: { publicUrl: 'https://vuon.example' } })
    const { transparency } = again.gateway
    expect(await transparency.writer.turn(), 'while the lease of the dead one runs').toBe(0)
    again.advance(7000)
    expect(await transparency.writer.turn()).toBe(4)
    expect(await transparency.verify([])).toMatchObject({ valid: true, size: 7, checkpoints: 2 })
  })
})

describe('proof.json of a lot', () => {
  it('says that an event waits for the log, then proves it, and every event of the lot', async () => {
    const room = await TransparencyRoom.open()
    await room.receive(2)
    expect(await checked(await room.proofOfLot())).toMatchObject({ state: 'waiting', checkpoint: null })
    await room.transparency.writer.turn()
    const shipping = {
      type: 'ObjectEvent',
      eventTime: '2026-11-24T07:00:00.000+07:00',
      eventTimeZoneOffset: '+07:00',
      action: 'OBSERVE',
      bizStep: 'shipping',
      epcList: [],
      quantityList: [
        { epcClass: `https://id.gs1.org/01/${GTIN}/10/ANOTHER`, quantity: 1, uom: 'KGM' },
        { epcClass: `https://id.gs1.org/01/${GTIN}/10/${room.lot}`, quantity: 1, uom: 'KGM' },
      ],
    }
    const { eventId: _, ...entry } = room.event(0, { event: shipping })
    await room.province.take(room.box.records(entry))
    const part = await room.proofOfLot()
    expect(part.events.map(({ leaf }) => leaf?.index ?? null)).toEqual([0, 1, null])
    expect((await checked(part)).state).toBe('waiting')
    await room.transparency.writer.turn()
    const bundle = await room.proofOfLot()
    const { state, checks } = await checked(bundle)
    expect(checks.filter(({ ok }) => !ok)).toEqual([])
    expect(state).toBe('verified')
    expect(bundle.events).toMatchObject([{ previous: 'none' }, { previous: 'held' }, { previous: 'held' }])
  })

  it('is made once while nothing is said, and anew when somebody says something', async () => {
    const room = await TransparencyRoom.open()
    await room.receive(1)
    await room.transparency.writer.turn()
    const [first, same] = [await room.proofOfLot(), await room.proofOfLot()]
    expect(same).toEqual(first)
    const keys = await room.text('/log/keys.json')
    expect(await room.text('/log/keys.json')).toBe(keys)
    await room.receive(1, 20)
    expect((await room.proofOfLot()).events.map(({ leaf }) => leaf?.index ?? null)).toEqual([0, null])
    await room.transparency.writer.turn()
    expect((await room.proofOfLot()).events.map(({ leaf }) => leaf?.index ?? null)).toEqual([0, 1])
    await room.province.gateway.revokeKey({ agent: room.box.agent, reason: 'lost' })
    expect((await room.proofOfLot()).keys.list.boxes[0]?.keys[0]?.revoked).toMatchObject({ reason: 'lost' })
    expect(await room.text('/log/keys.json')).toContain('"reason":"lost"')
    const before = await room.text('/log/keys.json')
    room.province.advance(600_000)
    expect(await room.text('/log/keys.json'), 'after ten minutes it says a new time').not.toBe(before)
  })

  it('says what is wrong with an address, and that nothing is known of a lot', async () => {
    const room = await TransparencyRoom.open()
    expectProblem(
      await room.province.app.inject({ url: `/01/123/10/${room.lot}/proof.json` }),
      'input-invalid',
    )
    expectProblem(
      await room.province.app.inject({ url: `/01/${GTIN}/10/${room.lot}/proof.json` }),
      'not-found',
    )
  })

  it('fails when the box is shown to have said something else in between', async () => {
    const room = await TransparencyRoom.open()
    await room.receive(1)
    const twin = room.event(9, { eventNo: 1 })
    await room.province.take(room.box.records({ ...twin }))
    await room.transparency.writer.turn()
    const { state, checks } = await checked(await room.proofOfLot())
    expect(state).toBe('failed')
    expect(checks.filter(({ ok }) => !ok).map(({ check }) => check)).toContain('chain')
  })

  it('shows an event of a key that was revoked later as one that counts, and the key list says when it ended', async () => {
    const room = await TransparencyRoom.open()
    await room.receive(2)
    await room.transparency.writer.turn()
    await room.province.gateway.revokeKey({ agent: room.box.agent, reason: 'lost' })
    const bundle = await room.proofOfLot()
    expect((await checked(bundle)).state).toBe('verified')
    expect(bundle.keys.list.boxes[0]?.keys[0]?.revoked).toMatchObject({
      reason: 'lost',
      lastTrustedEventNo: 2,
    })
    await room.province.gateway.revokeKey({
      agent: room.box.agent,
      reason: 'stolen',
      lastTrusted: { record: 0 },
    })
    const after = await checked(await room.proofOfLot())
    expect(after.state).toBe('failed')
    expect(after.checks.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual(['key', 'key'])
  })
})

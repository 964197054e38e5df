import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { publicKeyFromRaw, secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { agentIdOf, keyIdOf } from '#contract/wire/identity.ts'
import { isRotationProven } from '#contract/wire/key-rotation.ts'
import type { Journal } from '../../../agent/journal/journal.ts'
import { SigningKeys } from '../../../agent/sync/signing-keys.ts'
import { journalFolder, openJournal, plot, reading, soilMoisture } from '../journal/journal-room.ts'

const key = (number: number): SecretKey => secretKeyFromSeed(new Uint8Array(32).fill(number))
const idOf = ({ publicRaw }: SecretKey): string => keyIdOf(publicRaw, sha256)
const [K0, K1, K2] = [key(1), key(2), key(3)]
const agent = agentIdOf(K0.publicRaw, sha256)

const keysOver = (outbox: Journal, ...ring: SecretKey[]) => new SigningKeys({ agent, ring, sha256, outbox })
const signers = (keys: SigningKeys, { epoch }: Journal, seqs: readonly number[]) =>
  seqs.map((seq) => keys.signerAt(epoch, 'record', seq)?.keyId)

/** A journal that holds a series, three plots and two readings, and has sealed nothing. */
async function room(): Promise<{ journal: Journal; path: string }> {
  const path = join(journalFolder(), 'journal.db')
  const journal = await openJournal(path)
  const { no } = await journal.declareSeries(soilMoisture)
  await journal.appendRecords([plot(1), plot(2), plot(3)])
  await journal.appendReadings([reading(no, 300), reading(no, 301)], 'commit')
  return { journal, path }
}

describe('a change of key', () => {
  it('is entered once, as the last word of the old key, and both have signed it', async () => {
    const { journal } = await room()
    const keys = keysOver(journal, K0, K1)
    expect(signers(keys, journal, [1])).toEqual([undefined])
    expect(await keys.settle({ isAsked: false })).toBe(true)
    expect(await keys.settle({ isAsked: true })).toBe(true)
    const entered = await journal.records('key-rotation', { limit: 10 })
    expect(entered.map(({ seq }) => seq)).toEqual([5])
    const [entry] = await journal.rotations()
    expect(entry).toMatchObject({
      oldKey: idOf(K0),
      epoch: journal.epoch,
      from: { record: 6, finding: 1, reading: 1 },
    })
    expect(isRotationProven(agent, entry!, publicKeyFromRaw(K1.publicRaw))).toBe(true)
    expect(isRotationProven('0000000000000000', entry!, publicKeyFromRaw(K1.publicRaw))).toBe(false)
    expect(signers(keys, journal, [1, 5, 6, 99])).toEqual([idOf(K0), idOf(K0), idOf(K1), idOf(K1)])
    expect(keys.signerAt(journal.epoch, 'record', 1)?.through).toBe(5)
    expect(keys.newest.keyId).toBe(idOf(K1))
  })

  it('is found again by the next start, and a second one follows it', async () => {
    const { journal } = await room()
    await keysOver(journal, K0, K1).settle({ isAsked: false })
    const again = keysOver(journal, K0, K1, K2)
    await again.settle({ isAsked: false })
    expect((await journal.rotations()).map(({ oldKey }) => oldKey)).toEqual([idOf(K1), idOf(K0)])
    expect(signers(again, journal, [5, 6, 7])).toEqual([idOf(K0), idOf(K1), idOf(K2)])
  })

  it('is entered although alarms come in between', async () => {
    const { journal } = await room()
    const keys = keysOver(journal, K0, K1)
    const [settled] = await Promise.all([
      keys.settle({ isAsked: false }),
      ...[4, 5, 6, 7].map((number) => journal.appendRecords([plot(number)])),
    ])
    expect(settled).toBe(true)
    const [entered] = await journal.records('key-rotation', { limit: 1 })
    expect((await journal.rotations())[0]?.from.record).toBe((entered?.seq ?? 0) + 1)
  })

  it('of which the province may have heard in an epoch before waits until it was asked', async () => {
    const { journal } = await room()
    await keysOver(journal, K0, K1).settle({ isAsked: false })
    await journal.newEpoch()
    const keys = keysOver(journal, K0, K1)
    expect(await keys.settle({ isAsked: false })).toBe(false)
    expect(signers(keys, journal, [1])).toEqual([undefined])
    // It had not: a session by the old key was granted.
    expect(await keys.settle({ isAsked: true })).toBe(true)
    const [entry] = await journal.rotations()
    expect(entry?.epoch).toBe(journal.epoch)
    expect(signers(keys, journal, [1])).toEqual([idOf(K0)])
  })

  it('of which it had heard is signed by the new key from the first seq of the new epoch', async () => {
    const { journal } = await room()
    await keysOver(journal, K0, K1).settle({ isAsked: false })
    await journal.newEpoch()
    const keys = keysOver(journal, K0, K1)
    expect(keys.spokeWithRetired()).toBe(true)
    expect(await keys.settle({ isAsked: true })).toBe(true)
    expect(signers(keys, journal, [1, 9])).toEqual([idOf(K1), idOf(K1)])
    expect((await journal.rotations()).filter(({ epoch }) => epoch === journal.epoch)).toEqual([])
    const { lanes } = await journal.state()
    expect(keys.isOldestDone(journal.epoch, lanes)).toBe(true)
    expect(keys.spokeWithRetired()).toBe(false)
  })

  it('lets the old key go when the province holds all that it signed, and not before', async () => {
    const { journal } = await room()
    const keys = keysOver(journal, K0, K1)
    await keys.settle({ isAsked: false })
    const lane = (durableThrough: number) => ({ sealedThrough: durableThrough, durableThrough })
    const lanes = (record: number) => ({ record: lane(record), finding: lane(0), reading: lane(0) })
    keys.acknowledged(journal.epoch, 4)
    expect(keys.isOldestDone(journal.epoch, lanes(4))).toBe(false)
    expect(keys.speaker.publicRaw).toEqual(K0.publicRaw)
    keys.acknowledged(journal.epoch, 5)
    expect(keys.speaker.publicRaw).toEqual(K1.publicRaw)
    expect(keys.isOldestDone('another', lanes(5))).toBe(false)
    expect(keys.isOldestDone(journal.epoch, lanes(5))).toBe(true)
  })
})

describe('a new epoch after the marks', () => {
  it('keeps everything that the province has not got, and says that nothing is lost', async () => {
    const { journal } = await room()
    const before = journal.epoch
    await journal.saveSealed({
      lane: 'record',
      from: 1,
      to: 2,
      hash: new Uint8Array(32),
      bytes: new Uint8Array(3),
    })
    await journal.saveSealed({
      lane: 'record',
      from: 3,
      to: 4,
      hash: new Uint8Array(32),
      bytes: new Uint8Array(3),
    })
    await journal.acknowledge('record', 2)
    await journal.newEpochAfterMarks()
    expect(journal.epoch).not.toBe(before)
    const waiting = await journal.unsealed('record', { atMost: 100 })
    const kinds = waiting?.entries.map(({ kind }) => kind)
    expect(kinds?.filter((kind) => kind === 'plot')).toHaveLength(2)
    expect(kinds).not.toContain('loss')
    expect((await journal.unsealed('reading', { atMost: 100 }))?.to).toBe(2)
  })
})

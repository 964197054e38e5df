import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import { claimThrough } from '../../../agent/command/claim.ts'
import { enrolmentPath, keyPath } from '../../../agent/data-folder.ts'
import { readEnrolment } from '../../../agent/enrolment.ts'
import { makeNextKey, openKeyRing } from '../../../agent/key-ring.ts'
import { type Farm, minutes, World } from '../../world/world.ts'

/** A farm's box goes over to another key, over the real journal, uplink and gateway, whatever comes in between. */
let world: World
afterEach(() => world.close())

// Batches each minute and short waits, so that a few minutes show what days do.
const QUICK = { config: { sync: { batchEveryS: 60, retryLongestS: 60 } } }

const ring = (farm: Farm) =>
  openKeyRing(keyPath(farm.dataDir)).map(({ publicRaw }) => keyIdOf(publicRaw, sha256))

async function known(farm: Farm) {
  const agent = readEnrolment(enrolmentPath(farm.dataDir))?.agent ?? ''
  const [box] = await world.gateway.boxKeys(agent)
  if (!box) throw new Error(`${agent} is not enrolled`)
  return { ...box, current: box.keys.find(({ state }) => state === 'current')?.key }
}

/** Nothing is missing, nothing refused, and all that the box wrote is there. */
async function expectWhole(farm: Farm): Promise<void> {
  const { epoch, lanes } = await farm.agent.journal.state()
  const rows = await world.gateway.boxKeys(farm.agent.enrolment?.agent)
  expect(rows[0]).toMatchObject({ isSuspended: false, setAside: {}, untrustedBatches: 0 })
  expect(rows[0]?.epochs.at(-1)?.epoch).toBe(epoch)
  expect(lanes.record.durableThrough).toBe(lanes.record.lastSeq)
  expect(lanes.reading.lastSeq - lanes.reading.durableThrough).toBeLessThan(60)
  expect(farm.agent.upstream.state?.lastError).toBeNull()
}

describe('a key that is changed', () => {
  it('while all is well is followed by the next within minutes, and the old seed is gone', async () => {
    world = await World.open({ seed: 41 })
    const farm = await world.addFarm(QUICK)
    await world.advance(minutes(5))
    const path = keyPath(farm.dataDir)
    const oldSeed = readFileSync(path)
    const next = keyIdOf(makeNextKey(path).publicRaw, sha256)
    expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600)
    await world.advance(minutes(10))
    expect(ring(farm)).toEqual([next])
    expect(await known(farm)).toMatchObject({
      current: next,
      keys: [{ state: 'retired' }, { state: 'current' }],
    })
    for (const name of readdirSync(dirname(path)))
      expect(readFileSync(`${dirname(path)}/${name}`).equals(oldSeed)).toBe(false)
    await expectWhole(farm)
    expect((await known(farm)).epochs).toHaveLength(1)
    // What the farm signs names the new key.
    expect(farm.agent.upstream.identity()?.keyId).toBe(next)
  })

  it('twice, off-line, with restarts at every step, is followed when the link is back', async () => {
    world = await World.open({ seed: 42 })
    const farm = await world.addFarm(QUICK)
    await world.advance(minutes(5))
    farm.link.faults = { ...farm.link.faults, isUp: false }
    const path = keyPath(farm.dataDir)
    makeNextKey(path)
    await farm.restart()
    await world.advance(minutes(15))
    const last = keyIdOf(makeNextKey(path).publicRaw, sha256)
    await world.advance(minutes(1))
    await farm.restart()
    await world.advance(minutes(15))
    await farm.restart()
    expect(ring(farm)).toHaveLength(3)
    // Each change was entered once, whatever was cut.
    expect(await farm.agent.journal.rotations()).toHaveLength(2)
    farm.link.faults = { ...farm.link.faults, isUp: true }
    await world.advance(minutes(15))
    expect(ring(farm)).toEqual([last])
    expect((await known(farm)).current).toBe(last)
    await expectWhole(farm)
  })

  it('and cut before the old one is destroyed is destroyed after the next start', async () => {
    world = await World.open({ seed: 43 })
    const farm = await world.addFarm(QUICK)
    await world.advance(minutes(5))
    const path = keyPath(farm.dataDir)
    const keep = `${farm.dataDir}-keys`
    const next = keyIdOf(makeNextKey(path).publicRaw, sha256)
    cpSync(dirname(path), keep, { recursive: true })
    await world.advance(minutes(10))
    expect(ring(farm)).toEqual([next])
    // As the card was before the rename: the journal is further than the folder of the keys.
    await world.clock.finish(farm.stop())
    cpSync(keep, dirname(path), { recursive: true })
    await farm.restart()
    await world.advance(minutes(10))
    expect(ring(farm)).toEqual([next])
    await expectWhole(farm)
    expect((await known(farm)).epochs).toHaveLength(1)
  })
})

describe('an old copy of the card', () => {
  it('from before the change is refused at both ends, and goes on as a box of its own when it is claimed as one', async () => {
    world = await World.open({ seed: 44 })
    const farm = await world.addFarm(QUICK)
    await world.advance(minutes(5))
    await world.clock.finish(farm.stop())
    const copy = `${farm.dataDir}-copy`
    cpSync(farm.dataDir, copy, { recursive: true })
    makeNextKey(keyPath(farm.dataDir))
    await farm.restart()
    await world.advance(minutes(10))
    const before = await known(farm)
    await world.clock.finish(farm.stop())
    rmSync(farm.dataDir, { recursive: true })
    cpSync(copy, farm.dataDir, { recursive: true })
    await farm.restart()
    await world.advance(minutes(10))
    expect(farm.agent.upstream.state).toMatchObject({ phase: 'refused', lastError: { code: 'key-retired' } })
    expect((await known(farm)).keys).toEqual(before.keys)
    const claimAs = async (isNewBox: boolean) => {
      const code = await world.gateway.newClaimCode(farm.farmId)
      const link = { request: world.handle.bind(world) }
      return claimThrough(link, farm.dataDir, {
        code,
        gateway: 'http://province.pretend',
        program: 'test',
        isNewBox,
      })
    }
    await expect(claimAs(false)).rejects.toMatchObject({ code: 'key-retired' })
    const { agent } = await claimAs(true)
    expect(agent).not.toBe(before.agent)
    await world.advance(minutes(15))
    await expectWhole(farm)
    expect((await known(farm)).agent).toBe(agent)
  })

  it('that runs beside the box suspends both; the one that is claimed goes on with a new key, the other stays out', async () => {
    world = await World.open({ seed: 45 })
    const [farm, twin] = [await world.addFarm(QUICK), await world.addFarm(QUICK)]
    await world.advance(minutes(5))
    await world.clock.finish(farm.stop())
    await world.clock.finish(twin.stop())
    rmSync(twin.dataDir, { recursive: true })
    cpSync(farm.dataDir, twin.dataDir, { recursive: true })
    await farm.restart()
    await twin.restart()
    twin.weather.soilMoisturePct = 12
    await world.advance(minutes(20))
    expect(await known(farm)).toMatchObject({ isSuspended: true })
    const charted = await farm.agent.journal.state()
    const code = await world.gateway.newClaimCode(farm.farmId)
    const link = { request: world.handle.bind(world) }
    await claimThrough(link, farm.dataDir, { code, gateway: 'http://province.pretend', program: 'test' })
    expect(existsSync(`${dirname(keyPath(farm.dataDir))}/claim.key`)).toBe(false)
    await world.advance(minutes(15))
    const now = await known(farm)
    expect(now).toMatchObject({ isSuspended: false, current: ring(farm)[0] })
    expect(twin.agent.upstream.state?.lastError?.code).toBe('key-retired')
    const { lanes } = await farm.agent.journal.state()
    expect(lanes.record.durableThrough).toBe(lanes.record.lastSeq)
    expect(lanes.reading.lastSeq - lanes.reading.durableThrough).toBeLessThan(60)
    expect(charted.readings).toBeGreaterThan(0)
    expect(farm.agent.upstream.state?.lastError).toBeNull()
  })
})

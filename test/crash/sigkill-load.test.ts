import { describe, expect, test } from 'vitest'
import { findTool, temporaryFolder } from '../world/real-services.ts'
import { seededRandom, seedFromEnvironment } from '../world/seeded.ts'
import { LoadedBox } from './loaded-box.ts'

/**
 * The source and the journal alone, which start quickly. With the whole programs of sigkill.test.ts and the journal of
 * test/agent/journal/power-cut.test.ts that makes fifty kills; `npm run bench -- sigkill` does a thousand.
 */
const KILLS = 18
const RATE = 500
const LONGEST_LIFE_MS = 200
const seed = seedFromEnvironment()

describe.skipIf(!findTool('mosquitto'))('a box under QoS 1 messages from Mosquitto [needs mosquitto]', () => {
  test(`has all that it acknowledged after ${KILLS} kills (VUON_SEED=${seed})`, async () => {
    const random = seededRandom(seed)
    const box = new LoadedBox('source and journal', temporaryFolder())
    try {
      await box.open()
      box.load(RATE)
      for (let kill = 0; kill < KILLS; kill++) {
        // Half of them at any moment of a start, half when it is at work.
        if (kill % 2 === 0) await box.storesMore()
        await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_LIFE_MS))
        await box.kill()
        box.start()
      }
      const { lost, stored } = await box.drain()
      expect(lost).toEqual([])
      expect(stored).toBeGreaterThan(100)
    } finally {
      await box.close()
    }
  }, 120_000)
})

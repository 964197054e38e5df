import type { Random } from '#contract/ground/random.ts'

/** Chance that can be replayed (mulberry32). Suites print their seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** From `VUON_SEED`; else, under `npm test`, from the sources; else from the clock. */
export const seedFromEnvironment = (): number =>
  Number(
    process.env['VUON_SEED'] ??
      process.env['VUON_SOURCE_SEED'] ??
      Math.floor(performance.timeOrigin) % 2 ** 31,
  )

export const seededBytes =
  (random: Random) =>
  (length: number): Uint8Array =>
    Uint8Array.from({ length }, () => Math.floor(random() * 256))

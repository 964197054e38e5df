import { QUANTITIES } from '#contract/wire/quantities.ts'
import type { Profile } from '../profile.ts'
import type { Candidate } from './weigh-profile.ts'

/** Why the first candidate may be the wrong one, and what a person should look at. */
export interface Doubt {
  readonly between: readonly string[]
  readonly why: readonly string[]
  readonly check: readonly string[]
}

// Closer than this the order of candidates says nothing.
const CLOSE_POINTS = 12
const CLOSE_LOOK_ALIKE_POINTS = 30

/** Null when the first candidate stands alone. `ranked` is best first. */
export function doubtOf(ranked: readonly Candidate[]): Doubt | null {
  const [first, ...others] = ranked
  if (!first) return null
  const rivals = others.filter(
    ({ score, profile }) =>
      first.score - score < (isLookAlike(first.profile, profile) ? CLOSE_LOOK_ALIKE_POINTS : CLOSE_POINTS),
  )
  if (rivals.length === 0) return null
  const why: string[] = []
  const check = new Set<string>()
  for (const rival of rivals) {
    const pair = `${first.profile.name} or ${rival.profile.name}`
    const differing = differences(first, rival)
    if (differing.length > 0) why.push(`${pair}: ${differing.join('; ')}`)
    else if (sameReads(first.profile, rival.profile))
      why.push(
        `${pair}: they answer the same registers with the same meaning; nothing on the line tells them apart`,
      )
    else
      why.push(
        `${pair}: the answers fit both maps (${first.readings.length} values by the one, ${rival.readings.length} by the other)`,
      )
    for (const [mine, theirs] of [
      [first.profile, rival.profile],
      [rival.profile, first.profile],
    ] as const)
      for (const { profile, why: tell } of mine.lookAlikes)
        if (profile === theirs.name) check.add(`${profile}: ${tell}`)
    if (differing.length > 0)
      check.add(
        'compare with an instrument that you trust (thermometer, pH strip), or change what it measures and read again',
      )
    if (check.size === 0)
      check.add(`the label on the probe: ${first.profile.model}, or ${rival.profile.model}?`)
  }
  return { between: [first, ...rivals].map(({ profile }) => profile.name), why, check: [...check] }
}

const isLookAlike = (a: Profile, b: Profile): boolean =>
  a.lookAlikes.some(({ profile }) => profile === b.name) ||
  b.lookAlikes.some(({ profile }) => profile === a.name)

/** "soil-ph is 6.1 by the one and 0.61 by the other". */
function differences(a: Candidate, b: Candidate): string[] {
  const found: string[] = []
  for (const mine of a.readings) {
    const theirs = b.readings.find(
      ({ quantity, channel }) => quantity === mine.quantity && channel === mine.channel,
    )
    if (!theirs || Math.abs(theirs.value - mine.value) < 1e-9) continue
    const { unit } = QUANTITIES[mine.quantity]
    found.push(`${mine.quantity} is ${mine.value} by the one and ${theirs.value} by the other (${unit})`)
  }
  return found.slice(0, 4)
}

const sameReads = (a: Profile, b: Profile): boolean => {
  const shape = (profile: Profile) =>
    profile.reads.map(({ function: code, address, count }) => `${code}/${address}/${count}`).join()
  return shape(a) === shape(b)
}

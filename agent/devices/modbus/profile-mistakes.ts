import type { Profile, ProfileRead, ProfileValue, ValueType } from './profile.ts'

/** A contradiction between two keys of a profile, each of which is fine alone. */
export interface ProfileMistake {
  readonly path: PropertyKey[]
  readonly message: string
  readonly remedy: string
}

export const registersOf = (type: ValueType): number => (type.endsWith('32') ? 2 : 1)

/** Whether the read brings the whole of the value. */
export const covers = (read: ProfileRead, value: ProfileValue): boolean =>
  (value.function ?? read.function) === read.function &&
  value.address >= read.address &&
  value.address + registersOf(value.type) <= read.address + read.count

/** Everything in a profile that can't be meant. */
export function profileMistakes(profile: Profile): ProfileMistake[] {
  const mistakes: ProfileMistake[] = []
  const refuse = (path: PropertyKey[], message: string, remedy: string): void =>
    void mistakes.push({ path, message, remedy })
  const seen = new Set<string>()
  profile.values.forEach((value, index) => {
    const key = `${value.quantity}/${value.channel}`
    if (seen.has(key))
      refuse(['values', index, 'quantity'], `is there twice (${key})`, 'give each its own channel')
    seen.add(key)
    const reads = profile.reads.filter((read) => covers(read, value))
    if (reads.length === 0)
      refuse(['values', index, 'address'], `${value.address} is in no read`, 'add a read that covers it')
    for (const { key, message, remedy } of valueMistakes(value, reads))
      refuse(['values', index, key], message, remedy)
  })
  profile.reads.forEach((read, index) => {
    for (const { path, message, remedy } of readMistakes(profile, read))
      refuse(['reads', index, ...path], message, remedy)
  })
  const { unitSwitch, status } = profile
  if (unitSwitch && unitSwitch.celsius === unitSwitch.fahrenheit)
    refuse(['unitSwitch', 'fahrenheit'], 'is the same as celsius', 'write what the register holds for °F')
  if (unitSwitch && isCleared(profile, unitSwitch.function, unitSwitch.address, 1))
    refuse(['unitSwitch', 'address'], 'is cleared by reading it', 'take the register that only tells')
  if (status?.busy.some((each) => status.ok.includes(each)))
    refuse(['status', 'busy'], 'names a content that is also ok', 'put each content in one of the two')
  if (status && isCleared(profile, status.function, status.address, registersOf(status.type)))
    refuse(['status', 'address'], 'is cleared by reading it', 'take the register that only tells')
  profile.lookAlikes.forEach(({ profile: name }, index) => {
    if (name === profile.name)
      refuse(['lookAlikes', index, 'profile'], 'is this profile itself', 'name the other one')
  })
  return mistakes
}

function* valueMistakes(
  value: ProfileValue,
  reads: readonly ProfileRead[],
): Generator<{ key: string; message: string; remedy: string }> {
  const { range, validRaw, map, counter, type, scale, offset } = value
  if (range && range[0] >= range[1])
    yield { key: 'range', message: 'is empty', remedy: 'write [lowest, highest]' }
  if (validRaw && validRaw[0] > validRaw[1])
    yield { key: 'validRaw', message: 'is empty', remedy: 'write [lowest, highest]' }
  if (map) {
    if (Object.keys(map).length === 0 || Object.keys(map).length > 256)
      yield { key: 'map', message: 'has no or too many contents', remedy: 'write 1 to 256 of them' }
    if (type === 'f32') yield { key: 'map', message: 'fits no f32', remedy: 'take a whole-number type' }
    if (scale !== 1 || offset !== 0)
      yield {
        key: 'map',
        message: 'stands beside scale or offset',
        remedy: 'write the final values into the map',
      }
  }
  if (!counter) return
  const refuse = (message: string, remedy: string) => ({ key: 'counter', message, remedy })
  if (map) yield refuse('stands beside map', 'a counter counts, it has no names for contents')
  if (scale <= 0 || offset !== 0)
    yield refuse('needs a scale above 0 and no offset', 'write what one count is worth as scale')
  if (type !== 'f32' && (counter.modulus ?? 0) > 2 ** (16 * registersOf(type)))
    yield refuse(`has a modulus that ${type} never reaches`, 'write where the raw count wraps, such as 65536')
  if (counter.perRead && (counter.modulus !== undefined || counter.restarts))
    yield refuse('perRead stands beside modulus or restarts', 'what came since the last read has neither')
  if (counter.perRead && reads.some((read) => !read.destructive))
    yield refuse('perRead is in a read that clears nothing', 'mark the read destructive')
}

function* readMistakes(
  profile: Profile,
  read: ProfileRead,
): Generator<{ path: PropertyKey[]; message: string; remedy: string }> {
  const danger = profile.dangerous.find((each) => overlap(each, read))
  // A register that loses something when read is rightly named dangerous; a destructive read owns up to it.
  if (danger && !read.destructive)
    yield {
      path: [],
      message: `covers the dangerous register ${danger.address}`,
      remedy: `leave it out: ${danger.why}`,
    }
  if (read.fallbackCount !== undefined && read.fallbackCount >= read.count)
    yield { path: ['fallbackCount'], message: 'is not smaller than count', remedy: 'ask for fewer registers' }
  if (read.destructive && read.fallbackCount !== undefined)
    yield {
      path: ['fallbackCount'],
      message: 'would ask a destructive read twice',
      remedy: 'leave it out, or make two profiles',
    }
  if (!read.destructive && isCleared(profile, read.function, read.address, read.count))
    yield {
      path: [],
      message: 'covers registers that another read clears',
      remedy: 'split it, so that only the destructive read touches them',
    }
}

const isCleared = (profile: Profile, code: 3 | 4, address: number, count: number): boolean =>
  profile.reads.some(
    (read) => read.destructive && read.function === code && overlap(read, { address, count }),
  )

const overlap = (
  a: { readonly address: number; readonly count: number },
  b: { readonly address: number; readonly count: number },
): boolean => a.address < b.address + b.count && b.address < a.address + a.count

import { fromHex } from '#contract/ground/bytes.ts'
import type { DecodeError, Observation } from '../observation.ts'
import { hasRightCrc } from './crc.ts'
import { exceptionText, type ReadRequest } from './framing.ts'
import { readStatus, readUnitSwitch } from './probe-condition.ts'
import type { Profile, ProfileRead } from './profile.ts'
import { registersOf } from './profile-mistakes.ts'
import { readingsOf, type TemperatureUnit } from './registers.ts'
import { decodeRtuRequest, rtuFraming } from './rtu-frame.ts'

/** RTU frames as hex, spaces allowed, as a bus monitor or a manual prints them; not checked yet. */
export interface ProbeFrames {
  readonly request?: unknown
  readonly response?: unknown
}

export interface DecodedProbe {
  readonly readings: readonly Observation[]
  readonly errors: readonly DecodeError[]
}

/** What earlier frames of the same probe said; each frame stands alone without it. */
export interface KnownOfProbe {
  temperatureUnit?: TemperatureUnit
}

/**
 * What a frame from a bus monitor means by a profile; readings carry the profile's name as device. Without the
 * request it is taken for the answer to the read of the profile that fits its function and length, or to the
 * beginning of one when it is shorter. A counter is what the probe shows. What the frame says of the probe itself is
 * noted in `known`. Never throws: what is wrong is in `errors`.
 */
export function decodeProbe(profile: Profile, frames: ProbeFrames, known: KnownOfProbe = {}): DecodedProbe {
  const response = bytesOf(frames.response)
  if (!response) return wrong('not-hex', 'the response is not an even run of hex digits')
  if (response.length === 0) return wrong('timeout', 'the response is empty: the probe did not answer')

  const asked =
    frames.request === undefined || frames.request === null || frames.request === ''
      ? inferRequest(profile, response)
      : parseRequest(frames.request)
  if ('code' in asked) return { readings: [], errors: [asked] }
  const question = rtuFraming.ask(asked)
  const reply = question.push(response) ?? question.giveUp()
  const errors: DecodeError[] = []
  if (reply.kind !== 'failure' && reply.strayBytes > 0)
    errors.push({ code: 'stray-bytes', detail: `${reply.strayBytes} bytes are not part of the answer` })
  switch (reply.kind) {
    case 'failure':
      return wrong(reply.code, reply.detail)
    case 'exception':
      errors.push({
        code: 'exception',
        detail: exceptionText(reply.code) + adviceFor(profile, asked, reply.code),
      })
      return { readings: [], errors }
    case 'registers': {
      const isCondition = takeCondition(profile, asked, reply.words, known, errors)
      const { readings, faults } = readingsOf(profile, profile.name, asked, reply.words, known)
      errors.push(...faults)
      if (readings.length === 0 && faults.length === 0 && !isCondition)
        errors.push({
          code: 'not-in-profile',
          detail: `no value of this profile is read with function ${asked.function} from ${asked.address}`,
        })
      return { readings, errors }
    }
  }
}

/** Whether the answer is that of the unit switch or of the status register. */
function takeCondition(
  { unitSwitch, status }: Profile,
  asked: ReadRequest,
  words: readonly number[],
  known: KnownOfProbe,
  errors: DecodeError[],
): boolean {
  const is = (at: { function: number; address: number }, count: number): boolean =>
    asked.function === at.function && asked.address === at.address && asked.count === count
  if (unitSwitch && is(unitSwitch, 1)) {
    const { speaks, fault } = readUnitSwitch(unitSwitch, words)
    known.temperatureUnit = speaks
    if (fault) errors.push(fault)
    return true
  }
  if (status && is(status, registersOf(status.type))) {
    const fault = readStatus(status, words)
    if (fault) errors.push(fault)
    return true
  }
  return false
}

const wrong = (code: string, detail: string): DecodedProbe => ({ readings: [], errors: [{ code, detail }] })

function bytesOf(hex: unknown): Uint8Array | undefined {
  if (typeof hex !== 'string') return undefined
  try {
    return fromHex(hex)
  } catch {
    return undefined
  }
}

function parseRequest(hex: unknown): ReadRequest | DecodeError {
  const bytes = bytesOf(hex)
  if (!bytes) return { code: 'not-hex', detail: 'the request is not an even run of hex digits' }
  const request = decodeRtuRequest(bytes)
  if (request) return request
  if (bytes.length >= 4 && !hasRightCrc(bytes))
    return { code: 'crc', detail: 'the check sum of the request is wrong' }
  return { code: 'bad-request', detail: 'the request is not a read of registers (function 3 or 4, 8 bytes)' }
}

/** The request that the response most likely answers. */
function inferRequest(profile: Profile, response: Uint8Array): ReadRequest | DecodeError {
  const [unit = 0, code = 0, third = 0] = response
  if (decodeRtuRequest(response))
    return {
      code: 'wrong-reply',
      detail: 'this is a request, not an answer (an adapter echoes what it sends)',
    }
  const functionCode = code & 0x7f
  if (functionCode !== 3 && functionCode !== 4) {
    return hasRightCrc(response)
      ? { code: 'wrong-reply', detail: `function ${functionCode} does not read registers` }
      : { code: 'garbage', detail: 'this is not an answer to a read of registers' }
  }
  if (!hasRightCrc(response))
    return { code: 'crc', detail: 'the check sum is wrong, or the frame is cut off' }
  const reads = profile.reads.filter((read) => [read.function, read.alsoFunction].includes(functionCode))
  const first = reads[0]
  if (!first)
    return {
      code: 'wrong-reply',
      detail: `this probe is not read with function ${functionCode}; give the request`,
    }
  const requestOf = (read: ProfileRead, count: number): ReadRequest => ({
    unit,
    function: functionCode,
    address: read.address,
    count,
  })
  if (code & 0x80) return requestOf(first, first.count)
  if (third % 2 !== 0 || third + 5 !== response.length)
    return { code: 'wrong-reply', detail: `the length byte says ${third}, which is not what follows` }
  const count = third / 2
  const exact = reads.filter((read) => read.count === count || read.fallbackCount === count)
  const fitting = exact.length > 0 ? exact : reads.filter((read) => holdsValue(profile, read, count))
  const [only, another] = fitting
  if (!only)
    return {
      code: 'wrong-reply',
      detail: `no read of this probe is answered with ${count} registers; give the request`,
    }
  if (another)
    return {
      code: 'ambiguous',
      detail: `${fitting.length} reads of this probe fit ${count} registers; give the request`,
    }
  return requestOf(only, count)
}

/** Whether the first `count` registers of a longer read hold a whole value. */
const holdsValue = (profile: Profile, read: ProfileRead, count: number): boolean =>
  count > 0 &&
  count < read.count &&
  profile.values.some(
    (value) =>
      (value.function ?? read.function) === read.function &&
      value.address >= read.address &&
      value.address + registersOf(value.type) <= read.address + count,
  )

function adviceFor(profile: Profile, asked: ReadRequest, exception: number): string {
  const read = profile.reads.find(
    (each) =>
      each.function === asked.function && each.address === asked.address && each.count === asked.count,
  )
  return exception === 2 && read?.fallbackCount !== undefined
    ? `; its smaller variant is asked for ${read.fallbackCount} registers`
    : ''
}

import { utf8 } from '#contract/ground/bytes.ts'
import type { DecodeError } from '../../observation.ts'
import type { Waited, Wire } from '../wire.ts'
import { findPacket } from './find-packet.ts'

/**
 * A Davis console sleeps to save its batteries. One packet:
 *
 *   \n ─►            up to three times, 1.2 s apart
 *        ◄─ \n\r     awake for two minutes
 *   LOOP 1\n ─►
 *        ◄─ 06       then, when its radio has heard the next round (2.5 s)
 *        ◄─ LOO … CRC, 99 bytes
 */
export type ConsoleAnswer =
  | { readonly kind: 'packet'; readonly bytes: Uint8Array; readonly faults: readonly DecodeError[] }
  | { readonly kind: 'failed'; readonly faults: readonly DecodeError[] }
  | { readonly kind: 'line-gone'; readonly reason: string }

const WAKE = utf8('\n')
const WAKE_TRIES = 3
const WAKE_MS = 1200
const LOOP = utf8('LOOP 1\n')
const ACK = 0x06
const LF = 0x0a
const CR = 0x0d
// Two ways to say no: 0x21 in Davis's paper, 0x15 on the wire of several consoles.
const REFUSALS = [0x21, 0x15]
const ACK_MS = 1500
const PACKET_MS = 5000
const PACKET_TRIES = 2

/** Never rejects; takes at most some 17 s. A packet that came damaged is asked for once more at once. */
export async function askConsole(wire: Wire): Promise<ConsoleAnswer> {
  const faults: DecodeError[] = []
  const stray = wire.discard()
  if (stray > 0)
    faults.push({ code: 'stray-bytes', detail: `${stray} bytes came while nothing was being asked` })
  const awake = await wake(wire)
  if (awake.kind === 'line-gone') return awake
  if (awake.kind === 'time-is-up') {
    faults.push({ code: 'timeout', detail: `not awake after ${WAKE_TRIES} tries` })
    return { kind: 'failed', faults }
  }
  for (let tries = 0; tries < PACKET_TRIES; tries++) {
    // A slow console answers two tries to wake it at once.
    wire.discard()
    const answer = await askPacket(wire)
    if (answer.kind === 'line-gone') return answer
    faults.push(...answer.faults)
    if (answer.kind === 'packet') return { ...answer, faults }
    if (!answer.faults.some(({ code }) => code === 'crc')) break
  }
  return { kind: 'failed', faults }
}

async function askPacket(wire: Wire): Promise<ConsoleAnswer> {
  const failed = (code: string, detail: string): ConsoleAnswer => ({
    kind: 'failed',
    faults: [{ code, detail }],
  })
  const taken = await wire.ask(LOOP, firstWord, ACK_MS)
  if (taken.kind === 'line-gone') return taken
  if (taken.kind === 'time-is-up') return failed('timeout', `no answer to LOOP within ${ACK_MS} ms`)
  if (taken.value !== ACK)
    return failed('not-acknowledged', `LOOP was answered with 0x${taken.value.toString(16).padStart(2, '0')}`)
  let skipped = 0
  let hasBadCrc = false
  const packet = await wire.ask<Uint8Array | 'damaged'>(
    new Uint8Array(),
    (held) => {
      const found = findPacket(held)
      skipped += found.from
      if (found.kind === 'packet') return { value: found.bytes, taken: found.from + found.bytes.length }
      hasBadCrc ||= found.hasBadCrc
      // What is left may be the beginning of the right one, when LOO stood in the noise before it.
      return hasBadCrc && found.from === held.length
        ? { value: 'damaged', taken: found.from }
        : { taken: found.from }
    },
    PACKET_MS,
  )
  if (packet.kind === 'line-gone') return packet
  if (packet.kind === 'time-is-up' && !hasBadCrc)
    return failed(
      'timeout',
      `no whole packet within ${PACKET_MS} ms (${skipped + wire.discard()} bytes came)`,
    )
  if (packet.kind === 'time-is-up' || packet.value === 'damaged')
    return failed('crc', 'the CRC of the LOOP packet is wrong')
  const faults = skipped > 0 ? [{ code: 'stray-bytes', detail: `${skipped} bytes before the packet` }] : []
  return { kind: 'packet', bytes: packet.value, faults }
}

async function wake(wire: Wire): Promise<Waited<true>> {
  let answer: Waited<true> = { kind: 'time-is-up' }
  for (let tries = 0; tries < WAKE_TRIES && answer.kind === 'time-is-up'; tries++)
    answer = await wire.ask<true>(WAKE, isAwake, WAKE_MS)
  return answer
}

/** It answers \n\r; behind a converter that mends line ends, \r\n. */
function isAwake(held: Uint8Array): { value?: true; taken: number } {
  const at = held.findIndex(
    (byte, index) => (byte === LF && held[index + 1] === CR) || (byte === CR && held[index + 1] === LF),
  )
  return at < 0 ? { taken: 0 } : { value: true, taken: at + 2 }
}

/** ACK or a refusal; the line ends that belong to the waking may still come before it. */
function firstWord(held: Uint8Array): { value?: number; taken: number } {
  const at = held.findIndex((byte) => byte !== LF && byte !== CR)
  if (at < 0) return { taken: held.length }
  const word = held.findIndex((byte) => byte === ACK || REFUSALS.includes(byte))
  return word < 0 ? { taken: 0 } : { value: held[word]!, taken: word + 1 }
}

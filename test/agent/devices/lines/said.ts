import { utf8 } from '#contract/ground/bytes.ts'
import type { LineFormat } from '../../../../agent/devices/lines/line-talker.ts'
import type { DecodeResult } from '../../../../agent/devices/observation.ts'

/** What a line gave, short enough to compare: `quantity channel` → value, and the codes of what was wrong. */
export function said(format: LineFormat, line: string | Uint8Array) {
  return shortly(format.decode(typeof line === 'string' ? utf8(line) : line))
}

export function shortly({ readings, errors, ignored, ignoredFields }: DecodeResult) {
  return {
    values: Object.fromEntries(
      readings.map(({ quantity, channel, value }) => [channel ? `${quantity} ${channel}` : quantity, value]),
    ),
    codes: errors.map(({ code }) => code),
    ignored,
    ignoredFields,
  }
}

/** A sentence with its checksum, computed apart from the agent. */
export function sentence(body: string): string {
  const sum = [...body].reduce((xor, char) => xor ^ char.charCodeAt(0), 0)
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}`
}

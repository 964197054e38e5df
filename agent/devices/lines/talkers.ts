import { utf8 } from '#contract/ground/bytes.ts'
import type { LineSettings } from '../../bus/byte-line.ts'
import { DavisTalker } from './davis/talker.ts'
import type { LineTalker, TalkerOutside } from './line-talker.ts'
import { ListeningTalker } from './listening-talker.ts'
import { NmeaFormat } from './nmea/format.ts'
import { PatternFormat } from './patterns/format.ts'
import type { Pattern } from './patterns/pattern.ts'
import { Rg15Format } from './rg15/format.ts'

/** Every kind of talking device, as the config describes it. `name` is the device that its readings are kept under. */
export type TalkerSpec =
  | ({
      readonly kind: 'lines'
      readonly name: string
      readonly keepEveryS: number
      readonly everyS: number
      readonly ask?: string | undefined
    } & Pattern)
  | {
      readonly kind: 'nmea'
      readonly name: string
      readonly keepEveryS: number
      readonly needsChecksum: boolean
      readonly markDeg?: number | undefined
    }
  | { readonly kind: 'davis'; readonly name: string; readonly everyS: number; readonly rainClickMm: number }
  | { readonly kind: 'rg15'; readonly name: string; readonly everyS: number }

/** As the devices leave the factory; NMEA 0183 is 4800 by its standard. */
export const TALKER_LINES: Readonly<Record<TalkerSpec['kind'], LineSettings>> = {
  lines: { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 },
  nmea: { baudRate: 4800, parity: 'none', dataBits: 8, stopBits: 1 },
  davis: { baudRate: 19_200, parity: 'none', dataBits: 8, stopBits: 1 },
  rg15: { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 },
}

// An ESP's JSON with twenty sensors is some 1500 bytes; the others' longest line is a fraction of that.
const MAX_LINE_BYTES = 4096
const ANSWER_MS = 3000

export function createTalker(spec: TalkerSpec, outside: TalkerOutside): LineTalker {
  const { name: device } = spec
  const listening = { device, outside, maxLineBytes: MAX_LINE_BYTES }
  switch (spec.kind) {
    case 'lines': {
      const { ask, everyS, keepEveryS } = spec
      const prompt =
        ask === undefined
          ? undefined
          : { bytes: utf8(ask), everyMs: everyS * 1000, timeoutMs: Math.min(ANSWER_MS, everyS * 1000) }
      const format = new PatternFormat(device, spec)
      // A board that passes on what nodes say is no device of its own: what is wrong with it is the line's.
      const onFault: TalkerOutside['onFault'] = (subject, code, detail) =>
        outside.onFault(spec.node !== undefined && subject === device ? null : subject, code, detail)
      return new ListeningTalker({
        ...listening,
        outside: { ...outside, onFault },
        format,
        keepEveryMs: keepEveryS * 1000,
        prompt,
      })
    }
    case 'nmea':
      return new ListeningTalker({
        ...listening,
        format: new NmeaFormat({ device, needsChecksum: spec.needsChecksum, markDeg: spec.markDeg }),
        keepEveryMs: spec.keepEveryS * 1000,
      })
    case 'davis':
      return new DavisTalker({
        device,
        outside,
        everyMs: spec.everyS * 1000,
        rainClickMm: spec.rainClickMm,
      })
    case 'rg15': {
      const everyMs = spec.everyS * 1000
      const prompt = { bytes: utf8('R\n'), everyMs, timeoutMs: Math.min(ANSWER_MS, everyMs) }
      // Set to talk by itself it adds a line for each drop; they are read too, but kept no more often than asked.
      return new ListeningTalker({
        ...listening,
        format: new Rg15Format(device),
        keepEveryMs: everyMs,
        prompt,
      })
    }
  }
}

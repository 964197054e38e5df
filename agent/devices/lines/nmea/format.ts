import { type DecodeResult, NOTHING } from '../../observation.ts'
import type { LineFormat } from '../line-talker.ts'
import { refusedLine, refusedNoise, textOf } from '../line-text.ts'
import { Found } from './found.ts'
import { pressureTwice } from './pressure.ts'
import { parseSentence, type Sentence } from './sentence.ts'
import { transducers } from './transducers.ts'
import { type Mast, windByCompass, windFromBow, windFromMark } from './wind.ts'

export interface NmeaOptions extends Mast {
  /** Name of the device that its readings are kept under. */
  readonly device: string
  /** Whether a sentence without a checksum is refused; true if not given. */
  readonly needsChecksum?: boolean
}

const CELSIUS = { C: 'C', F: 'F', '': 'C' }

/** Weather out of NMEA 0183, whoever talks (WI, II, YX, …). Positions, depths and the rest are left alone. */
const SENTENCES: Readonly<Record<string, (found: Found, fields: readonly string[], mast: Mast) => void>> = {
  MWV: windFromMark,
  MWD: windByCompass,
  VWR: (found, fields, mast) => windFromBow(found, fields, true, mast),
  VWT: (found, fields, mast) => windFromBow(found, fields, false, mast),
  /** inches, I, bars, B, air, C, water, C, humidity, absolute humidity, dew point, C, then as MWD. */
  MDA: (found, fields) => {
    pressureTwice(found, fields.slice(0, 2), fields.slice(2, 4))
    found.value('air-temperature', '', fields[4], fields[5], CELSIUS)
    found.value('water-temperature', '', fields[6], fields[7], CELSIUS)
    found.value('air-humidity', '', fields[8], '', { '': '%' })
    if (fields[9]) found.ignoredFields++
    found.value('dew-point', '', fields[10], fields[11], CELSIUS)
    windByCompass(found, fields.slice(12))
  },
  MTA: (found, fields) => found.value('air-temperature', '', fields[0], fields[1], CELSIUS),
  MTW: (found, fields) => found.value('water-temperature', '', fields[0], fields[1], CELSIUS),
  MHU: (found, fields) => {
    found.value('air-humidity', '', fields[0], '', { '': '%' })
    if (fields[1]) found.ignoredFields++
    found.value('dew-point', '', fields[2], fields[3], CELSIUS)
  },
  MMB: (found, fields) => pressureTwice(found, fields.slice(0, 2), fields.slice(2, 4)),
  XDR: transducers,
}

export class NmeaFormat implements LineFormat {
  readonly #options: NmeaOptions

  constructor(options: NmeaOptions) {
    this.#options = options
  }

  decode(line: Uint8Array): DecodeResult {
    const text = textOf(line)
    if (text === undefined) return refusedNoise(line)
    const parsed = parseSentence(text, this.#options.needsChecksum ?? true)
    if (parsed.kind === 'refused') return refusedLine(parsed.code, parsed.why, line)
    return this.#weatherOf(parsed.sentence)
  }

  #weatherOf({ talker, type, fields }: Sentence): DecodeResult {
    const { device } = this.#options
    const read = talker !== '' && Object.hasOwn(SENTENCES, type) ? SENTENCES[type] : undefined
    if (!read) return { ...NOTHING, ignoredFields: fields.length, deviceSeen: { id: device } }
    const found = new Found(device)
    read(found, fields, this.#options)
    return found.result()
  }
}

import type { Clock } from '#contract/ground/clock.ts'
import type { ByteLine, LineSettings } from './bus/byte-line.ts'
import type { LineTalker } from './devices/lines/line-talker.ts'
import { createTalker, TALKER_LINES } from './devices/lines/talkers.ts'
import type { Observation } from './devices/observation.ts'
import type { TalkerConfig } from './talker-config.ts'

/** A bus with one talking device, made from the config. */
export function talkerInput(options: {
  readonly bus: string
  readonly talker: TalkerConfig
  readonly line: ByteLine
  readonly clock: Clock
  readonly accept: (bus: string, observations: readonly Observation[], wait: 'window') => Promise<void>
  readonly onSeen: (device: string, bus: string) => void
  readonly onFault: (subject: string, code: string, detail: string) => void
}): LineTalker {
  const { bus, talker, line, clock, accept, onSeen, onFault } = options
  return createTalker(talker, {
    line,
    clock,
    onReadings: (observations) => accept(bus, observations, 'window'),
    onSeen: (device) => onSeen(device, bus),
    onFault: (device, code, detail) => onFault(device ?? bus, code, detail),
  })
}

/** How the port of a talker is set: as its kind leaves the factory, unless the config says otherwise. */
export function talkerSettings({ kind, line }: TalkerConfig): LineSettings {
  const { baudRate, parity, dataBits, stopBits } = line
  return { baudRate: baudRate ?? TALKER_LINES[kind].baudRate, parity, dataBits, stopBits }
}

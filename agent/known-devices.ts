import type { AgentConfig } from './config.ts'
import type { DeviceNotes } from './reading-stream.ts'
import { isOfTalker, talkerOf } from './talker-config.ts'

export interface KnownDevice {
  readonly name: string
  readonly bus: string
  readonly place: string
  /** Undefined: learnt from its rhythm. */
  readonly everyMs: number | undefined
}

/** Every device that the config names: probes and talkers by their bus, others by what is said of them under `devices`. */
export function* knownDevices(config: AgentConfig): Generator<KnownDevice> {
  for (const bus of config.buses) {
    const talker = talkerOf(bus)
    // One that passes on what nodes say never speaks for itself; its nodes are known once they are heard.
    if (talker && !('node' in talker && talker.node !== undefined))
      yield { name: talker.name, bus: bus.name, place: talker.place, everyMs: talker.everyS * 1000 }
    if (!('probes' in bus)) continue
    for (const { name, place, everyS } of bus.probes)
      yield { name, bus: bus.name, place, everyMs: everyS * 1000 }
  }
  for (const [name, { place, everyS }] of Object.entries(config.devices))
    yield { name, bus: '', place, everyMs: everyS === undefined ? undefined : everyS * 1000 }
}

/** Where a device stands and how it is calibrated, as the config says. */
export function notesOf(config: AgentConfig, device: string): DeviceNotes {
  for (const bus of config.buses) {
    const probe = 'probes' in bus ? bus.probes.find((each) => each.name === device) : undefined
    if (probe) return { place: probe.place, calibration: probe.calibration }
    const talker = talkerOf(bus)
    if (talker && isOfTalker(talker, device) && !config.devices[device])
      return { place: talker.place, calibration: talker.calibration }
  }
  const known = config.devices[device]
  return { place: known?.place ?? '', calibration: known?.calibration }
}

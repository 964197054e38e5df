import type { Clock } from '#contract/ground/clock.ts'
import type { Random } from '#contract/ground/random.ts'
import { SerialLine } from '../bus/serial-line.ts'
import { TcpLine } from '../bus/tcp-line.ts'
import type { InputsOptions } from '../inputs.ts'

/** Serial ports and sockets of this machine. */
export const openRealLine =
  (clock: Clock, random: Random): InputsOptions['openLine'] =>
  (bus, settings) =>
    bus.kind === 'serial'
      ? new SerialLine({ path: bus.path, settings, clock, random })
      : new TcpLine({ host: bus.host, port: bus.port, clock, random })

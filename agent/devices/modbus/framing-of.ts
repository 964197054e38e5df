import { asciiFraming } from './ascii-frame.ts'
import type { Framing } from './framing.ts'
import { rtuFraming } from './rtu-frame.ts'
import { TcpFraming } from './tcp-frame.ts'

/**
 * How frames look on a line: `rtu` and `ascii` on a serial port, `tcp` to a device or a converter that speaks Modbus
 * TCP, and `rtu` over a socket to a cheap serial server, which hands the bytes of the wire through as they are.
 */
export type ModbusProtocol = 'rtu' | 'ascii' | 'tcp'

/** A framing for one line: Modbus TCP numbers its questions, so two lines don't share one. */
export function framingOf(protocol: ModbusProtocol): Framing {
  switch (protocol) {
    case 'rtu':
      return rtuFraming
    case 'ascii':
      return asciiFraming
    case 'tcp':
      return new TcpFraming()
  }
}

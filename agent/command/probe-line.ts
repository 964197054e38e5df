import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { ByteLine, LineSettings } from '../bus/byte-line.ts'
import { SerialLine } from '../bus/serial-line.ts'
import { portHolder } from '../bus/serial-ports.ts'
import { TcpLine } from '../bus/tcp-line.ts'
import type { ModbusProtocol } from '../devices/modbus/framing-of.ts'

/** Which line `probe read` and `probe identify` are to ask on, as it was typed. */
export interface LineWords {
  readonly port?: string
  readonly host?: string
  readonly protocol?: string
}

export interface WantedLine {
  readonly protocol: ModbusProtocol
  /** True where speed and parity are set on the converter. */
  readonly isTcp: boolean
  readonly open: (settings: LineSettings) => ByteLine
}

const MODBUS_PORT = 502

/** Throws `input-invalid` for words that name no line, `link-refused` for a port that another program holds. */
export function wantedLine(words: LineWords): WantedLine {
  const { port, host } = words
  const clock = systemClock
  const random = Math.random
  if ((port === undefined) === (host === undefined))
    throw new VuonError('input-invalid', 'One line is asked: give --port or --host.', {
      hint: 'Such as --port /dev/ttyUSB0, or --host 192.168.1.50:502.',
    })
  const isTcp = host !== undefined
  const protocol = protocolOf(words.protocol, isTcp)
  if (port !== undefined) {
    refuseAgentsPort(port)
    return {
      protocol,
      isTcp,
      open: (settings) => new SerialLine({ path: port, settings, clock, random }),
    }
  }
  const address = hostAndPort(host ?? '')
  return { protocol, isTcp, open: () => new TcpLine({ ...address, clock, random }) }
}

/**
 * Two that ask on one line spoil each other's frames. Other holders are left to the operating system: a pair of
 * pseudo-terminals is held by whoever made it, and bears a second one.
 */
function refuseAgentsPort(path: string): void {
  const holder = portHolder(path)
  if (holder?.program !== 'vuon-agent') return
  throw new VuonError('link-refused', `${path} is in use by the agent (process ${holder.pid}).`, {
    hint: 'Stop it for this: systemctl stop vuon-agent',
  })
}

function protocolOf(word: string | undefined, isTcp: boolean): ModbusProtocol {
  const known: readonly ModbusProtocol[] = isTcp ? ['tcp', 'rtu'] : ['rtu', 'ascii']
  const chosen = known.find((each) => each === (word ?? known[0]))
  if (chosen) return chosen
  throw new VuonError(
    'input-invalid',
    `"${word}" is not spoken ${isTcp ? 'over TCP' : 'on a serial port'}.`,
    {
      hint: `--protocol ${known.join(' or ')}`,
    },
  )
}

/** `host`, `host:port`, `[::1]:port`. */
export function hostAndPort(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? MODBUS_PORT : Number(digits)
  if (host === undefined || port < 1 || port > 65_535)
    throw new VuonError('input-invalid', `"${text}" is not a host.`, { hint: 'Such as 192.168.1.50:502.' })
  return { host, port }
}

/** A whole number between the two, or `input-invalid`. */
export function wholeNumber(text: string, what: string, low: number, high: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (number >= low && number <= high) return number
  throw new VuonError('input-invalid', `${what} "${text}" is not a whole number from ${low} to ${high}.`, {
    hint:
      what === 'unit'
        ? 'Address 0 and those from 248 reach all probes, or reset some; they are never asked.'
        : 'Mend it.',
  })
}

import { parseArgs } from 'node:util'
import { ServerSerial, ServerTCP } from 'modbus-serial'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { FARM_PROBES, type Registers } from './farm-day.ts'

/**
 * Probes made of modbus-serial, which is not our code: on a serial line, on Modbus TCP, or both.
 *
 *   node test/world/slaves/modbus-serial-slave.ts --tcp 1502 --unit 1=xy-md02 --unit 2=cwt-soil-7in1
 *   node test/world/slaves/modbus-serial-slave.ts --serial /dev/pts/4 --baud 4800 --unit 1=cwt-soil-7in1 --set 1:3:1=0xFFCE
 *
 * `--set UNIT:FUNCTION:REGISTER=VALUE` nails a register down, `--day-s 600` lets a day pass in ten minutes.
 * Prints one line `ready` when it can be asked. A register that is not there is exception 02, a unit that is not
 * there stays silent on a serial line and is exception 11 on TCP.
 */
const { values: options } = parseArgs({
  options: {
    serial: { type: 'string' },
    baud: { type: 'string', default: '9600' },
    parity: { type: 'string', default: 'none' },
    tcp: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    unit: { type: 'string', multiple: true, default: ['1=xy-md02', '2=cwt-soil-7in1'] },
    set: { type: 'string', multiple: true, default: [] },
    'day-s': { type: 'string', default: '86400' },
  },
})

const ILLEGAL_ADDRESS = 2
const GATEWAY_TARGET_SILENT = 11

const units = new Map(options.unit.map((each) => unitOf(each)))
const fixed = new Map(options.set.map((each) => fixedOf(each)))
const dayMs = Number(options['day-s']) * 1000

if (options.tcp !== undefined) {
  const port = Number(options.tcp)
  const server = new ServerTCP(vector(GATEWAY_TARGET_SILENT), { host: options.host, port })
  server.on('initialized', () => console.log(`ready tcp ${options.host}:${port}`))
  server.on('serverError', fail)
  server.on('socketError', () => {})
}
if (options.serial !== undefined) {
  const path = options.serial
  const server = new ServerSerial(vector('silent'), {
    path,
    baudRate: Number(options.baud),
    parity: options.parity as 'none' | 'even' | 'odd',
    // How long a pause ends a question. 3.5 characters at 4800 baud are 7.3 ms.
    ...{ interval: 8 },
    openCallback: (error) => (error ? fail(error) : console.log(`ready serial ${path}`)),
  })
  server.on('error', fail)
}
if (options.tcp === undefined && options.serial === undefined)
  fail(new Error('say --tcp PORT or --serial PATH'))

type Answer = (error: { modbusErrorCode: number } | null, value: number[]) => void

function vector(unknownUnit: number | 'silent') {
  const read =
    (code: 3 | 4) =>
    (address: number, count: number, unit: number, answer: Answer): void => {
      const registers = registersOf(unit)
      if (!registers) {
        if (unknownUnit !== 'silent') answer({ modbusErrorCode: unknownUnit }, [])
        return
      }
      const table = code === 3 ? registers.holding : registers.input
      const words = Array.from(
        { length: count },
        (_, index) => fixed.get(`${unit}:${code}:${address + index}`) ?? table.get(address + index),
      )
      if (words.some((word) => word === undefined)) answer({ modbusErrorCode: ILLEGAL_ADDRESS }, [])
      else answer(null, words as number[])
    }
  return {
    getMultipleHoldingRegisters: read(3) as never,
    getMultipleInputRegisters: read(4) as never,
  }
}

function registersOf(unit: number): Registers | undefined {
  const probe = units.get(unit)
  // The day begins at midnight in Vietnam.
  const hour = (((systemClock.wallMs() + 7 * 3_600_000) % dayMs) / dayMs) * 24
  return probe?.(hour, unit)
}

function unitOf(stated: string): [number, (hour: number, unit: number) => Registers] {
  const [unit, name = ''] = stated.split('=')
  const probe = FARM_PROBES[name]
  if (!probe) fail(new Error(`--unit ${stated}: known are ${Object.keys(FARM_PROBES).join(', ')}`))
  return [Number(unit), probe]
}

function fixedOf(stated: string): [string, number] {
  const found = /^(\d+:[34]:\d+)=(0x[0-9a-f]+|\d+)$/i.exec(stated)
  if (!found) fail(new Error(`--set ${stated}: write UNIT:FUNCTION:REGISTER=VALUE`))
  return [found[1]!, Number(found[2])]
}

function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}

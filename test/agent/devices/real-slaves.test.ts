import { describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { ByteLine } from '../../../agent/bus/byte-line.ts'
import { SerialLine } from '../../../agent/bus/serial-line.ts'
import { TcpLine } from '../../../agent/bus/tcp-line.ts'
import type { Framing } from '../../../agent/devices/modbus/framing.ts'
import type { PolledProbe } from '../../../agent/devices/modbus/polled-probe.ts'
import { ModbusPoller } from '../../../agent/devices/modbus/poller.ts'
import { loadProfile } from '../../../agent/devices/modbus/profile.ts'
import { rtuFraming } from '../../../agent/devices/modbus/rtu-frame.ts'
import { TcpFraming } from '../../../agent/devices/modbus/tcp-frame.ts'
import type { Observation } from '../../../agent/devices/observation.ts'
import { findTool, freePort, hasPymodbus, socatPair } from '../../world/real-services.ts'
import { running } from '../../world/running.ts'
import { startModbusSerialSlave, startPymodbusSlave } from '../../world/slaves/start-slave.ts'

const AIR = loadProfile('xy-md02')
const SOIL = loadProfile('cwt-soil-7in1')
const clock = systemClock
const random = () => 0.5

const probe = (name: string, unit: number, profile: typeof AIR): PolledProbe => ({
  name,
  unit,
  profile,
  everyMs: 1000,
  timeoutMs: profile.replyTimeoutMs,
  settings: AIR.line,
})

/** A poller with what it gave so far, and a way to wait for what a test needs without sleeping for it. */
function poll(line: ByteLine, framing: Framing, probes: readonly PolledProbe[]) {
  const latest = new Map<string, number>()
  const faults: string[] = []
  const ups: boolean[] = []
  let wake = () => {}
  const poller = running(
    new ModbusPoller({
      line,
      framing,
      probes,
      clock,
      onReadings: async (device, observations: readonly Observation[]) => {
        for (const { quantity, value } of observations) latest.set(`${device}/${quantity}`, value)
        wake()
      },
      onFault: (device, code) => {
        faults.push(`${device}: ${code}`)
        wake()
      },
      onLine: (isUp) => {
        ups.push(isUp)
        wake()
      },
    }),
  )
  poller.start()
  const until = async (isSo: () => boolean) => {
    while (!isSo())
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  return { poller, latest, faults, ups, until }
}

const serialLine = (path: string) => new SerialLine({ path, settings: AIR.line, clock, random })

describe('modbus-serial as the slave, over a serial line [needs socat]', () => {
  test.skipIf(!findTool('socat'))(
    'two probes are read, the small one by its fallback, the absent one given up',
    async () => {
      const pair = running(await socatPair())
      running(
        await startModbusSerialSlave(
          ...[
            '--serial',
            pair.there,
            '--unit',
            '1=xy-md02',
            '--unit',
            '2=cwt-soil-7in1',
            '--unit',
            '3=cwt-soil-3in1',
          ],
          ...['--set', '1:4:1=0xFF33', '--set', '1:4:2=600', '--set', '2:3:0=341', '--set', '3:3:1=268'],
        ),
      )
      const probes = [
        probe('air', 1, AIR),
        probe('soil', 2, SOIL),
        probe('small', 3, SOIL),
        probe('absent', 9, AIR),
      ]
      const { latest, faults, until, poller } = poll(serialLine(pair.here), rtuFraming, probes)
      await until(() => latest.has('small/soil-temperature') && faults.includes('absent: timeout'))
      expect(Object.fromEntries(latest)).toMatchObject({
        'air/air-temperature': -20.5,
        'air/air-humidity': 60,
        'soil/soil-moisture': 34.1,
        'soil/soil-ph': 6.1,
        'soil/soil-potassium': 83,
        'small/soil-temperature': 26.8,
      })
      expect(latest.has('small/soil-ph')).toBe(false)
      expect(faults.filter((fault) => fault !== 'absent: timeout')).toEqual(['small: exception'])
      const answer = await poller.readOnce(probes[0]!)
      expect(answer.exchanges[0]).toMatchObject({ request: '010400010002200b' })
      expect(answer.readings.map(({ value }) => value)).toEqual([-20.5, 60])
    },
  )

  test.skipIf(!findTool('socat'))(
    'a stick that is pulled and pushed in again goes on by itself',
    async () => {
      const first = await socatPair()
      const slaveOfFirst = await startModbusSerialSlave('--serial', first.there, '--unit', '1=xy-md02')
      const { latest, faults, ups, until } = poll(serialLine(first.here), rtuFraming, [probe('air', 1, AIR)])
      await until(() => latest.has('air/air-temperature'))
      await slaveOfFirst.kill()
      await first.stop()
      await until(() => ups.at(-1) === false)
      expect(faults).toContain('null: link-down')
      latest.clear()
      const second = running(await socatPair(first.here.slice(0, first.here.lastIndexOf('/'))))
      running(await startModbusSerialSlave('--serial', second.there, '--unit', '1=xy-md02'))
      await until(() => latest.has('air/air-temperature'))
      expect(ups).toEqual([true, false, true])
    },
  )
})

describe('modbus-serial as the slave, over Modbus TCP', () => {
  test('probes behind a converter are read; a unit that is not there is exception 11', async () => {
    const port = await freePort()
    running(
      await startModbusSerialSlave('--tcp', String(port), '--unit', '1=xy-md02', '--unit', '2=cwt-soil-7in1'),
    )
    const line = new TcpLine({ host: '127.0.0.1', port, clock, random })
    const probes = [probe('air', 1, AIR), probe('soil', 2, SOIL), probe('absent', 9, AIR)]
    const { latest, faults, until } = poll(line, new TcpFraming(), probes)
    await until(() => latest.has('soil/soil-ph') && faults.length > 0)
    const temperature = latest.get('air/air-temperature')!
    expect(temperature).toBeGreaterThanOrEqual(23)
    expect(temperature).toBeLessThanOrEqual(34)
    expect(latest.get('soil/soil-ph')).toBe(6.1)
    expect(new Set(faults)).toEqual(new Set(['absent: exception']))
  })
})

describe('pymodbus as the slave, over a serial line [needs socat, pymodbus]', () => {
  test.skipIf(!findTool('socat') || !hasPymodbus())(
    'it agrees on every register, function and exception',
    async () => {
      const pair = running(await socatPair())
      running(
        await startPymodbusSlave(
          ...[
            '--serial',
            pair.there,
            '--input',
            '1:1=0xFFB5,883',
            '--holding',
            '2:0=225,0xFFF6,160,55,11,15,32',
          ],
          ...['--holding', '3:0=298,271,350'],
        ),
      )
      const probes = [probe('air', 1, AIR), probe('soil', 2, SOIL), probe('small', 3, SOIL)]
      const { latest, faults, until } = poll(serialLine(pair.here), rtuFraming, probes)
      await until(() => latest.has('small/soil-temperature') && latest.has('air/air-temperature'))
      expect(Object.fromEntries(latest)).toMatchObject({
        'air/air-temperature': -7.5,
        'air/air-humidity': 88.3,
        'soil/soil-temperature': -1,
        'soil/soil-potassium': 32,
        'small/soil-conductivity': 350,
      })
      expect(faults).toEqual(['small: exception'])
    },
  )
})

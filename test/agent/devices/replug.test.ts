import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { SerialLine } from '../../../agent/bus/serial-line.ts'
import { TcpLine } from '../../../agent/bus/tcp-line.ts'
import { agentConfigSchema } from '../../../agent/config.ts'
import type { Observation } from '../../../agent/devices/observation.ts'
import { Inputs } from '../../../agent/inputs.ts'
import { findTool, freePort, hasPymodbus, socatPair } from '../../world/real-services.ts'
import { running } from '../../world/running.ts'
import { startModbusSerialSlave, startPymodbusSlave } from '../../world/slaves/start-slave.ts'

/** A stick is pulled while its probes are being read, and pushed in again. */
const clock = systemClock
const random = () => 0.5

interface Kept extends Observation {
  readonly at: number
}

describe('a stick that is pulled under load [needs socat, pymodbus]', () => {
  test.skipIf(!findTool('socat') || !hasPymodbus())(
    'costs the silence and nothing else: the gap shows, readings go on, none is there twice, the other bus notices nothing',
    async () => {
      const startStick = async (folder?: string) => {
        const pair = await socatPair(folder)
        const slave = await startPymodbusSlave(
          ...['--serial', pair.there, '--input', '1:1=305,612', '--input', '2:1=215,880'],
        )
        return { pair, slave }
      }
      const first = await startStick()
      const { here } = first.pair
      const tcpPort = await freePort()
      running(await startModbusSerialSlave('--tcp', String(tcpPort), '--unit', '1=xy-md02'))
      const config = agentConfigSchema.parse({
        buses: [
          {
            kind: 'serial',
            name: 'stick',
            path: here,
            probes: [1, 2].map((unit) => ({ name: `air-${unit}`, profile: 'xy-md02', unit, everyS: 1 })),
          },
          {
            kind: 'modbus-tcp',
            name: 'other',
            host: '127.0.0.1',
            port: tcpPort,
            probes: [{ name: 'calm', profile: 'xy-md02', unit: 1, everyS: 1 }],
          },
        ],
      })
      const kept: Kept[] = []
      const faults: string[] = []
      let wake = () => {}
      const until = async (isSo: () => boolean) => {
        while (!isSo())
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
      const inputs = new Inputs({
        buses: config.buses,
        clock,
        random,
        openLine: (bus, settings) =>
          bus.kind === 'serial'
            ? new SerialLine({ path: bus.path, settings, clock, random })
            : new TcpLine({ host: bus.host, port: bus.port, clock, random }),
        openSource: () => {
          throw new Error('there is no broker in this test')
        },
        takePhoto: async () => 'bad',
        accept: async (_bus, observations) => {
          const at = clock.monotonicMs()
          kept.push(...observations.map((each) => ({ ...each, at })))
          wake()
        },
        onSeen: () => {},
        onFault: (subject, code) => {
          faults.push(`${subject}: ${code}`)
          wake()
        },
      })
      running({ stop: () => inputs.stop() })
      await inputs.start()
      const of = (device: string) =>
        kept.filter((each) => each.device === device && each.quantity === 'air-temperature')
      const busUp = (name: string) => inputs.states().find((each) => each.name === name)?.isUp

      await until(() => of('air-1').length >= 2 && of('air-2').length >= 1 && of('calm').length >= 1)
      // As udev does; the number of the old line may be another program's at once.
      rmSync(here, { force: true })
      await first.pair.stop()
      await until(() => faults.includes('stick: link-down'))
      expect(busUp('stick')).toBe(false)
      expect(inputs.states().find(({ name }) => name === 'stick')?.detail).toContain(here)
      expect(busUp('other')).toBe(true)
      await first.slave.kill()
      const before = { air: of('air-1').length, calm: of('calm').length, at: clock.monotonicMs() }

      const second = await startStick(here.slice(0, here.lastIndexOf('/')))
      running(second.pair)
      running(second.slave)
      await until(
        () =>
          of('air-1').length >= before.air + 2 && of('air-2').length > 0 && of('calm').length > before.calm,
      )

      expect(busUp('stick')).toBe(true)
      for (const [device, value] of [
        ['air-1', 30.5],
        ['air-2', 21.5],
      ] as const) {
        expect(new Set(of(device).map((each) => each.value))).toEqual(new Set([value]))
        // One reading a turn: two of one probe closer than its floor would be one told twice.
        of(device).forEach((each, index, all) => {
          if (index > 0) expect(each.at - all[index - 1]!.at).toBeGreaterThan(500)
        })
      }
      // The silence is in the readings: none came while the stick was away.
      const back = of('air-1')[before.air]!
      expect(back.at).toBeGreaterThan(before.at)
      expect(faults.filter((fault) => fault === 'stick: link-down')).toEqual(['stick: link-down'])
      expect(faults.filter((fault) => fault.startsWith('other') || fault.startsWith('calm'))).toEqual([])
      const calm = of('calm').map(({ at }) => at)
      calm.forEach((at, index) => {
        if (index > 0) expect(at - calm[index - 1]!).toBeLessThan(1900)
      })
    },
    30_000,
  )
})

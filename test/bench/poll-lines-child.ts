/**
 * The agent's side of devices-lines.bench.ts in a process of its own, so that its CPU time is only its own:
 *
 *   node test/bench/poll-lines-child.ts PROFILE UNITS PATH..
 *
 * Polls UNITS probes on each serial line as fast as the line bears. A line on stdin is answered with a JSON line of
 * what happened since the last one; the end of stdin ends it.
 */
import { createInterface } from 'node:readline'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { SerialLine } from '../../agent/bus/serial-line.ts'
import { ModbusPoller } from '../../agent/devices/modbus/poller.ts'
import { loadProfile } from '../../agent/devices/modbus/profile.ts'
import { rtuFraming } from '../../agent/devices/modbus/rtu-frame.ts'

const [profileName = 'xy-md02', units = '25', ...paths] = process.argv.slice(2)
const profile = loadProfile(profileName)
const settings = { ...profile.line, baudRate: 9600 }
let readings = 0
const faults = new Map<string, number>()

const pollers = paths.map((path) => {
  const line = new SerialLine({ path, settings, clock: systemClock, random: Math.random })
  const probes = Array.from({ length: Number(units) }, (_, index) => ({
    name: `${path}/${index + 1}`,
    unit: index + 1,
    profile,
    everyMs: 1,
    timeoutMs: profile.replyTimeoutMs,
    settings,
  }))
  return new ModbusPoller({
    line,
    framing: rtuFraming,
    probes,
    clock: systemClock,
    onReadings: async (_device, observations) => {
      readings += observations.length
    },
    onFault: (_device, code) => faults.set(code, (faults.get(code) ?? 0) + 1),
  })
})
for (const poller of pollers) poller.start()

let since = performance.now()
let cpu = process.cpuUsage()
createInterface(process.stdin)
  .on('line', () => {
    const { user, system } = process.cpuUsage(cpu)
    const ms = performance.now() - since
    console.log(
      JSON.stringify({
        seconds: ms / 1000,
        cpuShare: (user + system) / 1000 / ms,
        userShare: user / 1000 / ms,
        readings,
        faults: Object.fromEntries(faults),
        rssMb: process.memoryUsage.rss() / 2 ** 20,
      }),
    )
    since = performance.now()
    cpu = process.cpuUsage()
    readings = 0
    faults.clear()
  })
  .on('close', async () => {
    await Promise.all(pollers.map((poller) => poller.stop()))
  })

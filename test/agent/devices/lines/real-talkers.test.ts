import { connect, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { SerialLine } from '../../../../agent/bus/serial-line.ts'
import { TcpLine } from '../../../../agent/bus/tcp-line.ts'
import { agentConfigSchema } from '../../../../agent/config.ts'
import { Inputs } from '../../../../agent/inputs.ts'
import { findTool, freePort, hasPyserial, socatPair } from '../../../world/real-services.ts'
import { running } from '../../../world/running.ts'
import { startTalker } from '../../../world/slaves/start-slave.ts'
import { sentence } from './said.ts'

/** Talking devices as processes of their own, read through the config as a technician writes it. */
function inputs(buses: string) {
  const config = parseConfig(agentConfigSchema, `buses:\n${buses}`, 'box.yaml')
  const latest = new Map<string, number>()
  const faults: string[] = []
  const seen: string[] = []
  let wake = () => {}
  const clock = systemClock
  const random = () => 0.5
  const all = new Inputs({
    buses: config.buses,
    clock,
    random,
    openLine: (bus, settings) =>
      bus.kind === 'serial'
        ? new SerialLine({ path: bus.path, settings, clock, random })
        : new TcpLine({ host: bus.host, port: bus.port, clock, random }),
    openSource: () => {
      throw new Error('there is no broker here')
    },
    accept: async (_bus, observations) => {
      for (const { device, quantity, channel, value } of observations)
        latest.set([device, quantity, channel].filter(Boolean).join(' '), value)
      wake()
    },
    takePhoto: async () => 'bad',
    onSeen: (device) => {
      seen.push(device)
      wake()
    },
    onFault: (subject, code) => {
      faults.push(`${subject}: ${code}`)
      wake()
    },
  })
  running({ stop: () => all.stop() })
  const until = async (isSo: () => boolean) => {
    while (!isSo())
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  return { all, latest, faults, seen, until }
}

const withTools = describe.skipIf(!findTool('socat') || !hasPyserial())

withTools('talkers over a serial line [needs socat, pyserial]', () => {
  test('a Davis console is woken, asked, and asked again after a damaged packet and a pulled stick', async () => {
    const pair = await socatPair()
    const console = await startTalker('davis', '--serial', pair.there, '--asleep', '1', '--spoil', '1')
    const { all, latest, faults, until } = inputs(
      `  - { kind: serial, name: port, path: ${pair.here}, talker: { kind: davis, name: davis, everyS: 5, rainClickMm: 0.254 } }`,
    )
    await all.start()
    await until(() => latest.has('davis rain'))
    expect(faults).toEqual(['davis: crc'])
    expect(latest.get('davis air-temperature')).toBeCloseTo(30.222, 3)
    expect(latest.get('davis wind-speed')).toBeCloseTo(9 * 0.44704, 6)
    expect(latest.get('davis air-pressure sea-level')).toBeCloseTo(29.871 * 33.86389, 6)
    expect(latest.get('davis rain')).toBeCloseTo(4321 * 0.254, 6)
    expect(latest.get('davis rain day')).toBeCloseTo(31 * 0.254, 6)
    expect(latest.get('davis soil-temperature 1')).toBeCloseTo(27.222, 3)
    expect(latest.get('davis solar-radiation')).toBe(812)
    await console.kill()
    await pair.stop()
    await until(() => faults.includes('port: link-down'))
    expect(all.states()).toMatchObject([{ name: 'port', kind: 'serial', isUp: false }])
    latest.clear()
    const second = running(await socatPair(pair.here.slice(0, pair.here.lastIndexOf('/'))))
    running(await startTalker('davis', '--serial', second.there))
    await until(() => latest.has('davis rain'))
  }, 30_000)

  test('an RG-15 is asked for its total; inches become millimetres, a dirty lens is told', async () => {
    const pair = running(await socatPair())
    running(await startTalker('rg15', '--serial', pair.there, '--inches', '--dirty'))
    const { all, latest, faults, until } = inputs(
      `  - { kind: serial, name: port, path: ${pair.here}, talker: { kind: rg15, name: mua, everyS: 60 } }`,
    )
    await all.start()
    await until(() => latest.has('mua rain') && faults.includes('mua: lens-dirty'))
    expect(latest.get('mua rain')).toBeCloseTo(12.6, 1)
    expect(latest.get('mua rain-rate')).toBeCloseTo(6, 1)
  })

  test('a board that prints JSON for ever is read; cut lines and failed sensors are counted', async () => {
    const pair = running(await socatPair())
    const { all, latest, faults, until } = inputs(`
  - kind: serial
    name: port
    path: ${pair.here}
    talker:
      kind: lines
      name: tram-lo-b
      format: json
      keepEveryS: 0
      values:
        - { from: t, quantity: air-temperature }
        - { from: /air/rh, quantity: air-humidity }
        - { from: /soil/1, quantity: soil-moisture, channel: 30cm }`)
    running(await startTalker('arduino', '--serial', pair.there))
    await all.start()
    await until(
      () =>
        latest.has('tram-lo-b air-temperature') &&
        faults.includes('tram-lo-b: not-a-number') &&
        faults.includes('tram-lo-b: not-json'),
    )
    expect(Object.fromEntries(latest)).toEqual({
      'tram-lo-b air-temperature': 27.4,
      'tram-lo-b air-humidity': 81,
      'tram-lo-b soil-moisture 30cm': 41,
    })
  })
})

test('a mast behind a TCP serial server is read, and again after the server let go', async () => {
  const port = await freePort()
  const speak = (body: string) => (socket: { write: (text: string) => void }) =>
    // The first may be the end of a sentence, as far as a listener knows.
    socket.write(`cut*00\r\n${sentence(body)}\r\n`)
  let isFirst = true
  const server = createServer((socket) => {
    socket.on('error', () => {})
    speak(isFirst ? 'WIMWV,090.0,R,10.0,N,A' : 'WIMTA,28.5,C')(socket)
    if (isFirst) socket.end()
    isFirst = false
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  running({ stop: () => new Promise((resolve) => void server.close(() => resolve())) })
  const { all, latest, faults, until } = inputs(
    `  - { kind: tcp-line, name: mast-port, host: 127.0.0.1, port: ${port}, talker: { kind: nmea, name: mast, markDeg: 10 } }`,
  )
  await all.start()
  await until(() => latest.has('mast air-temperature'))
  expect(latest.get('mast wind-direction')).toBe(100)
  expect(latest.get('mast wind-speed')).toBeCloseTo(5.14444, 6)
  expect(faults).toContain('mast-port: link-down')
  // Nobody else is kept out of the server for ever once the agent stops.
  await all.stop()
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
})

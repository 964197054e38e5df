import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { FaultProxy, kbits } from '../world/fault-proxy.ts'
import { readingsAtProvince } from '../world/kept.ts'
import { newBox, newProvince, type RealProgram } from '../world/real-programs.ts'
import { freePort, temporaryFolder } from '../world/real-services.ts'
import { seededBytes, seededRandom, seedFromEnvironment } from '../world/seeded.ts'
import { type Line, WiredBox } from './wired-box.ts'

/**
 * Real sockets and a bad line to a gateway process. What the pretend link of the other tests can't show: connections
 * that are reset in the middle of a body, that take everything and say nothing, that hand on a byte at a time, or that
 * carry a kilobyte a second. First the agent's journal, uplink and link in this process, which can be asked what they
 * counted; then the whole agent in a process of its own.
 */
const LINES: readonly Line[] = [
  {
    name: '64 kbit/s',
    faults: { bytesPerSecond: kbits(64), latencyMs: 80 },
    backlog: 12_000,
    silenceMs: 5000,
  },
  {
    name: '9.6 kbit/s',
    faults: { bytesPerSecond: kbits(9.6), latencyMs: 200 },
    backlog: 1000,
    silenceMs: 5000,
  },
  {
    name: '700 ms there and 700 ms back',
    faults: { latencyMs: 700 },
    backlog: 4000,
    silenceMs: 5000,
  },
  {
    name: 'pieces of one byte',
    faults: { pieceBytes: 1, latencyMs: 5 },
    backlog: 2000,
    silenceMs: 5000,
  },
  {
    name: 'three in ten connections lost, handed on in crumbs',
    faults: { loseConnection: 0.3, connectionBytes: 6000, pieceBytes: 29, latencyMs: 5 },
    backlog: 2000,
    silenceMs: 3000,
  },
  {
    name: 'three in ten connections half-open from the beginning',
    faults: { halfOpen: 0.3, connectionBytes: 6000, latencyMs: 5 },
    backlog: 2000,
    silenceMs: 500,
  },
  {
    name: 'three in ten connections fall silent in the middle',
    faults: { fallSilent: 0.3, connectionBytes: 6000, latencyMs: 5 },
    backlog: 2000,
    silenceMs: 500,
  },
  {
    name: 'each connection reset after some kilobytes, in the middle of bodies',
    faults: { connectionBytes: 10_000, latencyMs: 5 },
    backlog: 4000,
    silenceMs: 2000,
  },
]
const LIVE_MS = 4000
const STEP_MS = 100
// The whole agent waits 45 s before it calls a connection dead; some in a row are met.
const DRAINED_MS = 400_000
const NODE_READINGS = 300
const MORE = 300

const seed = seedFromEnvironment()
const random = seededRandom(seed)
const folder = temporaryFolder()
let province: RealProgram
let farmId = ''
const programs: { kill(): Promise<void> }[] = []

beforeAll(async () => {
  console.log(`network: VUON_SEED=${seed}`)
  province = await newProvince(folder)
  programs.push(province)
  await province.start()
  const added = await province.command<{ farmId: string }>(
    ...['farm', 'add', '--name', 'Vườn Hai Lúa', '--commune', 'Hàm Thạnh', '--province', 'Lâm Đồng'],
  )
  farmId = added.farmId
}, 120_000)
afterAll(async () => {
  for (const program of programs) await program.kill()
})

/** Looks into the province's own database, while nobody else is at work on it. */
async function atProvince<T>(look: (gateway: Gateway) => Promise<T>): Promise<T> {
  await province.stop()
  const gateway = new Gateway(
    gatewayConfigSchema.parse({ dataDir: join(folder, 'province'), log: 'silent' }),
    { clock: systemClock, random, randomBytes: seededBytes(random), withProcessMetrics: false },
  )
  await gateway.open()
  try {
    return await look(gateway)
  } finally {
    await gateway.stop()
    await province.start()
  }
}

/** Faults of the line that no connection has met yet. */
function unmet(faults: Line['faults'], { counts }: FaultProxy): string[] {
  const isMet = {
    lost: !(faults.loseConnection || faults.connectionBytes) || counts.lost > 0,
    halfOpen: !faults.halfOpen || counts.halfOpen > 0,
    silent: !faults.fallSilent || counts.silent > 0,
  }
  return Object.entries(isMet).flatMap(([fault, is]) => (is ? [] : [fault]))
}

function expectFaults({ faults, name }: Line, proxy: FaultProxy): void {
  expect(unmet(faults, proxy), name).toEqual([])
  // The box kept to a handful of connections all the while.
  expect(proxy.counts.mostOpen, name).toBeLessThanOrEqual(4)
}

describe('over a bad line to a real gateway', () => {
  test('everything arrives once, whatever the line does to connections', async () => {
    const outside = { province, farmId, folder, random }
    const boxes = LINES.map((line, number) => new WiredBox(line, number, outside))
    await Promise.all(boxes.map((box) => box.open()))
    for (let passed = 0; passed < LIVE_MS; passed += STEP_MS) {
      await Promise.all(boxes.map((box) => box.measure(1)))
      await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    }
    await Promise.all(boxes.map((box) => box.drained(100_000)))
    for (const box of boxes) await box.close()
    await atProvince(async (gateway) => {
      for (const [index, box] of boxes.entries()) {
        const line = LINES[index] as Line
        const { bytesUp, bytesDown } = box.proxy.counts
        console.log(
          `${line.name}: ${bytesUp + bytesDown} bytes went, ${box.countedBytes} were counted, ${box.proxy.counts.connections} connections`,
        )
        expect(await readingsAtProvince(gateway, box.agent), `${line.name}, VUON_SEED=${seed}`).toEqual(
          box.acknowledged.sort(),
        )
        expectFaults(line, box.proxy)
        // What the budget counts is not less than what went over the line.
        expect(box.countedBytes, line.name).toBeGreaterThanOrEqual(bytesUp + bytesDown)
      }
    })
  }, 180_000)

  test('the whole agent brings everything there once, over each of these lines', async () => {
    const wired = await Promise.all(LINES.map((line, number) => startAgent(line, number)))
    await Promise.all(wired.map(({ box, line }) => drained(box, line)))
    for (const { box } of wired) await box.stop()
    await atProvince(async (gateway) => {
      for (const { line, agent, proxy, said } of wired) {
        const numbers = numbersOfNode(await readingsAtProvince(gateway, agent))
        expect(
          numbers.sort((a, b) => a - b),
          `${line.name}, VUON_SEED=${seed}`,
        ).toEqual(Array.from({ length: said }, (_, index) => index + 1))
        expectFaults(ofAgent(line), proxy)
        await proxy.stop()
      }
    })
  }, 500_000)
})

interface WiredAgent {
  readonly line: Line
  readonly box: RealProgram
  readonly agent: string
  readonly proxy: FaultProxy
  /** Readings that the node said, each one number more. */
  readonly said: number
}

/** What a whole agent has to send is too little for a connection to come to its end by its bytes. */
const ofAgent = (line: Line): Line => ({ ...line, faults: { ...line.faults, connectionBytes: null } })

/** An agent with the broker in it, claimed over its line while that was good, and a node that has said its readings. */
async function startAgent(line: Line, number: number): Promise<WiredAgent> {
  const proxy = new FaultProxy({ targetPort: Number(new URL(province.url).port), random })
  const address = await proxy.start()
  const mqttPort = await freePort()
  const box = await newBox(join(folder, `agent-${number}`), {
    buses: [{ kind: 'mqtt-broker', name: 'broker', host: '127.0.0.1', port: mqttPort }],
    sync: { batchEveryS: 1, retryLongestS: 1 },
  })
  programs.push(box)
  const { code } = await province.command<{ code: string }>('claim-code', '--farm', farmId)
  const { agent } = await box.command<{ agent: string }>('claim', code, '--gateway', address)
  proxy.faults = { ...proxy.faults, ...line.faults }
  await box.start()
  const node = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`)
  let said = 0
  const say = async (count: number): Promise<void> => {
    for (const last = said + count; said < last; said++)
      await node.publishAsync('zigbee2mqtt/counting node', JSON.stringify({ illuminance: said + 1 }), {
        qos: 1,
      })
  }
  await say(NODE_READINGS)
  // How many connections that takes is up to the box and to how busy this machine is: it goes on until one had the fault.
  for (let more = 0; more < MORE && unmet(ofAgent(line).faults, proxy).length > 0; more++) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    await say(10)
  }
  await node.endAsync()
  return { line, box, agent, proxy, said }
}

async function drained(box: RealProgram, { name }: Line): Promise<void> {
  const deadline = performance.now() + DRAINED_MS
  for (;;) {
    const metrics = await (await fetch(`${box.url}/metrics`)).text()
    const waiting = [...metrics.matchAll(/^vuon_agent_unsent_entries\{[^}]*\} (\d+)/gm)].map(countOf)
    if (waiting.length > 0 && waiting.every((count) => count === 0)) return
    expect(
      performance.now(),
      `VUON_SEED=${seed}: ${waiting.join(' + ')} entries are stuck on ${name}`,
    ).toBeLessThan(deadline)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** The box says something of itself by the quarter of an hour: the node is who said more. */
function numbersOfNode(readings: readonly string[]): number[] {
  const bySeries = Map.groupBy(readings, (text) => text.split(' ')[0])
  const ofNode = [...bySeries.values()].reduce((most, some) => (some.length > most.length ? some : most), [])
  return ofNode.map((text) => Number(text.split(' ')[2]))
}

const countOf = (match: RegExpExecArray): number => Number(match[1])

import { join } from 'node:path'
import { sql } from 'kysely'
import { connectAsync } from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { readingsAtProvince } from '../world/kept.ts'
import { enrol, newBox, newProvince, type RealProgram } from '../world/real-programs.ts'
import { freePort, temporaryFolder } from '../world/real-services.ts'
import { seededBytes, seededRandom, seedFromEnvironment } from '../world/seeded.ts'

/**
 * SIGKILL of either program at any moment: what a node was told is stored is at the province exactly once. The node
 * numbers its readings and does not send one again, so that a number that is there twice was doubled by us.
 */
const KILLS = 16
const FARM = { name: 'Vườn Hai Lúa', commune: 'Hàm Thạnh', province: 'Lâm Đồng', allocations: [] }

let programs: RealProgram[] = []
afterEach(async () => {
  for (const program of programs) await program.kill()
  programs = []
})

/** Publishes 1, 2, 3, … as a light meter of Zigbee2MQTT, and notes which of them were acknowledged. */
class CountingNode {
  readonly acknowledged: number[] = []
  readonly #port: number
  #next = 1
  #isRunning = true
  #running: Promise<void> | undefined

  constructor(port: number) {
    this.#port = port
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      try {
        // No session and no second try: what was not acknowledged is given up, its number is never used again.
        const client = await connectAsync(`mqtt://127.0.0.1:${this.#port}`, {
          reconnectPeriod: 0,
          connectTimeout: 1000,
          manualConnect: false,
        })
        client.on('error', () => {})
        const gone = new Promise<void>((resolve) => client.once('close', resolve))
        while (this.#isRunning && client.connected) {
          const number = this.#next++
          const payload = JSON.stringify({ illuminance: number })
          client.publish('zigbee2mqtt/counting node', payload, { qos: 1 }, (error) => {
            if (!error) this.acknowledged.push(number)
          })
          await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 4))])
        }
        await client.endAsync(true)
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
}

describe('SIGKILL', () => {
  test(`of either program, ${KILLS} times while it works, loses and doubles nothing that was acknowledged`, async () => {
    const seed = seedFromEnvironment()
    const random = seededRandom(seed)
    const folder = temporaryFolder()
    const mqttPort = await freePort()
    const province = await newProvince(folder)
    const box = await newBox(folder, {
      buses: [{ kind: 'mqtt-broker', name: 'broker', host: '127.0.0.1', port: mqttPort }],
      sync: { batchEveryS: 1, retryLongestS: 1 },
    })
    programs = [province, box]
    await province.start()
    const { agent } = await enrol(province, box, FARM)
    await box.start()
    const node = new CountingNode(mqttPort)
    node.start()

    for (let kill = 0; kill < KILLS; kill++) {
      const victim = kill % 2 === 0 ? box : province
      await new Promise((resolve) => setTimeout(resolve, 100 + random() * 1100))
      await victim.kill()
      if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 300))
      await victim.start()
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
    await node.stop()
    expect(node.acknowledged.length).toBeGreaterThan(500)

    // Everything drains within a few rounds of the uplink.
    const deadline = performance.now() + 20_000
    for (;;) {
      const metrics = await (await fetch(`${box.url}/metrics`)).text()
      const waiting = Number(/vuon_agent_unsent_entries\{lane="reading"\} (\d+)/.exec(metrics)?.[1] ?? 1)
      if (waiting === 0) break
      expect(performance.now(), `VUON_SEED=${seed}: ${waiting} readings never arrived`).toBeLessThan(deadline)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await box.stop()
    await province.stop()

    const gateway = new Gateway(
      gatewayConfigSchema.parse({ dataDir: join(folder, 'province'), log: 'silent' }),
      {
        clock: systemClock,
        random,
        randomBytes: seededBytes(random),
        withProcessMetrics: false,
      },
    )
    await gateway.open()
    // The box's own series (how much waits to be sent) has whole numbers, too: 260 of them waiting are no second 260.
    const { rows: series } = await sql<{ uuid: string }>`SELECT uuid FROM series
      WHERE agent = ${agent} AND quantity = 'light'`.execute(gateway.db)
    const ofNode = new Set(series.map(({ uuid }) => uuid))
    const counted = new Map<number, number>()
    for (const reading of await readingsAtProvince(gateway, agent)) {
      const [uuid = '', , value] = reading.split(' ')
      if (!ofNode.has(uuid)) continue
      const number = Number(value)
      counted.set(number, (counted.get(number) ?? 0) + 1)
    }
    await gateway.stop()
    const lost = node.acknowledged.filter((number) => !counted.has(number))
    const doubled = [...counted].filter(([, count]) => count > 1)
    expect(lost, `VUON_SEED=${seed}`).toEqual([])
    expect(doubled, `VUON_SEED=${seed}`).toEqual([])
  }, 180_000)
})

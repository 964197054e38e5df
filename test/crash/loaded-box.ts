import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectAsync, type MqttClient } from 'mqtt'
import { journalPath } from '../../agent/data-folder.ts'
import { InlineThread } from '../../agent/journal/journal-thread.ts'
import { newBox, type RealProgram } from '../world/real-programs.ts'
import { type Mosquitto, mosquitto, stopProcess } from '../world/real-services.ts'

/**
 * A box under load from a real broker, which is ended hard again and again. A node numbers its readings; Mosquitto
 * keeps for the box what the box has not acknowledged, and forgets what it has. So a number that Mosquitto took from
 * the node and that is not in the journal at the end was acknowledged and lost. One that is there twice was stored,
 * and the process ended before its acknowledgement left: QoS 1 delivers it again.
 */
export type ProgramUnderLoad = 'the whole agent' | 'source and journal'

const TOPIC = 'zigbee2mqtt/counting node'
const root = fileURLToPath(new URL('../..', import.meta.url))
// MQTT 5 §3.4.2.1: the broker has nobody to give it to.
const NO_SUBSCRIBERS = 16
const TICK_MS = 10
const DRAINED_MS = 120_000
const STEADY_LOOKS = 5

export class LoadedBox {
  /** Numbers up to here were published; those that the broker acknowledged to the node. */
  readonly taken = new Set<number>()
  readonly dataDir: string
  readonly path: string
  readonly #program: ProgramUnderLoad
  readonly #folder: string
  #next = 1
  #isHeard = false
  #broker!: Mosquitto
  #node!: MqttClient
  #config: RealProgram | undefined
  #child: ChildProcess | undefined
  #cancelLoad: () => void = () => {}

  constructor(program: ProgramUnderLoad, folder: string) {
    this.#program = program
    this.#folder = folder
    this.dataDir = join(folder, 'box')
    this.path = program === 'the whole agent' ? journalPath(this.dataDir) : join(this.dataDir, 'journal.db')
  }

  /** Resolves when the box has met the broker, so that from now on everything is kept for it. */
  async open(): Promise<void> {
    mkdirSync(this.dataDir, { recursive: true })
    this.#broker = await mosquitto('max_queued_messages 0\nmax_inflight_messages 0')
    if (this.#program === 'the whole agent') {
      const bus = { kind: 'mqtt', name: 'farm', url: this.#broker.url }
      this.#config = await newBox(this.#folder, { buses: [bus] })
    }
    this.#node = await connectAsync(this.#broker.url, { protocolVersion: 5 })
    this.#node.on('packetreceive', (packet) => {
      if (packet.cmd === 'puback') this.#isHeard = packet.reasonCode !== NO_SUBSCRIBERS
    })
    this.start()
    const deadline = performance.now() + 30_000
    while (!this.#isHeard) {
      await this.#publish()
      if (performance.now() > deadline) throw new Error('the box did not meet its broker within 30 s')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  start(env: NodeJS.ProcessEnv = process.env): ChildProcess {
    const words =
      this.#program === 'the whole agent'
        ? [join(root, 'agent/main.ts'), '--config', this.#config?.configFile ?? '', 'run']
        : [join(root, 'test/crash/source-child.ts'), this.path, this.#broker.url, TOPIC]
    const cache = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/vuon') }
    const stdio = ['ignore', 'ignore', 'inherit'] as const
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...words], {
      stdio: [...stdio],
      env: { ...cache, ...env },
    })
    return this.#child
  }

  async kill(): Promise<void> {
    if (this.#child) await stopProcess(this.#child, 'SIGKILL')
  }

  /** Starts it under an environment in which its power goes; resolves with the exit status. */
  async startUntilCut(env: NodeJS.ProcessEnv, longestMs: number): Promise<number | null> {
    const child = this.start(env)
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const patience = setTimeout(() => child.kill('SIGUSR2'), longestMs)
    const status = await ended
    clearTimeout(patience)
    return status
  }

  /** Publishes so many readings a second from now on; 0: none. */
  load(perSecond: number): void {
    this.#cancelLoad()
    let due = 0
    let lastMs = performance.now()
    const timer = setInterval(() => {
      const nowMs = performance.now()
      due = Math.min(due + ((nowMs - lastMs) / 1000) * perSecond, perSecond)
      lastMs = nowMs
      for (; due >= 1; due--) void this.#publish()
    }, TICK_MS)
    this.#cancelLoad = () => clearInterval(timer)
  }

  /** Resolves when the box has stored something since it was asked: it is at work. */
  async storesMore(): Promise<void> {
    const before = await this.#stored()
    for (let looks = 0; looks < 400 && (await this.#stored()) === before; looks++)
      await new Promise((resolve) => setTimeout(resolve, 20))
  }

  /** Waits until the box has stored what the broker holds for it; answers what is missing and what came again. */
  async drain(): Promise<{ stored: number; lost: number[]; doubled: number }> {
    this.#cancelLoad()
    const deadline = performance.now() + DRAINED_MS
    for (let before = -1, steady = 0; steady < STEADY_LOOKS && performance.now() < deadline; ) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      const now = await this.#stored()
      steady = now === before && now >= this.taken.size ? steady + 1 : 0
      before = now
    }
    if (this.#child) await stopProcess(this.#child)
    return this.#found()
  }

  async close(): Promise<void> {
    this.#cancelLoad()
    await this.kill()
    await this.#node.endAsync(true)
    await this.#broker.stop()
  }

  async #publish(): Promise<void> {
    const number = this.#next++
    await this.#node.publishAsync(TOPIC, JSON.stringify({ illuminance: number }), { qos: 1 })
    if (this.#isHeard) this.taken.add(number)
  }

  async #stored(): Promise<number> {
    return this.#reading(async (thread) => (await thread.call('state')).readings)
  }

  async #found(): Promise<{ stored: number; lost: number[]; doubled: number }> {
    return this.#reading(async (thread) => {
      const counted = new Map<number, number>()
      for (let after = 0; ; ) {
        const page = await thread.call('exportReadings', after, 10_000)
        for (const { value, quantity } of page) {
          if (quantity !== 'light') continue
          const number = Math.round(value)
          counted.set(number, (counted.get(number) ?? 0) + 1)
        }
        const last = page.at(-1)
        if (!last) break
        after = last.id
      }
      return {
        stored: counted.size,
        lost: [...this.taken].filter((number) => !counted.has(number)),
        doubled: [...counted.values()].filter((count) => count > 1).length,
      }
    })
  }

  async #reading<T>(look: (thread: InlineThread) => Promise<T>): Promise<T> {
    if (!existsSync(this.path)) return look(new InlineThread(this.path))
    const thread = new InlineThread(this.path, { isReader: true })
    try {
      return await look(thread)
    } finally {
      await thread.stop()
    }
  }
}

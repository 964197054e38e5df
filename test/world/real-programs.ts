import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { freePort, stopProcess, until } from './real-services.ts'

/** The two programs as processes over real files, for the demo and for tests that kill them. */
const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** One of the programs, which can be started, ended, killed, and started again over the same files. */
export class RealProgram {
  readonly url: string
  readonly configFile: string
  readonly logFile: string
  readonly #bin: string
  #child: ChildProcess | undefined
  /** Called when it ends without having been asked to. */
  onDeath: ((signal: string) => void) | undefined

  constructor(options: { bin: 'vuon-agent' | 'vuon-gateway'; folder: string; config: object; port: number }) {
    mkdirSync(options.folder, { recursive: true })
    this.#bin = join(root, 'bin', options.bin)
    this.url = `http://127.0.0.1:${options.port}`
    this.configFile = join(options.folder, `${options.bin}.yaml`)
    this.logFile = join(options.folder, `${options.bin}.log`)
    writeFileSync(this.configFile, stringify(options.config))
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when it answers on its port. */
  async start(): Promise<void> {
    const log = createWriteStream(this.logFile, { flags: 'a' })
    const child = spawn(this.#bin, ['--config', this.configFile, 'run'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout?.pipe(log, { end: false })
    child.stderr?.pipe(log, { end: false })
    child.once('exit', (_code, signal) => {
      if (this.#child === child) {
        this.#child = undefined
        this.onDeath?.(signal ?? 'exit')
      }
    })
    await until(() => this.#answers(), child, this.#bin)
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** As a power cut would, as far as processes go. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Runs another command of the program over the same config; answers its JSON. */
  async command<T>(...words: string[]): Promise<T> {
    const { stdout } = await run(this.#bin, ['--config', this.configFile, '--json', ...words], {
      maxBuffer: 1e8,
    })
    return JSON.parse(stdout) as T
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child) await stopProcess(child, signal)
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(500) })).ok
    } catch {
      return false
    }
  }
}

export async function newProvince(
  folder: string,
  options: { port?: number; publicUrl?: string } = {},
): Promise<RealProgram> {
  const port = options.port ?? (await freePort())
  const config = {
    dataDir: join(folder, 'province'),
    listen: { port },
    publicUrl: options.publicUrl ?? `http://127.0.0.1:${port}`,
    claimsPerMinute: 1000,
    log: 'warn',
  }
  return new RealProgram({ bin: 'vuon-gateway', folder: join(folder, 'province'), config, port })
}

/** `config` is what the agent's file says beside its data folder and page. */
export async function newBox(
  folder: string,
  config: object,
  options: { port?: number; pageHost?: string } = {},
): Promise<RealProgram> {
  const port = options.port ?? (await freePort())
  const page = { host: options.pageHost ?? '127.0.0.1', port }
  const whole = { dataDir: join(folder, 'box'), page, log: 'warn', ...config }
  return new RealProgram({ bin: 'vuon-agent', folder: join(folder, 'box'), config: whole, port })
}

export interface NewFarm {
  readonly name: string
  readonly commune: string
  readonly province: string
  readonly allocations: readonly {
    readonly gtin: string
    readonly crop: string
    readonly productVi: string
    readonly productEn: string
    readonly gln?: string
    readonly area?: string
  }[]
}

/** Registers a farm at the province as its people do, and enrols the box with a one-time code. */
export async function enrol(
  province: RealProgram,
  box: RealProgram,
  farm: NewFarm,
): Promise<{ farmId: string; agent: string }> {
  const { name, commune, province: where } = farm
  const { farmId } = await province.command<{ farmId: string }>(
    ...['farm', 'add', '--name', name, '--commune', commune, '--province', where],
  )
  for (const { gtin, crop, productVi, productEn, gln, area } of farm.allocations) {
    const place = gln && area ? ['--gln', gln, '--area', area] : []
    const product = ['--gtin', gtin, '--crop', crop, '--product-vi', productVi, '--product-en', productEn]
    await province.command('farm', 'allocate', '--farm', farmId, ...product, ...place)
  }
  const { code } = await province.command<{ code: string }>('claim-code', '--farm', farmId)
  const { agent } = await box.command<{ agent: string }>('claim', code, '--gateway', province.url)
  return { farmId, agent }
}

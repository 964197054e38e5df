import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Runs the Python of this folder, one file at a time, each line that it says handed to `tell`. */
export class Python {
  readonly backbones: string
  readonly #program: string
  readonly #tell: (line: string) => void

  constructor(program: string, backbones: string, tell: (line: string) => void) {
    this.#program = program
    this.backbones = backbones
    this.#tell = tell
  }

  /** Rejects with what Python said last when the file doesn't end well. */
  run(file: string, ...words: readonly string[]): Promise<void> {
    const child = spawn(this.#program, [join(import.meta.dirname, file), ...words], {
      // Threads that sleep while they wait: spinning ones take from each other on two cores.
      env: {
        ...process.env,
        OMP_WAIT_POLICY: 'passive',
        GOMP_SPINCOUNT: '0',
        PYTHONDONTWRITEBYTECODE: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', (bytes: Buffer) => {
      complaint = (complaint + bytes.toString()).slice(-2000)
    })
    child.stdout.on('data', (bytes: Buffer) => {
      for (const line of bytes.toString().split('\n')) if (line) this.#tell(`${file}: ${line}`)
    })
    return new Promise((resolve, reject) => {
      child.once('error', (cause) =>
        reject(
          new Error(`${this.#program} doesn't start; name a Python with torch in VUON_PYTHON`, { cause }),
        ),
      )
      child.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`${file} ended with ${code}: ${complaint}`)),
      )
    })
  }
}

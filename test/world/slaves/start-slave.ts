import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findTool, type Service, stopProcess } from '../real-services.ts'

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

export interface RunningSlave extends Service {
  /** Ends it as a pulled plug would. */
  kill(): Promise<void>
}

/** modbus-serial's slave in a process of its own; the words are those of its command line. */
export const startModbusSerialSlave = (...words: readonly string[]): Promise<RunningSlave> =>
  start(process.execPath, [here('modbus-serial-slave.ts'), ...words])

/** pymodbus' slave on a serial line; ask `hasPymodbus()` first. */
export const startPymodbusSlave = (...words: readonly string[]): Promise<RunningSlave> =>
  start(findTool('python3') ?? 'python3', [here('pymodbus-slave.py'), ...words])

/** A device that talks in its own way (davis, rg15, arduino); ask `hasPyserial()` first. */
export const startTalker = (...words: readonly string[]): Promise<RunningSlave> =>
  start(findTool('python3') ?? 'python3', [here('talker.py'), ...words])

/** Resolves when the slave says that it is ready; rejects with what it said instead. */
async function start(program: string, words: readonly string[]): Promise<RunningSlave> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (bytes: Uint8Array) => {
    complaint = `${complaint}${bytes}`.slice(-2000)
  })
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('ready')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the slave ended with ${code}: ${complaint}`)))
  })
  return { stop: () => stopProcess(child), kill: () => stopProcess(child, 'SIGKILL') }
}

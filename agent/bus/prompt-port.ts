import { readSync } from 'node:fs'
import { SerialPort, type SerialPortOpenOptions } from 'serialport'

/**
 * A serial port that reads in the program's own thread once the system says that something came. serialport reads
 * first, in a thread of the pool, makes an exception of "nothing yet", waits, and reads there again: with four lines
 * at 9600 baud that cost a sixth of the agent's work, and half a millisecond of silence for each question. The file
 * never blocks, so reading it takes microseconds; whatever else comes (an end, an error, nothing after all) is left to
 * serialport's own way.
 */
export function promptPort(options: SerialPortOpenOptions<Binding>): SerialPort {
  const { binding } = SerialPort
  // Of whatever system this is, so the types say no more than that a port comes of it.
  const open = binding.open.bind(binding) as (how: object) => Promise<object>
  const prompt = { ...binding, open: async (how: object) => readPromptly(await open(how)) }
  // SerialPort takes a binding, though its type leaves it out.
  return new SerialPort(Object.assign({ ...options }, { binding: prompt }))
}

type Binding = typeof SerialPort.binding

/** What serialport has on Linux and macOS. */
interface PolledPort {
  readonly fd: number | null
  readonly poller: { once(event: 'readable', heard: (error: Error | null) => void): unknown }
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>
}

const isPolled = (port: object): port is PolledPort => 'poller' in port && 'fd' in port

function readPromptly<T extends object>(port: T): T {
  if (!isPolled(port)) return port
  const readAsEver = port.read.bind(port)
  port.read = async (buffer, offset, length) => {
    if (port.fd === null) return readAsEver(buffer, offset, length)
    await new Promise<void>((resolve, reject) => {
      port.poller.once('readable', (error) => (error ? reject(error) : resolve()))
    })
    const bytesRead = port.fd === null ? 0 : bytesIn(port.fd, buffer, offset, length)
    return bytesRead > 0 ? { buffer, bytesRead } : readAsEver(buffer, offset, length)
  }
  return port
}

function bytesIn(fd: number, buffer: Buffer, offset: number, length: number): number {
  try {
    return readSync(fd, buffer, offset, length, null)
  } catch {
    return 0
  }
}

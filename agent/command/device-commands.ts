import { randomBytes } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import type { Language } from '#contract/ground/messages.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { shortText } from '../commissioning/short-text.ts'
import type { AgentConfig } from '../config.ts'
import { agentConfigSchema } from '../config.ts'
import type { InputsOptions } from '../inputs.ts'
import { faultSentence } from '../page/fault-messages.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { readLines } from './json-lines.ts'
import type { Outside } from './listen-in.ts'

const outside: Outside = {
  clock: systemClock,
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  tell: (sentence) => console.error(shortText(sentence, 500)),
}
/** Serial ports come with a driver, which no other command has to wait for. */
async function openLines(): Promise<InputsOptions['openLine']> {
  const { openRealLine } = await import('./real-line.ts')
  return openRealLine(systemClock, Math.random)
}

/** Commissioning: what talks here, what one input says, and what went over the wire. */
export function registerDeviceCommands(program: Command, { loadConfig, say, sayLine }: ConsoleAnswer): void {
  const devices = program.command('devices').description('what talks on the buses')
  devices
    .command('scan')
    .option('--seconds <n>', 'how long to listen', '30')
    .option('--mqtt <url>', 'look at this broker instead of those of the configuration')
    .option('--username <name>', 'to sign in at --mqtt')
    .option('--password-file <file>', 'file with the password for --mqtt')
    .description('serial ports, topics, devices and their values, and configuration lines to paste')
    .action(async (options: ScanOptions) => {
      const brokers = options.mqtt === undefined ? [] : [brokerOf(options.mqtt, options)]
      const config = options.mqtt === undefined ? loadConfig() : configOrNone(loadConfig)
      const { scan, scanText } = await import('./scan.ts')
      const report = await interruptible((signal) =>
        scan(config, { seconds: secondsOf(options.seconds), brokers, signal }, outside),
      )
      say(report, scanText(report))
      if (report.buses.some(({ problem }) => problem !== '')) process.exitCode = 1
    })
  program
    .command('test-input')
    .argument('<name>', 'a probe, talker, bus or MQTT device')
    .option('--seconds <n>', 'how long to wait for a message', '60')
    .option('--lang <language>', 'vi or en')
    .description('read once and show bytes, frame, values, calibration and plausibility')
    .action(async (name: string, options: { seconds: string; lang?: string }) => {
      const config = loadConfig()
      const seconds = secondsOf(options.seconds)
      const [{ testInput }, { testText }] = await Promise.all([
        import('./test-input.ts'),
        import('./test-text.ts'),
      ])
      const asked = { name, seconds, openLine: await openLines(), random: Math.random }
      const tested = await testInput(config, asked, outside)
      const language: Language =
        options.lang === 'vi' || options.lang === 'en' ? options.lang : config.language
      say(
        tested,
        testText(tested, (code) => faultSentence(language, code)),
      )
      if (tested.some(({ isGood }) => !isGood)) process.exitCode = 1
    })
  program
    .command('record')
    .argument('[names...]', 'buses, probes or talkers; everything if not given')
    .requiredOption('--out <file>', 'a new file, JSON Lines')
    .option('--seconds <n>', 'how long', '60')
    .option('--max-mb <n>', 'ends before the file is larger', '50')
    .description('write down every byte and message of the buses')
    .action(async (names: string[], options: { out: string; seconds: string; maxMb: string }) => {
      const asked = {
        file: options.out,
        seconds: secondsOf(options.seconds),
        maxBytes: numberOf(options.maxMb, '--max-mb', 0.01, 10_000) * 1_000_000,
        ...{ names, openLine: await openLines(), random: Math.random },
      }
      const { record } = await import('./record.ts')
      const report = await interruptible((signal) => record(loadConfig(), { ...asked, signal }, outside))
      const { file, events, sizeBytes, ended } = report
      say(report, `${events} events in ${file}, ${(sizeBytes / 1000).toFixed(1)} kB; ended by: ${ended}.`)
      if (events === 0 || ended === 'write-failed') process.exitCode = 1
    })
  program
    .command('replay')
    .argument('<file>', 'what `record` wrote')
    .description('play a capture back: readings and faults as JSON Lines, with the recorded times')
    .action(async (file: string) => {
      if (!existsSync(file)) throw new VuonError('file-unreadable', `${file} is not there.`)
      const { replay } = await import('./replay.ts')
      const lines = readLines(createReadStream(file), MAX_LINE_CHARS)
      const summary = await replay(lines, sayLine)
      outside.tell(
        `${summary.events} events, ${summary.readings} readings, ${summary.faults} faults` +
          `${summary.unknownLines > 0 ? `, ${summary.unknownLines} lines of a newer program passed over` : ''}` +
          `${summary.isWhole ? '' : '; the recording was cut off'}`,
      )
      if (summary.badLines > 0) process.exitCode = 1
    })
}

// A message of 256 KiB in base64, or with every character escaped.
const MAX_LINE_CHARS = 2_000_000

interface ScanOptions {
  readonly seconds: string
  readonly mqtt?: string
  readonly username?: string
  readonly passwordFile?: string
}

function brokerOf(
  url: string,
  { username, passwordFile }: ScanOptions,
): { url: string; username?: string; password?: string } {
  const isAddress = agentConfigSchema.safeParse({ buses: [{ kind: 'mqtt', name: 'any', url }] }).success
  if (!isAddress)
    throw new VuonError('input-invalid', `"${shortText(url, 100)}" is not the address of a broker.`, {
      hint: 'Such as mqtt://192.168.1.10:1883 or mqtts://broker.local:8883.',
    })
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: readSecret(passwordFile) }),
  }
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new VuonError('file-unreadable', `${file} could not be read.`, { cause })
  }
}

/** A broker can be looked at before there is a configuration; one with mistakes is still told of. */
function configOrNone(loadConfig: () => AgentConfig): AgentConfig {
  try {
    return loadConfig()
  } catch (error) {
    if (error instanceof VuonError && error.code === 'file-unreadable') return agentConfigSchema.parse({})
    throw error
  }
}

const secondsOf = (text: string): number => numberOf(text, '--seconds', 0.1, 86_400)

function numberOf(text: string, option: string, low: number, high: number): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (number >= low && number <= high) return number
  throw new VuonError('input-invalid', `${option} is "${shortText(text, 40)}".`, {
    hint: `A number from ${low} to ${high}.`,
  })
}

/** Ctrl-C ends the listening early; what was heard till then is the answer. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ended = new AbortController()
  const end = () => ended.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  try {
    return await work(ended.signal)
  } finally {
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
  }
}

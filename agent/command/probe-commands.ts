import type { Command } from 'commander'
import type { ProbeFrames } from '../devices/modbus/decode-probe.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { parseLine, readLines } from './json-lines.ts'
import type { IdentifyWords } from './probe-identify.ts'
import type { ReadWords } from './probe-read.ts'

export function registerProbeCommands(program: Command, { say, sayLine }: ConsoleAnswer): void {
  const probe = program.command('probe').description('Modbus probes')
  probe
    .command('list')
    .description('the profiles at hand')
    .action(async () => {
      const { listProbes } = await import('../devices/modbus/list-probes.ts')
      const probes = listProbes()
      const lines = probes.map(
        ({ name, maker, model, line, defaultUnit, grade, unverified }) =>
          `${name.padEnd(22)} ${maker} ${model}, ${line}, unit ${defaultUnit} (${grade}` +
          `${unverified.length > 0 ? `; unverified: ${unverified.join(', ')}` : ''})`,
      )
      say(probes, lines.join('\n'))
    })
  probe
    .command('read')
    .description(
      'read one probe once: raw frames, values, whether they can be; nothing is written or cleared',
    )
    .option('--port <path>', 'serial port')
    .option('--host <host[:port]>', 'Modbus TCP device, converter or serial server')
    .option('--protocol <name>', 'rtu or ascii on a port (rtu); tcp or rtu over a host (tcp)')
    .requiredOption('--profile <name>', '`probe list` shows them')
    .requiredOption('--unit <number>', 'Modbus address, 1 to 247')
    .option('--baud <rate>', "line speed; the profile's if not given")
    .option('--parity <none|even|odd>', "the profile's if not given")
    .option('--timeout <ms>', "how long to wait for an answer; the profile's if not given")
    .action(async (words: ReadWords) => {
      const { readingText, readProbe } = await import('./probe-read.ts')
      const reading = await readProbe(words)
      if (reading.errors.length > 0 || !reading.plausible) process.exitCode = 1
      say(reading, readingText(reading))
    })
  probe
    .command('identify')
    .description('find out what hangs on a line, by reading only; a wide search takes minutes')
    .option('--port <path>', 'serial port')
    .option('--host <host[:port]>', 'Modbus TCP device, converter or serial server')
    .option('--protocol <name>', 'rtu or ascii on a port (rtu); tcp or rtu over a host (tcp)')
    .option('--units <list>', 'addresses, such as 1-20,47; those that probes are shipped with if not given')
    .option('--baud <list>', 'line speeds, such as 4800,9600; those of the profiles if not given')
    .option('--timeout <ms>', 'how long to wait for an answer')
    .action(async (words: IdentifyWords) => {
      const { identifiedText, identify } = await import('./probe-identify.ts')
      const identified = await identify(words, (text) => console.error(text))
      if (!identified.found.some(({ candidates }) => candidates.length > 0)) process.exitCode = 1
      say(identified, identifiedText(identified))
    })
  probe
    .command('decode')
    .requiredOption('--profile <name>', '`probe list` shows them')
    .description('frames from standard input, a line each: {"request":hex,"response":hex}')
    .action(async ({ profile: name }: { profile: string }) => {
      const [{ decodeProbe }, { loadProfile }] = await Promise.all([
        import('../devices/modbus/decode-probe.ts'),
        import('../devices/modbus/profile.ts'),
      ])
      const profile = loadProfile(name)
      for await (const line of readLines(process.stdin)) {
        const parsed = parseLine(line)
        const answer =
          'problem' in parsed
            ? { readings: [], errors: [{ code: 'line', detail: parsed.problem }] }
            : decodeProbe(profile, parsed.value as unknown as ProbeFrames)
        if (answer.errors.length > 0) process.exitCode = 1
        sayLine(answer)
      }
    })
}

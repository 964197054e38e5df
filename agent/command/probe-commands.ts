import type { Command } from 'commander'
import { decodeProbe, type ProbeFrames } from '../devices/modbus/decode-probe.ts'
import { listProbes } from '../devices/modbus/list-probes.ts'
import { loadProfile } from '../devices/modbus/profile.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { parseLine, readLines } from './json-lines.ts'

export function registerProbeCommands(program: Command, { say, sayLine }: ConsoleAnswer): void {
  const probe = program.command('probe').description('Modbus probes')
  probe
    .command('list')
    .description('the profiles at hand')
    .action(() => {
      const probes = listProbes()
      const lines = probes.map(
        ({ name, maker, model, line, defaultUnit, grade }) =>
          `${name.padEnd(20)} ${maker} ${model}, ${line}, unit ${defaultUnit} (${grade})`,
      )
      say(probes, lines.join('\n'))
    })
  probe
    .command('decode')
    .requiredOption('--profile <name>', '`probe list` shows them')
    .description('frames from standard input, a line each: {"request":hex,"response":hex}')
    .action(async ({ profile: name }: { profile: string }) => {
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

import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { createDecoder, DECODE_KINDS, decodeAs } from '../devices/decode-as.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { parseLine, readLines } from './json-lines.ts'

export function registerDecodeCommands(program: Command, { sayLine }: ConsoleAnswer): void {
  program
    .command('decode')
    .requiredOption('--as <kind>', DECODE_KINDS.join(', '))
    .description('messages from standard input, a line each: {"topic","payload","encoding"}')
    .action(async ({ as }: { as: string }) => {
      const kind = DECODE_KINDS.find((known) => known === as)
      if (!kind)
        throw new VuonError('input-invalid', `There is no decoder "${as}".`, {
          hint: `Known: ${DECODE_KINDS.join(', ')}.`,
        })
      // One decoder for the whole stream: a device list counts for what follows it.
      const decoder = createDecoder(kind)
      for await (const line of readLines(process.stdin)) {
        const parsed = parseLine(line)
        const answer =
          'problem' in parsed
            ? { readings: [], ignored: false, errors: [{ code: 'line', detail: parsed.problem }] }
            : await decodeAs(kind, parsed.value as unknown as Parameters<typeof decodeAs>[1], decoder)
        if (answer.errors.length > 0) process.exitCode = 1
        sayLine(answer)
      }
    })
}

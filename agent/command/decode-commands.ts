import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { AgentConfig } from '../config.ts'
import { DECODE_KINDS, type DecoderKind } from '../devices/decode-kinds.ts'
import type { MessageDecoder } from '../devices/message-decoder.ts'
import type { MessageBus } from '../inputs.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { parseLine, readLines } from './json-lines.ts'

export function registerDecodeCommands(program: Command, { loadConfig, sayLine }: ConsoleAnswer): void {
  program
    .command('decode')
    .requiredOption('--as <kind>', [...DECODE_KINDS, 'lorawan'].join(', '))
    .option('--codec <file>', "for lorawan: a vendor's JavaScript file, or the name of one of ours")
    .description(
      'messages from standard input, a line each: {"topic","payload","encoding"}; for lorawan {"fPort","bytes"}',
    )
    .option(
      '--bus <name>',
      'with --config: the MQTT bus whose settings count; the first that has the decoder if not given',
    )
    .action(async ({ as, codec, bus }: DecodeOptions) => {
      if (as === 'lorawan') {
        if (codec === undefined)
          throw new VuonError('input-invalid', 'LoRaWAN bytes need a codec.', {
            hint: 'Give it with --codec FILE.js.',
          })
        const { decodeUplinks } = await import('./decode-uplinks.ts')
        for await (const answer of decodeUplinks(codec, readLines(process.stdin))) {
          if (answer.errors.length > 0) process.exitCode = 1
          sayLine(answer)
        }
        return
      }
      const kind = DECODE_KINDS.find((known) => known === as)
      if (!kind)
        throw new VuonError('input-invalid', `There is no decoder "${as}".`, {
          hint: `Known: ${[...DECODE_KINDS, 'lorawan'].join(', ')}.`,
        })
      const { createDecoder, decodeAs } = await import('../devices/decode-as.ts')
      // One decoder for the whole stream: a device list counts for what follows it.
      const decoder =
        program.getOptionValueSource('config') === 'cli' || bus !== undefined
          ? await configuredDecoder(kind, loadConfig(), bus)
          : createDecoder(kind)
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

interface DecodeOptions {
  as: string
  codec?: string
  bus?: string
}

/** A decoder as the agent itself would have it. */
async function configuredDecoder(
  kind: DecoderKind,
  config: AgentConfig,
  bus: string | undefined,
): Promise<MessageDecoder> {
  const { codecsOf, decodersOf } = await import('../inputs.ts')
  const buses = config.buses.filter(
    (each): each is MessageBus => each.kind === 'mqtt' || each.kind === 'mqtt-broker',
  )
  const found = buses.find(
    ({ name, decoders }) => (bus === undefined || name === bus) && decoders.some((each) => each === kind),
  )
  const { codecOf } = codecsOf(config.lorawan, systemClock)
  const decoder =
    found && decodersOf(found, undefined, codecOf).find((_decoder, at) => found.decoders[at] === kind)
  if (!decoder)
    throw new VuonError(
      'input-invalid',
      `The config has no MQTT bus ${bus === undefined ? '' : `"${bus}" `}with the decoder "${kind}".`,
      {
        hint: 'Add it to the decoders of the bus, or name another with --bus.',
      },
    )
  return decoder
}

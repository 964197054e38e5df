import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import {
  COMMANDS,
  DOWNLINK_KINDS,
  type DownlinkKind,
  MAX_DOWNLINK_BYTES,
  taskOf,
} from '#contract/wire/downlink.ts'
import { isAgentId } from '#contract/wire/identity.ts'
import type { CommandOutside } from './register-commands.ts'

interface SendOptions {
  agent: string
  kind: DownlinkKind
  file?: string
  validHours?: string
  modelFile?: string
  model?: string
  modelVersion?: string
}

/** `downlink send` and `downlink list`: what the province tells its boxes, and what became of it. */
export function addDownlinkCommands(program: Command, outside: CommandOutside): void {
  const downlink = program
    .command('downlink')
    .description('config, commands and model offers for boxes: signed, numbered, applied once')
  send(downlink, outside)
  list(downlink, outside)
}

function send(downlink: Command, { withGateway, say }: CommandOutside): void {
  downlink
    .command('send')
    .argument(
      '[json]',
      `the body: {"settings":{"sync":{"batchEveryS":300}}}, or {"command":"${COMMANDS.join('|')}"}`,
    )
    .requiredOption('--agent <id>', 'the box, as `downlink list` and the agronomist’s app name it')
    .addOption(new Option('--kind <kind>').choices(DOWNLINK_KINDS).makeOptionMandatory())
    .option('--file <file>', 'the body, as JSON in a file')
    .option('--valid-hours <hours>', 'not applied later than this; for ever if not given')
    .option('--model-file <file>', 'model-offer: the file, from which hash and size are taken')
    .option('--model <id>', 'model-offer: name of the model')
    .option('--model-version <version>', 'model-offer: its version')
    .description('sign the next message for a box; it fetches it with its next exchange')
    .action((json: string | undefined, options: SendOptions) =>
      withGateway(async (gateway) => {
        const { agent, kind, validHours } = options
        if (!isAgentId(agent)) throw wrong(`${agent} is not the id of a box.`)
        const body =
          options.modelFile === undefined
            ? bodyOf(json, options.file)
            : offerBody(options, gateway.takeModel(options.modelFile))
        checkBody(kind, body)
        const hours = validHours === undefined ? undefined : Number(validHours)
        if (hours !== undefined && !(hours > 0 && hours <= 24 * 366))
          throw wrong('--valid-hours must be a number of hours, at most a year.')
        const no = await gateway.sendDownlink({
          agent,
          kind,
          body,
          ...(hours === undefined ? {} : { validForMs: Math.round(hours * 3_600_000) }),
        })
        say({ agent, no, kind }, `Message ${no} for ${agent} is signed. Next: vuon-gateway downlink list`)
      }),
    )
}

function list(downlink: Command, { withGateway, say }: CommandOutside): void {
  downlink
    .command('list')
    .option('--agent <id>', 'of one box only')
    .description('what was sent and how far it has come, newest first')
    .action(({ agent }: { agent?: string }) =>
      withGateway(async (gateway) => {
        if (agent !== undefined && !isAgentId(agent)) throw wrong(`${agent} is not the id of a box.`)
        const lines = await gateway.downlinks(agent)
        const text = lines.map(({ agent, no, kind, issuedAt, state, reason }) => {
          const when = new Date(issuedAt).toISOString()
          return `${agent}  ${no}  ${kind}  ${when}  ${state}${reason ? `: ${reason}` : ''}`
        })
        say(lines, text.join('\n') || 'Nothing was sent yet.')
      }),
    )
}

function bodyOf(json: string | undefined, file: string | undefined): Record<string, unknown> {
  if ((json === undefined) === (file === undefined)) throw wrong('Give the body: as JSON, or with --file.')
  let text = json ?? ''
  if (file !== undefined) {
    try {
      text = readFileSync(file, 'utf8')
    } catch (cause) {
      throw new VuonError('file-unreadable', `${file} could not be read.`, { cause })
    }
  }
  if (text.length > MAX_DOWNLINK_BYTES) throw wrong(`A message has at most ${MAX_DOWNLINK_BYTES} bytes.`)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (error) {
    throw wrong(`The body is not JSON: ${(error as Error).message}.`)
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw wrong('The body must be a JSON object.')
  return body as Record<string, unknown>
}

function offerBody(
  { kind, model, modelVersion }: SendOptions,
  { sha256, sizeBytes }: { sha256: string; sizeBytes: number },
): Record<string, unknown> {
  if (kind !== 'model-offer') throw wrong('--model-file goes with --kind model-offer.')
  return { model, version: modelVersion, sha256, sizeBytes, path: `/sync/v1/models/${sha256}` }
}

/** What a box would refuse is not sent: its number could not be taken back. */
function checkBody(kind: DownlinkKind, body: Record<string, unknown>): void {
  let task: ReturnType<typeof taskOf>
  try {
    task = taskOf({ kind, body })
  } catch (error) {
    throw wrong((error as Error).message)
  }
  if (task.kind === 'command' && task.command.name === 'unknown')
    throw wrong(`${task.command.said} is not a command. There are: ${COMMANDS.join(', ')}.`)
}

const wrong = (detail: string): VuonError =>
  new VuonError('input-invalid', detail, { hint: 'vuon-gateway downlink send --help shows what goes.' })

import { type Command, Option } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { REVOCATION_REASONS, type RevocationReason, type SeqOfLane } from '#contract/wire/key-rotation.ts'
import { LANES, type Lane } from '#contract/wire/records.ts'
import type { BoxKeys, KeyLine } from './projections/key-lines.ts'
import type { CommandOutside } from './register-commands.ts'

/** Which key speaks for which box, and the end of one that nobody should trust. */
export function addKeyCommands(program: Command, { withGateway, say }: CommandOutside): void {
  const key = program.command('key').description('the keys of the boxes')

  key
    .command('list')
    .option('--agent <id>', 'of this box only')
    .description('every key with where it begins and ends, what was revoked and what was set aside')
    .action(({ agent }: { agent?: string }) =>
      withGateway(async (gateway) => {
        const boxes = await gateway.boxKeys(agent)
        if (agent !== undefined && boxes.length === 0) throw noSuchBox(agent)
        say(boxes, boxes.map(boxText).join('\n') || 'No box is enrolled yet.')
      }),
    )

  key
    .command('revoke')
    .requiredOption('--agent <id>')
    .option('--key <id>', 'one of its keys; without it every key of the box')
    .addOption(new Option('--reason <reason>').choices(REVOCATION_REASONS).makeOptionMandatory())
    .option(
      '--last-trusted <seqs>',
      'the last numbers that count, as in reading=123,record=45,finding=6; what is not named counts as far as it is here now',
    )
    .option('--epoch <hex>', 'the epoch of these numbers; the newest one without it')
    .description(
      'what the key signed beyond the last trusted numbers does not count; nothing more of it is taken',
    )
    .action((options: RevokeOptions) =>
      withGateway(async (gateway) => {
        const done = await gateway.revokeKey({
          agent: options.agent,
          ...(options.key === undefined ? {} : { key: options.key }),
          reason: options.reason,
          ...(options.lastTrusted === undefined ? {} : { lastTrusted: seqsOf(options.lastTrusted) }),
          ...(options.epoch === undefined ? {} : { epoch: options.epoch }),
        })
        const { record, finding, reading } = done.lastTrusted
        say(
          done,
          `Revoked ${done.keys.join(', ')} of ${options.agent} (${options.reason}). Trusted in epoch ${done.epoch}: record ${record}, finding ${finding}, reading ${reading}. ${done.untrustedBatches} stored batches do not count any longer; they stay in the log.`,
        )
      }),
    )
}

interface RevokeOptions {
  agent: string
  key?: string
  reason: RevocationReason
  lastTrusted?: string
  epoch?: string
}

const noSuchBox = (agent: string): VuonError =>
  new VuonError('not-found', `No box ${agent} is enrolled.`, {
    hint: 'vuon-gateway key list shows every box.',
  })

/** Throws `input-invalid` for what does not read as `reading=123,record=45`. */
function seqsOf(text: string): Partial<SeqOfLane> {
  const seqs: Partial<Record<Lane, number>> = {}
  for (const part of text.split(',')) {
    const [lane, digits = ''] = part.trim().split('=')
    const isLane = LANES.includes(lane as Lane)
    if (!isLane || !/^\d{1,15}$/.test(digits) || seqs[lane as Lane] !== undefined)
      throw new VuonError('input-invalid', `--last-trusted has "${part.trim().slice(0, 60)}".`, {
        hint: 'It reads as reading=123,record=45,finding=6, each lane once.',
      })
    seqs[lane as Lane] = Number(digits)
  }
  return seqs
}

function boxText(box: BoxKeys): string {
  const { agent, boxCode, farmId, keys, epochs, untrustedBatches, setAside } = box
  const lines = keys.map((line) => `  ${line.key}  ${line.state}${fromText(line)}${endText(line)}`)
  const notes = [
    ...(box.isSuspended ? ['  suspended: a person must claim the box again'] : []),
    ...(epochs.length > 1 ? [`  ${epochs.length} epochs, the newest ${epochs.at(-1)?.epoch}`] : []),
    ...(untrustedBatches > 0 ? [`  ${untrustedBatches} stored batches do not count`] : []),
    ...Object.entries(setAside).map(([reason, count]) => `  ${count} batches set aside: ${reason}`),
  ]
  return [`${agent}  box ${boxCode} of ${farmId}`, ...lines, ...notes].join('\n')
}

function fromText({ begins }: KeyLine): string {
  return begins ? `, from ${seqText(begins)}` : ''
}

function endText({ ends, revoked }: KeyLine): string {
  const end =
    ends === null ? '' : ends === 'anew' ? ', until the box was claimed anew' : `, before ${seqText(ends)}`
  const trusted = revoked && seqText({ epoch: revoked.epoch, from: revoked.lastTrusted })
  return revoked ? ` (${revoked.reason}), trusted through ${trusted}${end}` : end
}

const seqText = ({ epoch, from }: { epoch: string; from: SeqOfLane }): string =>
  `record ${from.record}, finding ${from.finding}, reading ${from.reading} of epoch ${epoch}`

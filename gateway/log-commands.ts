import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { parseCheckpoint, type SignedCheckpoint } from '#contract/trace/checkpoint.ts'
import { parseNoteKey } from '#contract/trace/signed-note.ts'
import type { ChainFaultKind } from './insight/answers.ts'
import { type MonitorState, monitorLog } from './log/tree/monitor-log.ts'
import type { CommandOutside } from './register-commands.ts'
import type { LogVerification } from './transparency.ts'

/** The transparency log from inside (`verify`, `prove`, `export`, `status`) and from outside (`monitor`). */
export function addLogCommands(program: Command, outside: CommandOutside): void {
  const log = program
    .command('log')
    .description('the public log of events: check it, prove from it, watch one')
  addVerify(log, outside)
  addProve(log, outside)
  addMonitor(log, outside)
  log
    .command('export')
    .argument('<folder>', 'where to write it; files that are there are replaced')
    .description('the log as static files, for any web server')
    .action((folder: string) =>
      outside.withGateway(async (gateway) => {
        const done = await gateway.transparency.export(folder)
        outside.say(done, `Wrote ${done.files} files over ${done.size} entries to ${folder}.`)
      }),
    )
  log
    .command('status')
    .description('how many entries, when signed, and what each cosigner answered')
    .action(() =>
      outside.withGateway(async (gateway) => {
        const status = await gateway.transparency.status()
        const cosigners = status.cosigners.map(
          ({ name, size, failures, trouble }) =>
            `  ${name}: ${size} entries signed${failures > 0 ? `, ${failures} times in a row not: ${trouble}` : ''}`,
        )
        const { origin, key, size } = status
        outside.say(status, [`${origin}: ${size} entries`, `  verifier key ${key}`, ...cosigners].join('\n'))
      }),
    )
}

function addVerify(log: Command, { withGateway, say }: CommandOutside): void {
  log
    .command('verify')
    .option('--checkpoint <file...>', 'checkpoints that somebody saved: they show when the end was cut off')
    .description(
      'compute the whole tree again and hold tiles, checkpoints, cosignatures and events against it',
    )
    .action(({ checkpoint = [] }: { checkpoint?: string[] }) =>
      withGateway(async (gateway) => {
        const verified = await gateway.transparency.verify(checkpoint.map(checkpointIn))
        say(verified, verifiedText(verified))
        if (!verified.valid) process.exitCode = 1
      }),
    )
}

function verifiedText(verified: LogVerification): string {
  const { valid, size, checkpoints, events, captured, waiting, problems } = verified
  const counted = `${size} entries, ${checkpoints} checkpoints, ${events} events of farms that count, ${captured} captured${waiting > 0 ? `; ${waiting} of them not in the log yet` : ''}.`
  const said = valid
    ? `The log is whole: ${counted}`
    : [`The log is NOT whole: ${counted}`, ...problems].join('\n  ')
  return [said, ...chainsText(verified.brokenChains)].join('\n')
}

const CHAIN_FAULTS: Record<ChainFaultKind, string> = {
  forged: 'signed by nobody or by another box',
  forked: 'two different events of one number',
  broken: 'not the event that it names before it',
  missing: 'the event before it never came',
}

/** Signed so by a box, and in the log as it was signed: the log stays whole, and a person has to look. */
function chainsText(chains: LogVerification['brokenChains']): string[] {
  if (chains.length === 0) return []
  const lines = chains.flatMap(({ agent, farm, faults }) =>
    faults.map(({ kind, count, eventNos, mayStillCome }) => {
      const numbers = eventNos.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
      const more = count > eventNos.reduce((sum, [first, last]) => sum + last - first + 1, 0) ? ', ..' : ''
      const yet = mayStillCome ? ' (entries of it are still to come)' : ''
      return `  box ${agent} of ${farm || 'no farm'}: event ${numbers.join(', ')}${more}: ${CHAIN_FAULTS[kind]}${yet}`
    }),
  )
  return [
    'Chains of events that do NOT hold, as their boxes signed them:',
    ...lines,
    "  Trust no lot with these events before somebody has held the box's diary against them. If its card was copied or",
    '  put back from a copy, or somebody else has its key: vuon-gateway key revoke --agent ID, then claim the box again.',
  ]
}

function addProve(log: Command, { withGateway, say }: CommandOutside): void {
  log
    .command('prove')
    .argument('<event>', 'its eventID, or agent/number such as 0123456789abcdef/17')
    .description('a proof that anyone can check off-line, as JSON on standard output')
    .action((event: string) =>
      withGateway(async (gateway) => {
        const bundle = await gateway.transparency.prove(event)
        say(bundle, JSON.stringify(bundle, null, 2))
      }),
    )
}

interface MonitorOptions {
  state: string
  key?: string
}

function addMonitor(log: Command, { say }: CommandOutside): void {
  log
    .command('monitor')
    .argument('<url>', 'of a log, such as https://vuon.example/log')
    .requiredOption('--state <file>', 'what was seen the last time; made at the first look')
    .option(
      '--key <key>',
      "the log's verifier key (name+hash+key); without it the first look believes the log",
    )
    .description(
      'look at a log from outside and compare with the last look; 1 when it was taken back or forked',
    )
    .action(async (url: string, { state, key }: MonitorOptions) => {
      if (!/^https?:\/\/\S+$/.test(url))
        throw new VuonError('input-invalid', `${url} is no address of a log.`, {
          hint: 'It looks like https://vuon.example/log',
        })
      const last = existsSync(state) ? stateIn(state) : undefined
      const pinnedKey = key === undefined ? undefined : parseNoteKey(key, sha256)
      const report = await monitorLog({ url, last, pinnedKey, fetch, sha256 })
      if (report.state) writeFileAtomically(state, `${JSON.stringify(report.state, null, 2)}\n`)
      const { state: _, ...said } = report
      const shown = report.evidence.map((note) => `\n${note}`).join('')
      say(
        said,
        report.isAlarm
          ? `ALARM: ${report.sentence}\nBoth were signed by the log; keep them:\n${shown}`
          : report.sentence,
      )
      if (report.isAlarm) process.exitCode = 1
    })
}

/** Throws `file-unreadable`, `input-invalid`. */
function stateIn(file: string): MonitorState {
  try {
    const { url, key, checkpoint } = JSON.parse(textOf(file)) as Partial<MonitorState>
    if (typeof url === 'string' && typeof key === 'string' && typeof checkpoint === 'string') {
      parseCheckpoint(checkpoint)
      return { url, key, checkpoint }
    }
  } catch (error) {
    if (error instanceof VuonError && error.code === 'file-unreadable') throw error
  }
  throw new VuonError('input-invalid', `${file} is not what a monitor remembers.`, {
    hint: 'Take the file back from a copy. A new one forgets what the log has shown before.',
  })
}

/** A checkpoint in a file of its own. Throws `file-unreadable`, `input-invalid`. */
export const checkpointIn = (file: string): SignedCheckpoint => parseCheckpoint(textOf(file))

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new VuonError('file-unreadable', `${file} could not be read.`, { cause })
  }
}

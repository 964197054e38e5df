import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import type { AlarmEntry, RecordEntry } from '#contract/wire/records.ts'
import type { AgentConfig } from '../config.ts'
import { inForceAt } from '../config-trial.ts'
import { journalPath } from '../data-folder.ts'
import type { Outcome } from '../notices/channel.ts'
import type { BoxOverview } from '../page/page-sources.ts'
import { askAgent } from './ask-agent.ts'
import type { ConsoleAnswer } from './console-answer.ts'

/** `alarms list|test|ack`: what is open, whether a channel works, and that somebody has seen one. */
export function registerAlarmCommands(program: Command, { loadConfig, say }: ConsoleAnswer): void {
  const alarms = program.command('alarms').description('open alarms and who is told of them')
  const config = (): AgentConfig => inForceAt(loadConfig()).config

  alarms
    .command('list')
    .description('what is open, newest first, and the channels')
    .action(async () => {
      const running = await askAgent<BoxOverview>(config(), 'GET', '/doctor')
      const open = running?.alarms ?? (await openInJournal(config()))
      const lines = open.map(
        ({ alarmId, severity, rule, name, device, raisedAt, acknowledged }) =>
          `${new Date(raisedAt).toISOString()}  ${severity.padEnd(8)} ${name} (${rule}${device && device !== name ? `, ${device}` : ''})${acknowledged ? ', acknowledged' : ''}\n    ${alarmId}`,
      )
      const channels = running?.channels ?? []
      const told = channels.map(
        ({ name, kind, waiting, lastError }) =>
          `channel ${name} (${kind}): ${waiting} waiting${lastError ? `; ${lastError.detail}` : ''}`,
      )
      const text = [...(lines.length > 0 ? lines : ['No alarm is open.']), ...told].join('\n')
      say({ isRunning: running !== null, open, channels }, text)
    })

  alarms
    .command('test')
    .argument('<channel>', 'name of a channel of the config, or page')
    .description('send a message that says that it is a test, and tell what happened')
    .action(async (name: string) => {
      const inForce = config()
      const known = ['page', ...inForce.notify.channels.map((channel) => channel.name)]
      if (!known.includes(name))
        throw new VuonError('input-invalid', `There is no channel "${name}".`, {
          hint: `One of ${known.join(', ')}; channels stand under notify.channels in the config.`,
        })
      const path = `/doctor/channels/${encodeURIComponent(name)}/test`
      const answer = await askAgent<{ outcome: Outcome | { kind: 'unknown' } }>(inForce, 'POST', path)
      const { testWebhook } = await import('../notice-desk.ts')
      const outcome = answer?.outcome ?? (await testWebhook(inForce, name))
      if (!outcome) throw notRunning(inForce)
      if (outcome.kind === 'unknown')
        throw new VuonError('input-invalid', `The running agent does not know the channel "${name}" yet.`, {
          hint: 'The config was changed: restart the agent (systemctl restart vuon-agent).',
        })
      const isDelivered = outcome.kind === 'delivered'
      say(
        { channel: name, ...outcome },
        `${isDelivered ? '✓ delivered' : `✗ ${outcome.kind}`}: ${outcome.detail}`,
      )
      if (!isDelivered) process.exitCode = 1
    })

  alarms
    .command('ack')
    .argument('<id>', 'id of an open alarm, or its beginning (see alarms list)')
    .description('say that somebody has seen it: it is not escalated any further')
    .action(async (beginning: string) => {
      const inForce = config()
      const running = await askAgent<BoxOverview>(inForce, 'GET', '/doctor')
      if (!running) throw notRunning(inForce)
      const found = running.alarms.filter(({ alarmId }) => alarmId.startsWith(beginning))
      const [alarm] = found
      if (!alarm || found.length > 1)
        throw new VuonError(
          'input-invalid',
          alarm
            ? `${found.length} open alarms begin with "${beginning}".`
            : `No open alarm is "${beginning}".`,
          { hint: 'vuon-agent alarms list shows them.' },
        )
      const path = `/doctor/alarms/${encodeURIComponent(alarm.alarmId)}/acknowledge`
      const answer = await askAgent<{ outcome: 'acknowledged' | 'unknown' }>(inForce, 'POST', path)
      const outcome = answer?.outcome ?? 'unknown'
      say(
        { alarmId: alarm.alarmId, outcome },
        outcome === 'acknowledged' ? `${alarm.name} is acknowledged.` : `${alarm.name} is over meanwhile.`,
      )
      if (outcome !== 'acknowledged') process.exitCode = 1
    })
}

const notRunning = ({ page }: AgentConfig): VuonError =>
  new VuonError('link-down', `The agent does not run, or its page does not answer on port ${page.port}.`, {
    hint: 'Start it: systemctl start vuon-agent (or vuon-agent run).',
  })

// As many as the agent itself reads when it starts.
const ENTRIES_READ = 2000

async function openInJournal({ dataDir }: AgentConfig): Promise<BoxOverview['alarms']> {
  const { InlineThread } = await import('../journal/journal-thread.ts')
  const thread = new InlineThread(journalPath(dataDir), { isReader: true })
  try {
    const rows = await thread.call('records', 'alarm', ENTRIES_READ)
    const entries = rows.map(({ entry }) => entry as AlarmEntry & RecordEntry)
    const of = (state: AlarmEntry['state']) =>
      new Map(entries.filter((entry) => entry.state === state).map((entry) => [entry.alarmId, entry]))
    const [cleared, acknowledged] = [of('cleared'), of('acknowledged')]
    return [...of('raised').values()]
      .filter(({ alarmId }) => !cleared.has(alarmId))
      .map(({ alarmId, severity, rule, name, device, quantity, facts, t }) => {
        const seen = acknowledged.get(alarmId)
        return {
          ...{ alarmId, severity, rule, name, device, quantity, facts, raisedAt: t },
          acknowledged: seen ? { at: seen.t, person: String(seen.facts['person'] ?? '') } : null,
        }
      })
      .sort((a, b) => b.raisedAt - a.raisedAt)
  } finally {
    await thread.stop()
  }
}

import type { Command } from 'commander'
import { journalPath } from '../data-folder.ts'
import type { InlineThread } from '../journal/journal-thread.ts'
import type { ConsoleAnswer } from './console-answer.ts'

export function registerJournalCommands(program: Command, { loadConfig, say, sayLine }: ConsoleAnswer): void {
  const journal = program.command('journal').description('what the box keeps')
  journal
    .command('stats')
    .description('epoch, lanes, sizes')
    .action(() =>
      withJournal(async (thread) => {
        const state = await thread.call('state')
        const lanes = Object.entries(state.lanes).map(
          ([lane, { lastSeq, durableThrough }]) =>
            `  ${lane}: ${lastSeq} entries, ${lastSeq - durableThrough} not at the province`,
        )
        const size = `${((state.sizeBytes + state.walBytes) / 1e6).toFixed(1)} MB`
        say(state, [`epoch ${state.epoch}, ${state.readings} readings, ${size}`, ...lanes].join('\n'))
      }),
    )
  journal
    .command('verify')
    .description('check the file page by page')
    .action(() =>
      withJournal(async (thread) => {
        const found = await thread.call('verify')
        say(
          { valid: found.length === 0, found },
          found.length === 0 ? 'The journal is whole.' : found.join('\n'),
        )
        if (found.length > 0) process.exitCode = 1
      }),
    )
  journal
    .command('export')
    .description('every reading as JSON Lines')
    .action(() =>
      withJournal(async (thread) => {
        let after = 0
        for (;;) {
          const page = await thread.call('exportReadings', after, 5000)
          for (const { id: _, t, ...row } of page) sayLine({ observedAt: new Date(t).toISOString(), ...row })
          const last = page.at(-1)
          if (!last) return
          after = last.id
        }
      }),
    )

  async function withJournal(work: (thread: InlineThread) => Promise<void>): Promise<void> {
    const { InlineThread } = await import('../journal/journal-thread.ts')
    const thread = new InlineThread(journalPath(loadConfig().dataDir), { isReader: true })
    try {
      await work(thread)
    } finally {
      await thread.stop()
    }
  }
}

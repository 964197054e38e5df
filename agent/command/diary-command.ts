import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import type { Language } from '#contract/ground/messages.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { AgentConfig } from '../config.ts'
import { inForceAt } from '../config-trial.ts'
import { enrolmentPath, journalPath } from '../data-folder.ts'
import { readEnrolment } from '../enrolment.ts'
import { writtenAt } from '../farm-book/calendar.ts'
import type { DiaryScope } from '../farm-book/diary.ts'
import { zoneOffsetOf } from '../local-time.ts'
import type { ConsoleAnswer } from './console-answer.ts'

const FORMATS = ['csv', 'epcis', 'html'] as const
type Format = (typeof FORMATS)[number]

/** A season's diary on stdout, from the journal alone: the agent may run beside it, or not at all. */
export function registerDiaryCommand(program: Command, { loadConfig, say }: ConsoleAnswer): void {
  program
    .command('diary')
    .option('--plot <id>', 'only this plot')
    .option('--from <day>', 'first day, YYYY-MM-DD')
    .option('--to <day>', 'last day, YYYY-MM-DD')
    .option('--format <format>', FORMATS.join(', '), 'csv')
    .option('--lang <language>', 'vi or en')
    .description(
      'what was done on the plots, to print (html), for a spreadsheet (csv), or as signed events (epcis)',
    )
    .action(async ({ format, lang, ...scope }: DiaryScope & { format: string; lang?: string }) => {
      if (!isFormat(format))
        throw new VuonError('input-invalid', `${format} is no format of the diary.`, {
          hint: `--format ${FORMATS.join(' | ')}`,
        })
      const { config } = inForceAt(loadConfig())
      const language: Language = lang === 'vi' || lang === 'en' ? lang : config.language
      const text = await diaryText(config, scope, format, language)
      say(format === 'epcis' ? JSON.parse(text) : { format, text }, text.trimEnd())
    })
}

const isFormat = (text: string): text is Format => FORMATS.includes(text as Format)

async function diaryText(
  config: AgentConfig,
  scope: DiaryScope,
  format: Format,
  language: Language,
): Promise<string> {
  const [{ BookEntries }, { diaryEpcis, diaryLines }, { diaryCsv }, { diaryDocument }, { InlineThread }] =
    await Promise.all([
      import('../farm-book/book-entries.ts'),
      import('../farm-book/diary.ts'),
      import('../farm-book/diary-csv.ts'),
      import('../farm-book/diary-html.ts'),
      import('../journal/journal-thread.ts'),
    ])
  const thread = new InlineThread(journalPath(config.dataDir), { isReader: true })
  try {
    const entries = new BookEntries({ records: (kind, { limit }) => thread.call('records', kind, limit) })
    const enrolment = readEnrolment(enrolmentPath(config.dataDir))
    const now = systemClock.wallMs()
    const zoneOffset = zoneOffsetOf(config.timeZone, now)
    const allocations = (enrolment?.allocations ?? []).map(({ growingArea, ...rest }) => ({
      ...rest,
      ...(growingArea ? { growingArea: { gln: growingArea.gln, code: growingArea.code } } : {}),
    }))
    const lines = await diaryLines(entries, { plots: config.plots, allocations, zoneOffset }, scope)
    switch (format) {
      case 'csv':
        return diaryCsv(language, lines)
      case 'html':
        return diaryDocument(language, lines, {
          farm: enrolment?.farm ?? null,
          scope,
          printedAt: writtenAt(now, zoneOffset),
        })
      case 'epcis':
        return `${JSON.stringify(await diaryEpcis(entries, lines, new Date(now).toISOString()), null, 2)}\n`
    }
  } finally {
    await thread.stop()
  }
}

import type { Command } from 'commander'
import type { Language } from '#contract/ground/messages.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { zoneOffsetMs } from '#contract/trace/epcis.ts'
import type { RecordEntry } from '#contract/wire/records.ts'
import type { AgentConfig } from '../config.ts'
import { inForceAt } from '../config-trial.ts'
import { fieldDaysPath, forecastPath, journalPath } from '../data-folder.ts'
import { zoneOffsetOf } from '../local-time.ts'
import type { FieldAnswer } from '../page/field-answer.ts'
import type { ConsoleAnswer } from './console-answer.ts'

/** Today's advice, from the journal alone: the agent may run beside it, or not at all. */
export function registerAdviceCommand(program: Command, { loadConfig, say }: ConsoleAnswer): void {
  program
    .command('advice')
    .option('--lang <language>', 'vi or en')
    .option('--plot <id>', 'only this plot')
    .description('what to do on the plots today, and why')
    .action(async ({ lang, plot }: { lang?: string; plot?: string }) => {
      const { config } = inForceAt(loadConfig())
      const language: Language = lang === 'vi' || lang === 'en' ? lang : config.language
      const answer = await adviceOf(config)
      const plots = answer.plots.filter(({ plot: id }) => plot === undefined || id === plot)
      say({ ...answer, plots }, spoken({ ...answer, plots }, language))
    })
}

async function adviceOf(config: AgentConfig): Promise<FieldAnswer> {
  const [{ FieldRoom }, { InlineThread }] = await Promise.all([
    import('../field/field-room.ts'),
    import('../journal/journal-thread.ts'),
  ])
  const thread = new InlineThread(journalPath(config.dataDir), { isReader: true })
  try {
    const series = await thread.call('allSeries')
    const faults: string[] = []
    const never = (): never => {
      throw new Error('this command only reads')
    }
    const room = new FieldRoom({
      journal: {
        now: () => systemClock.wallMs(),
        series: () => series.filter(({ isCurrent }) => isCurrent),
        readingsWithin: (no, fromT, toT) => thread.call('readingsWithin', no, fromT, toT),
        records: (kind, { limit }): Promise<{ seq: number; entry: RecordEntry }[]> =>
          thread.call('records', kind, limit),
        onRecord: () => undefined,
        declareSeries: never,
        appendReadings: never,
      },
      ...{ clock: systemClock, random: () => 0.5, isReader: true },
      ...{ farm: config.farm, plots: config.plots, forecast: config.forecast },
      utcOffsetH: zoneOffsetMs(zoneOffsetOf(config.timeZone, systemClock.wallMs())) / 3_600_000,
      dayFile: fieldDaysPath(config.dataDir),
      forecastFile: forecastPath(config.dataDir),
      linkTo: never,
      onFault: (code, detail) => faults.push(`${code}: ${detail}`),
    })
    await room.start()
    const answer = room.answer()
    await room.stop()
    for (const fault of faults) console.error(fault)
    return answer
  } finally {
    await thread.stop()
  }
}

const MARKS = { act: '!', watch: '•', info: ' ', missing: '?' }

function spoken({ plots, today }: FieldAnswer, language: Language): string {
  if (plots.length === 0)
    return language === 'vi'
      ? 'Chưa có lô nào trong cấu hình (mục plots).'
      : 'The configuration names no plot (plots).'
  return plots
    .map(({ name, crop, advice }) =>
      [
        `${name} (${crop}), ${today}`,
        ...advice.map((each) => `${MARKS[each.severity]} ${each[language]}`),
      ].join('\n'),
    )
    .join('\n\n')
}

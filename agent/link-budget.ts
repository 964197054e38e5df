import { BudgetFile } from './budget-file.ts'
import type { AgentConfig } from './config.ts'
import { budgetPath } from './data-folder.ts'
import { localTimeIn } from './local-time.ts'
import { Budget, type QuietHours } from './sync/budget.ts'
import type { PhotoChoice } from './sync/travelling-photos.ts'

/** What the config says of the cost of sending, as the parts of the uplink want it. */
export interface LinkBudget {
  readonly budget: Budget
  readonly batchEveryMs: number
  readonly photoChoice: PhotoChoice
  /** Gives back what was reserved; resolves when it is on disk. */
  close(): Promise<void>
}

// A request of HTTP costs 700 bytes beside what it carries: 96 a day are 70 kB, 1,440 would be a megabyte.
const METERED_EVERY_S = 900
const MB = 1_000_000

export function linkBudget(
  config: AgentConfig,
  outside: { now: () => number; onFault: (code: string, detail: string) => void },
): LinkBudget {
  const { batchEveryS, budget: settings } = config.sync
  const file = new BudgetFile(budgetPath(config.dataDir), outside.onFault)
  const budget = new Budget({
    limits: {
      bytesPerDay: settings.mbPerDay === undefined ? null : settings.mbPerDay * MB,
      bytesPerHour: settings.mbPerHour === undefined ? null : settings.mbPerHour * MB,
      quietHours: settings.quietHours.map(quietHoursOf),
    },
    localTime: localTimeIn(config.timeZone),
    now: outside.now,
    store: file,
  })
  return {
    budget,
    batchEveryMs: (settings.metered ? Math.max(batchEveryS, METERED_EVERY_S) : batchEveryS) * 1000,
    photoChoice: settings.photos ?? (settings.metered ? 'thumbnails' : 'all'),
    async close() {
      budget.close()
      await file.close()
    },
  }
}

/** "05:00-07:00". */
function quietHoursOf(text: string): QuietHours {
  const [from = '', to = ''] = text.split('-')
  const minute = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  return { fromMinute: minute(from), toMinute: minute(to) }
}

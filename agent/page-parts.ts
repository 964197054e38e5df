import type { Clock } from '#contract/ground/clock.ts'
import type { AlarmDesk } from './alarm-desk.ts'
import { bookSource } from './book-source.ts'
import type { AgentConfig } from './config.ts'
import type { Enrolment } from './enrolment.ts'
import { BookEntries } from './farm-book/book-entries.ts'
import type { FarmBook } from './farm-book/farm-book.ts'
import type { Journal } from './journal/journal.ts'
import { LabelDesk } from './label-desk.ts'
import { lightingTrial } from './lighting-trial.ts'
import { zoneOffsetOf } from './local-time.ts'
import type { FieldAnswer } from './page/field-answer.ts'
import type { BoxOverview, PageSources } from './page/page-sources.ts'
import type { PhotoDesk } from './photo-desk.ts'

export interface PageParts {
  readonly config: AgentConfig
  readonly clock: Clock
  readonly journal: Journal
  readonly farmBook: FarmBook
  readonly photos: PhotoDesk
  readonly alarms: Pick<AlarmDesk, 'acknowledge'>
  readonly farm: () => Enrolment['farm'] | null
  readonly overview: () => Promise<BoxOverview>
  readonly field: () => FieldAnswer
}

/** What the box's page asks for, from the parts that know it. */
export function pageSources({
  config,
  clock,
  journal,
  farmBook,
  photos,
  alarms,
  farm,
  overview,
  field,
}: PageParts): PageSources {
  return {
    nowMs: () => journal.now(),
    overview,
    field,
    tryLighting: lightingTrial,
    acknowledgeAlarm: (alarmId, person) => alarms.acknowledge(alarmId, person),
    history: (seriesNo, fromT, toT, buckets) => journal.history(seriesNo, fromT, toT, buckets),
    farmBook: {
      plots: config.plots,
      get products() {
        return farmBook.products
      },
      today: () => farmBook.today(),
      recordHarvest: (input) => farmBook.recordHarvest(input),
      lots: (limit) => farmBook.lots(limit),
      lot: (number) => farmBook.lot(number),
    },
    book: bookSource(farmBook, zoneOffsetOf(config.timeZone, clock.wallMs()), {
      ...{ now: () => journal.now(), farm },
    }),
    labels: new LabelDesk({
      ...{ printers: config.printers, timeZone: config.timeZone },
      ...{ clock, book: farmBook, entries: new BookEntries(journal), farm },
    }),
    photos,
  }
}

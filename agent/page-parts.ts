import type { AlarmDesk } from './alarm-desk.ts'
import type { AgentConfig } from './config.ts'
import type { Enrolment } from './enrolment.ts'
import type { FarmBook } from './farm-book/farm-book.ts'
import { LABEL_SIZES, labelSvg } from './farm-book/label.ts'
import type { Journal } from './journal/journal.ts'
import { lightingTrial } from './lighting-trial.ts'
import { dayOnLabel } from './local-time.ts'
import type { FieldAnswer } from './page/field-answer.ts'
import type { BoxOverview, PageSources } from './page/page-sources.ts'
import type { PhotoDesk } from './photo-desk.ts'

export interface PageParts {
  readonly config: AgentConfig
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
  journal,
  farmBook,
  photos,
  alarms,
  farm,
  overview,
  field,
}: PageParts): PageSources {
  const placeOnLabel = () => {
    const where = farm()
    return where ? `${where.commune}, ${where.province}` : ''
  }
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
      label: (lot, size) =>
        labelSvg(
          lot,
          { place: placeOnLabel(), harvestedOn: dayOnLabel(lot.harvestedAt, config.timeZone) },
          size,
        ),
      labelSizes: LABEL_SIZES,
    },
    photos,
  }
}

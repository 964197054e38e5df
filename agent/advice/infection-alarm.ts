import type { FoundSettings } from './finding-alarm.ts'
import type { Occasion } from './occasions.ts'

/** What a risk model says: the weather of the last hours was right for an infection. */
export interface InfectionEvent {
  /** What people call the disease, or the model's name for it. */
  readonly disease: string
  readonly crop: string
  /** Id of the plot; empty where the weather is the whole farm's. */
  readonly plot: string
  /** Where the weather was measured. */
  readonly device: string
  /** When the hours that count ended, ms on the box's clock. */
  readonly at: number
  /** 0..1 where the model gives one. */
  readonly risk?: number
  /** How many hours were wet and warm enough. */
  readonly hours?: number
  /** Whether the model was held against infections in orchards here; most were not, and people are told so. */
  readonly isValidatedHere: boolean
}

/** The same event may be raised with every new hour: it stands until `lastsH` after the last. */
export const infectionOccasion = (
  { disease, crop, plot, device, at, risk, hours, isValidatedHere }: InfectionEvent,
  { severity, lastsH }: FoundSettings,
): Occasion => ({
  rule: 'infection',
  name: disease,
  device,
  subject: JSON.stringify([crop, plot]),
  severity,
  facts: {
    ...(crop === '' ? {} : { crop }),
    ...(plot === '' ? {} : { plot }),
    ...(risk === undefined ? {} : { risk }),
    ...(hours === undefined ? {} : { hours }),
    validated: isValidatedHere ? 'yes' : 'no',
  },
  until: at + lastsH * 3_600_000,
})

import { toHex } from '#contract/ground/bytes.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import type { AlarmSeverity } from '#contract/wire/records.ts'
import type { Occasion } from './occasions.ts'

export interface FoundSettings {
  readonly severity: AlarmSeverity
  /** How long it stands unless it is found again. */
  readonly lastsH: number
}

export interface FindingSettings extends FoundSettings {
  /** 0..1, calibrated as the model's card says. */
  readonly probabilityAtLeast: number
  /** Labels that are no disease. */
  readonly healthy: readonly string[]
}

/** What the model's label is called. */
export type FoundWords = Readonly<Record<'vi' | 'en', string>>

/**
 * A disease on a photo as an alarm: when the model names one and is sure enough, or when a person who knows has
 * confirmed it. Undefined for a healthy plant, a doubtful look, or none. Its name is the label's key, by which alarms are told
 * apart; what people read is said beside it.
 */
export function findingOccasion(
  finding: FindingEntry,
  { severity, lastsH, probabilityAtLeast, healthy }: FindingSettings,
  isConfirmed = false,
  words?: FoundWords,
): Occasion | undefined {
  const { verdict, crop, plot, organ, labels, photo, at } = finding
  // Where nobody knew the crop the label has it before itself: `mango/healthy`.
  if (verdict === null || healthy.includes(verdict.slice(verdict.indexOf('/') + 1))) return undefined
  const probability = labels.find(({ label }) => label === verdict)?.probability ?? 0
  if (!isConfirmed && probability < probabilityAtLeast) return undefined
  const known = Object.fromEntries(Object.entries({ crop, plot, organ }).filter(([, text]) => text !== ''))
  return {
    rule: 'finding',
    name: verdict,
    device: '',
    subject: JSON.stringify([crop, plot]),
    severity,
    facts: {
      ...known,
      probability,
      ...(words ? { nameVi: words.vi, nameEn: words.en } : {}),
      ...(isConfirmed ? { confirmed: 'yes' } : {}),
      photo: toHex(photo.sha256),
    },
    until: at + lastsH * 3_600_000,
  }
}

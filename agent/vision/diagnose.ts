import type { AbstainReason, Organ, PhotoQuality } from '#contract/wire/finding.ts'
import type { PhotoExaminer } from './look.ts'
import type { Diagnosis, SpentMs } from './worker/photo-answer.ts'

/** A line of `vuon-agent diagnose`. `quality` is null where no picture came out of the file. */
export interface DiagnoseLine {
  readonly photo: string
  readonly crop: string
  readonly model: Diagnosis['model']
  readonly verdict: string | null
  readonly abstained: AbstainReason | null
  readonly labels: Diagnosis['labels']
  readonly lesionShare: number | null
  readonly quality: PhotoQuality | null
  readonly ms: SpentMs
}

/**
 * What can be said of one photo, without keeping anything. `isFailure` is true where the file could not be read as a
 * photo (the command then exits with 1); an abstaining model is an answer.
 */
export async function diagnose(
  photo: string,
  asked: { readonly crop: string; readonly organ: Organ },
  examiner: PhotoExaminer,
): Promise<{ line: DiagnoseLine; isFailure: boolean; detail: string }> {
  const { crop, organ } = asked
  const answer = await examiner.examine({ path: photo, crop, organ, keep: false })
  if (answer.kind === 'no-photo') {
    const nothing = { model: null, verdict: null, labels: [], lesionShare: null, quality: null }
    const line = { photo, crop, ...nothing, abstained: answer.reason, ms: answer.ms }
    return { line, isFailure: true, detail: answer.detail }
  }
  const { model, verdict, abstained, labels, lesionShare } = answer.diagnosis
  const { quality, ms } = answer
  const line = { photo, crop, model, verdict, abstained, labels, lesionShare, quality, ms }
  return { line, isFailure: false, detail: '' }
}

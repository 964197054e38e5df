import { affectedShare } from '#contract/wire/affected-share.ts'
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
  /** Share of the photo in which a model without lesion share saw what it says: a hint. Absent where it has no map. */
  readonly affectedShare?: number
  readonly quality: PhotoQuality | null
  readonly ms: SpentMs
}

export interface Asked {
  readonly crop: string
  readonly organ: Organ
  readonly heatmap?: string
}

/** `--crop unknown`: every crop that the model knows is asked. */
export const UNKNOWN_CROP = 'unknown'

/**
 * What can be said of one photo, without keeping anything. `isFailure` is true where the file could not be read as a
 * photo, or its model could not be run (the command then exits with 1); an abstaining model is an answer. `detail` is
 * for the person: why, or that a heat map was asked for and there is none.
 */
export async function diagnose(
  photo: string,
  { crop, organ, heatmap }: Asked,
  examiner: PhotoExaminer,
): Promise<{ line: DiagnoseLine; isFailure: boolean; detail: string }> {
  const known = crop === UNKNOWN_CROP ? '' : crop
  const answer = await examiner.examine({
    ...{ path: photo, crop: known, organ, keep: false },
    ...(heatmap === undefined ? {} : { heatmap }),
  })
  if (answer.kind === 'no-photo') {
    const { reason, ms } = answer
    const line = {
      ...{ photo, crop, model: null, verdict: null, abstained: reason },
      ...{ labels: [], lesionShare: null, quality: null, ms },
    }
    return { line, isFailure: true, detail: answer.detail }
  }
  const { model, verdict, abstained, labels, lesionShare, heat, fault } = answer.diagnosis
  const { quality, ms } = answer
  const affected = lesionShare === null ? affectedShare(heat) : null
  const line = {
    ...{ photo, crop, model, verdict, abstained, labels, lesionShare },
    ...(affected === null ? {} : { affectedShare: Number(affected.toFixed(2)) }),
    ...{ quality, ms },
  }
  if (fault !== undefined) return { line, isFailure: true, detail: `the model can't be run: ${fault}` }
  const isMapMissing = heatmap !== undefined && !heat
  return { line, isFailure: false, detail: isMapMissing ? 'there is no heat map of it' : '' }
}

import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { ORGANS, type Organ } from '#contract/wire/finding.ts'
import { diagnose } from '../vision/diagnose.ts'
import { VisionWorker } from '../vision/vision-worker.ts'

/**
 * `diagnose PHOTO..`: a line of JSON for each photo, in order. Returns whether every file could be read as a photo.
 * Throws `input-invalid` for an organ or crop that no manifest could name.
 */
export async function diagnoseFiles(
  photos: readonly string[],
  asked: { readonly crop: string; readonly organ?: string },
  sayLine: (line: unknown) => void,
): Promise<boolean> {
  const organ = ORGANS.find((each): each is Organ => each === (asked.organ ?? ''))
  if (organ === undefined)
    throw new VuonError('input-invalid', `There is no organ "${asked.organ}".`, {
      hint: 'stem, leaf or fruit.',
    })
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(asked.crop))
    throw new VuonError('input-invalid', `"${asked.crop}" is not the name of a crop.`, {
      hint: 'Lower case with hyphens, such as dragon-fruit.',
    })
  const worker = new VisionWorker({ clock: systemClock })
  let isAllRead = true
  try {
    for (const photo of photos) {
      const { line, isFailure, detail } = await diagnose(photo, { crop: asked.crop, organ }, worker)
      sayLine(line)
      if (isFailure) console.error(`${photo}: ${line.abstained} (${detail})`)
      isAllRead &&= !isFailure
    }
  } finally {
    await worker.stop()
  }
  return isAllRead
}

import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { ORGANS, type Organ } from '#contract/wire/finding.ts'
import { plantVerdict } from '#contract/wire/plant-verdict.ts'
import { type DiagnoseLine, diagnose } from '../vision/diagnose.ts'
import { SHIPPED_MODELS } from '../vision/shipped-models.ts'
import { VisionWorker } from '../vision/vision-worker.ts'
import type { Lineup } from '../vision/worker/model-folder.ts'

export interface DiagnoseOptions {
  readonly crop: string
  readonly organ?: string
  readonly heatmap?: string
  /** The photos are of one plant: one more line says what they say together. */
  readonly onePlant?: boolean
  /** Folder of the models; those that came with the program where it is not given. */
  readonly models?: string
  /** The models that look at photos on this box. */
  readonly lineup?: Lineup
}

/**
 * `diagnose PHOTO..`: a line of JSON for each photo, in order. Returns whether every file could be read as a photo.
 * Throws `input-invalid` for an organ or crop that no manifest could name, and for a heat map that has no place.
 */
export async function diagnoseFiles(
  photos: readonly string[],
  { crop, organ: organName = '', heatmap, onePlant = false, lineup, ...asked }: DiagnoseOptions,
  sayLine: (line: unknown) => void,
): Promise<boolean> {
  const models = asked.models ?? lineup?.folder ?? SHIPPED_MODELS
  const organ = ORGANS.find((each): each is Organ => each === organName)
  if (organ === undefined)
    throw new VuonError('input-invalid', `There is no organ "${organName}".`, {
      hint: 'stem, leaf or fruit.',
    })
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(crop))
    throw new VuonError('input-invalid', `"${crop}" is not the name of a crop.`, {
      hint: 'Lower case with hyphens, such as dragon-fruit; "unknown" where nobody knows.',
    })
  if (heatmap !== undefined) checkHeatmap(heatmap, photos)
  if (!statSync(models, { throwIfNoEntry: false })?.isDirectory())
    throw new VuonError('input-invalid', `There is no folder ${models} with models.`, {
      hint: 'A folder with one folder a model, each with manifest.json and model.onnx.',
    })
  const worker = new VisionWorker({ clock: systemClock, models })
  if (lineup && asked.models === undefined) worker.lineUp(lineup)
  const lines: DiagnoseLine[] = []
  let isAllRead = true
  try {
    for (const photo of photos) {
      const asked = { crop, organ, ...(heatmap === undefined ? {} : { heatmap }) }
      const { line, isFailure, detail } = await diagnose(photo, asked, worker)
      sayLine(line)
      lines.push(line)
      if (detail !== '') console.error(`${photo}: ${line.abstained ?? line.verdict} (${detail})`)
      isAllRead &&= !isFailure
    }
  } finally {
    await worker.stop()
  }
  if (onePlant) sayLine({ photos, crop, ...plantVerdict(lines) })
  return isAllRead
}

function checkHeatmap(file: string, photos: readonly string[]): void {
  if (photos.length > 1)
    throw new VuonError('input-invalid', '--heatmap is one file, and there are several photos.', {
      hint: 'Give one photo, or leave --heatmap out.',
    })
  if (!/\.png$/i.test(file))
    throw new VuonError('input-invalid', `--heatmap ${file} does not end in .png.`, {
      hint: 'The map is drawn as a PNG.',
    })
  try {
    accessSync(dirname(file), constants.W_OK)
    // A folder of that name could not be written over; nor should a photo.
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a folder')
  } catch (error) {
    throw new VuonError('input-invalid', `--heatmap ${file} can't be written: ${(error as Error).message}`, {
      hint: 'Name a file in a folder that exists and that you may write to.',
    })
  }
}

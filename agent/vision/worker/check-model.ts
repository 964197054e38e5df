import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type DrawnPhoto, draw } from './drawn-photo.ts'
import { modelAt } from './model-folder.ts'
import { type ModelSession, openSession } from './model-session.ts'
import type { CheckAnswer } from './photo-answer.ts'

/**
 * Whether a model does on this processor what it did where it was made: it is opened from its folder and answers every
 * drawn photo of `cases/`, each logit within the tolerance of its case. Never rejects: what is wrong is the answer.
 */
export async function checkModel(folder: string): Promise<CheckAnswer> {
  const startedMs = performance.now()
  const answer = (cases: number, fault: string | null): CheckAnswer => ({
    ...{ kind: 'checked', cases, fault },
    ms: Math.round(performance.now() - startedMs),
  })
  let cases = 0
  try {
    const model = modelAt(folder)
    const names = readdirSync(join(folder, 'cases')).filter((name) => name.endsWith('.json'))
    if (names.length === 0 || names.length > MAX_CASES)
      return answer(0, `it has ${names.length} cases, not 1 to ${MAX_CASES}`)
    const session = await openSession(model)
    try {
      for (const name of names.toSorted()) {
        const fault = await faultOf(session, readCase(join(folder, 'cases', name)))
        if (fault !== null) return answer(cases, `case ${name}: ${fault}`)
        cases++
      }
    } finally {
      await session.close()
    }
    return answer(cases, null)
  } catch (error) {
    return answer(cases, (error as Error).message.split('\n')[0]?.slice(0, 200) ?? '')
  }
}

const MAX_CASES = 60
const MAX_CASE_BYTES = 256 * 1024
// As large as a photo is ever decoded for a model.
const MAX_SIDE_PX = 1280
const MAX_TOLERANCE = 1.5

interface ModelCase {
  readonly photo: DrawnPhoto
  readonly expected: Readonly<Record<string, readonly number[]>>
  readonly tolerance: number
}

async function faultOf(
  session: ModelSession,
  { photo, expected, tolerance }: ModelCase,
): Promise<string | null> {
  const { widthPx, heightPx } = photo
  const said = await session.run({ widthPx, heightPx, rgb: draw(photo) })
  for (const [output, values] of Object.entries(expected)) {
    const got = said[output]?.values
    if (got?.length !== values.length)
      return `"${output}" has ${got?.length ?? 'no'} values, not ${values.length}`
    // Written so that a value that is no number is too far off as well.
    const far = values.find((value, at) => !(Math.abs(value - (got[at] ?? Number.NaN)) <= tolerance))
    if (far !== undefined) return `"${output}" is further off than ${tolerance}`
  }
  return null
}

function readCase(path: string): ModelCase {
  if (statSync(path).size > MAX_CASE_BYTES) throw new Error('a case is too large')
  const { photo, expected, tolerance } = JSON.parse(readFileSync(path, 'utf8')) as ModelCase
  const isSide = (px: unknown): boolean =>
    Number.isInteger(px) && Number(px) >= 1 && Number(px) <= MAX_SIDE_PX
  const isColour = (value: unknown): boolean =>
    Array.isArray(value) && value.length === 3 && value.every((each) => each >= 0 && each <= 255)
  const isDrawable =
    isSide(photo?.widthPx) &&
    isSide(photo?.heightPx) &&
    Number.isInteger(photo.seed) &&
    isColour(photo.ground) &&
    (photo.leaf === null || isColour(photo.leaf)) &&
    (photo.spot === null || isColour(photo.spot)) &&
    photo.spots >= 0 &&
    photo.spots <= 100
  if (!isDrawable) throw new Error('a case has no photo that can be drawn')
  const rows = Object.values(expected ?? {})
  if (rows.length === 0 || !rows.every((row) => Array.isArray(row) && row.every(Number.isFinite)))
    throw new Error('a case expects nothing')
  if (!(tolerance > 0 && tolerance <= MAX_TOLERANCE))
    throw new Error(`a case has no tolerance up to ${MAX_TOLERANCE}`)
  return { photo, expected, tolerance }
}

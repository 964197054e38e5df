import type { FastifyRequest } from 'fastify'
import { toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { type BookTyped, typedOf } from './book-typed.ts'
import type { PhotoDoor } from './photo-door.ts'
import type { Visits } from './visit.ts'

export interface TypedForm {
  readonly typed: BookTyped
  /** sha256 of a photo that came with it and is kept, hex. */
  readonly photo: string | undefined
  /** A file came and no picture came out of it, or there was no room for it. */
  readonly isPhotoRefused: boolean
}

/**
 * What a form says, and the photo that came with it. The photo is taken in like any other: turned upright, without GPS,
 * kept until the province has it. Null for bytes that are no form. A file of nobody is read to its end and dropped: a
 * phone that is cut off shows no page at all.
 */
export async function readForm(
  request: FastifyRequest,
  visits: Pick<Visits, 'isFormOurs'>,
  door: PhotoDoor | undefined,
  person: string | undefined,
): Promise<TypedForm | null> {
  if (!request.isMultipart?.())
    return { typed: typedOf(request.body), photo: undefined, isPhotoRefused: false }
  const fields: Record<string, string> = {}
  let photo: string | undefined
  let isPhotoRefused = false
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') {
        if (typeof part.value === 'string') fields[part.fieldname] = part.value
        continue
      }
      request.body = fields
      const isWanted =
        door && person !== undefined && part.filename !== '' && !photo && visits.isFormOurs(request)
      if (isWanted) {
        photo = await kept(door, part.file, { plot: fields['plot'] ?? '', person })
        isPhotoRefused = photo === undefined
      }
      part.file.resume()
    }
  } catch (error) {
    // The other fields are still worth keeping when the phone broke off in its photo; without any this is no form.
    if (error instanceof VuonError) throw error
    if (Object.keys(fields).length === 0) return null
    isPhotoRefused = true
  }
  request.body = fields
  return { typed: typedOf(fields), photo, isPhotoRefused }
}

/** Of no crop and no organ: nobody guesses a disease on a label. */
async function kept(
  door: PhotoDoor,
  file: Parameters<PhotoDoor['takeStream']>[0],
  note: { readonly plot: string; readonly person: string },
): Promise<string | undefined> {
  try {
    const looked = await door.takeStream(file, { crop: '', organ: '', ...note })
    return 'finding' in looked ? toHex(looked.finding.photo.sha256) : undefined
  } catch (error) {
    const code = error instanceof VuonError ? error.code : undefined
    if (code === 'vision-busy' || code === 'disk-full' || file.errored) return undefined
    throw error
  }
}

import { fromUtf8 } from '#contract/ground/bytes.ts'

/**
 * The photo in a message of a camera. Firmwares of ESP32 cameras send one of these, and none says which:
 *
 *   the bytes of a JPEG
 *   base64, with or without "data:image/jpeg;base64," before it
 *   JSON with that base64 in one of its fields (image, photo, picture, data, ..): the longest text of the object
 *
 * Photos in several messages are not put together: every sketch numbers its pieces in its own way, and all of them lose
 * the photo with one piece.
 */
export type CameraMessage =
  | { readonly photo: Uint8Array }
  /** Why there is no photo in it, for the fault. */
  | { readonly fault: string }

const JSON_BEGIN = 0x7b // {
// What a photo begins with is looked at by the decoder; this tells bytes from text: no photo begins with letters alone.
const TEXT_HEAD_BYTES = 64
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/
const DATA_URI = /^data:image\/[\w.+-]{1,30};base64,/
// A photo of a few hundred bytes is none.
const MIN_PHOTO_BYTES = 100

export function photoIn(payload: Uint8Array): CameraMessage {
  if (payload.length === 0) return { fault: 'it is empty' }
  if (payload[0] !== JSON_BEGIN && !isText(payload.subarray(0, TEXT_HEAD_BYTES))) return { photo: payload }
  let text: string
  try {
    text = fromUtf8(payload).trim()
  } catch {
    return { fault: 'it is neither a photo nor text' }
  }
  if (text.charCodeAt(0) !== JSON_BEGIN) return fromBase64(text)
  let object: unknown
  try {
    object = JSON.parse(text)
  } catch {
    return { fault: 'it is JSON that was cut off' }
  }
  const texts = Object.values(object as object).filter((each) => typeof each === 'string')
  const longest = texts.toSorted((a, b) => b.length - a.length)[0]
  return longest === undefined ? { fault: 'none of the fields of its JSON is text' } : fromBase64(longest)
}

function fromBase64(text: string): CameraMessage {
  const base64 = text.replace(DATA_URI, '').replace(/\s+/g, '')
  if (!BASE64.test(base64)) return { fault: 'it is text, but not base64' }
  const photo = new Uint8Array(Buffer.from(base64, 'base64'))
  return photo.length < MIN_PHOTO_BYTES
    ? { fault: `its base64 holds ${photo.length} bytes, no photo` }
    : { photo }
}

const isText = (head: Uint8Array): boolean =>
  head.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09)

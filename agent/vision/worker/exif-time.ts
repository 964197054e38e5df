/**
 * When the camera says that a photo was taken, ms UTC, from its EXIF block (CIPA DC-008: TIFF fields). It is the only
 * thing that is read of the block, which is then dropped. A camera that names no offset from UTC gives no moment: the
 * farm's zone is likely, not certain, so nothing is claimed.
 */
export function takenAtOf(exif: Uint8Array | undefined): number | undefined {
  if (!exif) return undefined
  try {
    const start = exif[0] === 0x45 && exif[1] === 0x78 ? 6 : 0 // "Exif\0\0"
    const view = new DataView(exif.buffer, exif.byteOffset + start, exif.byteLength - start)
    const isLittle = view.getUint16(0) === 0x4949
    const pointer = field(view, view.getUint32(4, isLittle), isLittle, EXIF_IFD)
    if (!pointer) return undefined
    const ifd = view.getUint32(pointer.at, isLittle)
    const time = text(view, isLittle, field(view, ifd, isLittle, DATE_TIME_ORIGINAL))
    const offset = text(view, isLittle, field(view, ifd, isLittle, OFFSET_TIME_ORIGINAL))
    const parts = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(time)
    const zone = /^[+-]\d\d:\d\d/.exec(offset)?.[0]
    if (!parts || !zone) return undefined
    const taken = Date.parse(`${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}${zone}`)
    return taken >= EARLIEST_MS && taken < LATEST_MS ? taken : undefined
  } catch {
    // Offsets that lead out of the block: it is damaged or hostile, and says nothing.
    return undefined
  }
}

const EXIF_IFD = 0x8769
const DATE_TIME_ORIGINAL = 0x9003
const OFFSET_TIME_ORIGINAL = 0x9011
// A camera without a date writes 1970, 1980 or 2000.
const EARLIEST_MS = Date.UTC(2015, 0, 1)
const LATEST_MS = Date.UTC(2100, 0, 1)
// A directory has some forty fields; more is a bomb.
const MAX_FIELDS = 500
const FIELD_BYTES = 12

/** Where the value field of a tag stands, and its count. */
function field(
  view: DataView,
  directory: number,
  isLittle: boolean,
  tag: number,
): { at: number; count: number } | undefined {
  const fields = Math.min(MAX_FIELDS, view.getUint16(directory, isLittle))
  for (let index = 0; index < fields; index++) {
    const at = directory + 2 + index * FIELD_BYTES
    if (view.getUint16(at, isLittle) === tag) return { at: at + 8, count: view.getUint32(at + 4, isLittle) }
  }
  return undefined
}

function text(view: DataView, isLittle: boolean, found: { at: number; count: number } | undefined): string {
  if (!found || found.count > 64) return ''
  // Values of up to four bytes stand in the field itself, longer ones where it points.
  const from = found.count <= 4 ? found.at : view.getUint32(found.at, isLittle)
  let value = ''
  for (let index = 0; index < found.count; index++) value += String.fromCharCode(view.getUint8(from + index))
  return value
}

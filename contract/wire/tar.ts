import { concatBytes, equalBytes, fromUtf8, utf8 } from '../ground/bytes.ts'

/**
 * The narrowest tar there is (POSIX ustar, IEEE Std 1003.1 "pax", ustar interchange format): plain files in one given
 * writing. Any tar program opens it; what any other program wrote is refused, so that a file of this kind has one form
 * only and no place for links, owners, devices, or a name twice.
 */
export interface TarMember {
  /** At most 100 characters: names of letters, digits, `.`, `_` and `-`, with `/` between; none begins with a dot. */
  readonly path: string
  readonly bytes: Uint8Array
}

const BLOCK = 512
const PATH = /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*){0,3}$/
// Two blocks of zeros end the archive.
const END_BYTES = 2 * BLOCK

/** Throws RangeError for a path that is none, or one that is there twice. */
export function writeTar(members: readonly TarMember[]): Uint8Array {
  const paths = new Set<string>()
  const parts = members.flatMap(({ path, bytes }) => {
    if (!isTarPath(path) || paths.has(path)) throw new RangeError(`"${path}" is no path of a tar`)
    paths.add(path)
    return [headerOf(path, bytes.length), bytes, new Uint8Array(paddingOf(bytes.length))]
  })
  return concatBytes(...parts, new Uint8Array(END_BYTES))
}

/** The members in their order, as views of `tar`. Throws RangeError, with the reason, for whatever `writeTar` would not write. */
export function readTar(tar: Uint8Array, maxMembers: number): TarMember[] {
  const members: TarMember[] = []
  const paths = new Set<string>()
  let at = 0
  for (;;) {
    if (at + BLOCK > tar.length) throw new RangeError('it ends early')
    const header = tar.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) break
    if (members.length === maxMembers) throw new RangeError(`it has more than ${maxMembers} members`)
    const path = pathIn(header)
    const sizeBytes = sizeIn(header)
    if (!equalBytes(header, headerOf(path, sizeBytes)))
      throw new RangeError('a header is not that of a plain file')
    if (paths.has(path)) throw new RangeError(`"${path}" is there twice`)
    paths.add(path)
    const from = at + BLOCK
    const to = from + sizeBytes
    at = to + paddingOf(sizeBytes)
    if (at > tar.length) throw new RangeError('it ends early')
    if (tar.subarray(to, at).some((byte) => byte !== 0))
      throw new RangeError('something stands between files')
    members.push({ path, bytes: tar.subarray(from, to) })
  }
  if (tar.length !== at + END_BYTES || tar.subarray(at).some((byte) => byte !== 0))
    throw new RangeError('something stands behind its end')
  return members
}

export const isTarPath = (path: string): boolean => path.length <= 100 && PATH.test(path)

const paddingOf = (sizeBytes: number): number => (BLOCK - (sizeBytes % BLOCK)) % BLOCK

// Offsets and lengths of the fields, in bytes.
const NAME = { at: 0, length: 100 }
const SIZE = { at: 124, length: 12 }
const CHECKSUM = { at: 148, length: 8 }

function headerOf(path: string, sizeBytes: number): Uint8Array {
  const header = new Uint8Array(BLOCK)
  const put = (at: number, text: string): void => header.set(utf8(text), at)
  put(NAME.at, path)
  put(100, '0000644\0')
  put(108, '0000000\0')
  put(116, '0000000\0')
  put(SIZE.at, `${sizeBytes.toString(8).padStart(11, '0')}\0`)
  put(136, '00000000000\0')
  put(CHECKSUM.at, ' '.repeat(CHECKSUM.length))
  put(156, '0')
  put(257, 'ustar\0')
  put(263, '00')
  const sum = header.reduce((total, byte) => total + byte, 0)
  put(CHECKSUM.at, `${sum.toString(8).padStart(6, '0')}\0 `)
  return header
}

function pathIn(header: Uint8Array): string {
  const field = header.subarray(NAME.at, NAME.at + NAME.length)
  const end = field.indexOf(0)
  let path = ''
  try {
    path = fromUtf8(end < 0 ? field : field.subarray(0, end))
  } catch {
    // Not even text: no path either.
  }
  if (!isTarPath(path)) throw new RangeError('a name in it is no plain path')
  return path
}

function sizeIn(header: Uint8Array): number {
  const digits = Array.from(header.subarray(SIZE.at, SIZE.at + SIZE.length - 1), (byte) =>
    String.fromCharCode(byte),
  ).join('')
  if (!/^[0-7]{11}$/.test(digits)) throw new RangeError('a size in it is no number')
  return Number.parseInt(digits, 8)
}

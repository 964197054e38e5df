import { concatBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from '../ground/bytes.ts'
import { VuonError } from '../ground/errors.ts'
import type { SecretKey, Sha256 } from '../ground/signing.ts'

/**
 * C2SP signed-note: a text, an empty line, and lines of signatures, each under a name and the first four bytes of a
 * hash of name, kind and key. A signature of a key that the reader does not know says nothing and is passed over.
 */
export interface Note {
  /** With its last newline; this is what is signed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export interface NoteSignature {
  readonly name: string
  /** Eight hex digits. */
  readonly keyHash: string
  readonly bytes: Uint8Array
}

/** `plain` (0x01): Ed25519 over the text. `cosignature` (0x04): over the text behind a header with the time. */
export type NoteKeyKind = 'plain' | 'cosignature'

export interface NoteKey {
  readonly name: string
  readonly keyHash: string
  readonly kind: NoteKeyKind
  /** 32 raw bytes of Ed25519. */
  readonly publicRaw: Uint8Array
}

/** False for a wrong signature or a key of any shape; a browser's own Ed25519 answers later. */
export type VerifySignature = (
  publicRaw: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>

const TYPE: Readonly<Record<NoteKeyKind, number>> = { plain: 1, cosignature: 4 }
// Sixteen signatures have to be taken (C2SP signed-note); a log has a handful of cosigners.
const MAX_SIGNATURES = 64
const MAX_NOTE_LENGTH = 64 * 1024

/** Throws `input-invalid` when the name is none: empty, or with a space or a plus. */
export function noteKey(name: string, kind: NoteKeyKind, publicRaw: Uint8Array, sha256: Sha256): NoteKey {
  if (!isKeyName(name)) throw malformed(`${name.slice(0, 100)} is no name of a key`)
  const named = concatBytes(utf8(`${name}\n`), Uint8Array.of(TYPE[kind]), publicRaw)
  return { name, kind, publicRaw, keyHash: toHex(sha256(named).subarray(0, 4)) }
}

/** `<name>+<hash>+<base64 of the kind and the key>`: how a verifier key is handed around. */
export const noteKeyText = ({ name, keyHash, kind, publicRaw }: NoteKey): string =>
  `${name}+${keyHash}+${toBase64(concatBytes(Uint8Array.of(TYPE[kind]), publicRaw))}`

/** Throws `input-invalid` for a text of another shape, or whose hash is not that of its key. */
export function parseNoteKey(text: string, sha256: Sha256): NoteKey {
  const match = /^([^+]{1,200})\+([0-9a-f]{8})\+(\S{1,200})$/.exec(text.trim())
  const bytes = match && base64Of(match[3] as string)
  const kind = (['plain', 'cosignature'] as const).find((each) => TYPE[each] === bytes?.[0])
  if (!match || !bytes || !kind || bytes.length !== 33)
    throw malformed('a verifier key reads as name+hash+key, of Ed25519 (kind 1) or its cosignatures (kind 4)')
  const key = noteKey(match[1] as string, kind, bytes.slice(1), sha256)
  if (key.keyHash !== match[2]) throw malformed('the hash of the verifier key is not that of its key')
  return key
}

/** Throws `input-invalid`. */
export function parseNote(note: string): Note {
  if (note.length > MAX_NOTE_LENGTH) throw malformed('it is too long')
  // Nothing below a space but the newline; and no half of a surrogate pair, which has no UTF-8.
  if (/[^\n\u0020-\uffff]/.test(note) || !note.isWellFormed()) throw malformed('it has control characters')
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) throw malformed('it has no empty line before its signatures')
  const lines = note.slice(end + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) throw malformed(`it has more than ${MAX_SIGNATURES} signatures`)
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignatureLine) }
}

/** Throws `input-invalid`. */
export function parseSignatureLine(line: string): NoteSignature {
  const match = /^— (\S+) (\S+)$/.exec(line)
  const bytes = match && base64Of(match[2] as string)
  if (!match || !isKeyName(match[1] as string) || !bytes || bytes.length < 5)
    throw malformed('a signature line reads as — name base64')
  return {
    name: match[1] as string,
    keyHash: toHex(bytes.subarray(0, 4)),
    bytes: bytes.slice(4),
  }
}

export const signatureLine = ({ name, keyHash, bytes }: NoteSignature): string =>
  `— ${name} ${toBase64(concatBytes(fromHex(keyHash), bytes))}\n`

/** The text with one signature of kind 0x01. */
export function signNote(text: string, name: string, key: SecretKey, sha256: Sha256): string {
  const { keyHash } = noteKey(name, 'plain', key.publicRaw, sha256)
  return `${text}\n${signatureLine({ name, keyHash, bytes: key.sign(utf8(text)) })}`
}

export type NoteStanding =
  /** `timeS`: when a cosigner says that it saw this, seconds since 1970. */
  { readonly is: 'signed'; readonly timeS: number | null } | { readonly is: 'absent' | 'forged' }

/** Whether a key has signed this note. One wrong signature under its name and hash makes the note a forgery. */
export async function standingOfKey(
  note: Note,
  key: NoteKey,
  verify: VerifySignature,
): Promise<NoteStanding> {
  let standing: NoteStanding = { is: 'absent' }
  for (const { name, keyHash, bytes } of note.signatures) {
    if (name !== key.name || keyHash !== key.keyHash) continue
    const timeS = key.kind === 'cosignature' ? timeOf(bytes) : null
    const message = timeS === null ? utf8(note.text) : cosignedMessage(note.text, timeS)
    const signature = key.kind === 'cosignature' ? bytes.subarray(8) : bytes
    if (!(await verify(key.publicRaw, message, signature))) return { is: 'forged' }
    standing = { is: 'signed', timeS }
  }
  return standing
}

/** What a cosigner signs (C2SP tlog-cosignature v1). Its signature is the time in eight bytes, then Ed25519's. */
export const cosignedMessage = (text: string, timeS: number): Uint8Array =>
  utf8(`cosignature/v1\ntime ${timeS}\n${text}`)

/** The first eight bytes, big-endian; 0 where they are no time that can be counted, under which nothing verifies. */
function timeOf(bytes: Uint8Array): number {
  if (bytes.length < 8) return 0
  const time = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
  return Number.isSafeInteger(time) ? time : 0
}

const isKeyName = (name: string): boolean => /^[^\s+]{1,200}$/u.test(name)

/** Standard base64 as it is written, or undefined: two texts for the same bytes would be two notes. */
function base64Of(text: string): Uint8Array | undefined {
  try {
    const bytes = fromBase64(text)
    return toBase64(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}

const malformed = (why: string): VuonError =>
  new VuonError('input-invalid', `This is not a signed note: ${why}.`, {
    hint: 'Give the checkpoint or the key exactly as the log or the cosigner published it.',
  })

import { fromBase64, toBase64 } from '../ground/bytes.ts'
import { VuonError } from '../ground/errors.ts'
import { type Note, parseNote } from './signed-note.ts'

/** C2SP tlog-checkpoint: the size and root of a log at one moment, as the text of a signed note. */
export interface Checkpoint {
  /** Which log: its address without the scheme. */
  readonly origin: string
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note
}

export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${toBase64(root)}\n`

/** Lines behind the root are another log's own, are signed with the rest, and mean nothing here. Throws `input-invalid`. */
export function parseCheckpoint(text: string): SignedCheckpoint {
  const note = parseNote(text)
  const [origin = '', size = '', root = '', ...more] = note.text.split('\n')
  const bytes = /^[A-Za-z0-9+/]{43}=$/.test(root) ? fromBase64(root) : undefined
  const isCounted = /^(0|[1-9]\d{0,15})$/.test(size) && Number.isSafeInteger(Number(size))
  const isWhole = more.at(-1) === '' && more.slice(0, -1).every((line) => line !== '')
  if (origin === '' || !isCounted || !bytes || toBase64(bytes) !== root || !isWhole)
    throw new VuonError('input-invalid', 'This is not a checkpoint of a log.', {
      hint: 'It begins with three lines: origin, size, and the root hash in base64.',
    })
  return { origin, size: Number(size), root: bytes, note }
}

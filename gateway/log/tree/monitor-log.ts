import { equalBytes, fromUtf8 } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import type { Sha256 } from '#contract/ground/signing.ts'
import { parseCheckpoint, type SignedCheckpoint } from '#contract/trace/checkpoint.ts'
import { consistencyProof, isConsistent } from '#contract/trace/merkle.ts'
import { type NoteKey, noteKeyText, parseNoteKey, standingOfKey } from '#contract/trace/signed-note.ts'
import { HASH_BYTES, hashesOfTiles, type ReadTile, TILE_WIDTH, tilePath } from '#contract/trace/tiles.ts'
import { verifyWithNode } from './cosigning.ts'

/** What a monitor remembers of a log between two looks. */
export interface MonitorState {
  readonly url: string
  /** The verifier key: the one that was given, or the one that the log named at the first look. */
  readonly key: string
  /** The newest checkpoint that was consistent with all before. */
  readonly checkpoint: string
}

export type MonitorVerdict =
  | { readonly is: 'first' | 'same' | 'grown' }
  /** `rollback`: it has become shorter. `fork`: it tells something else about what it had said. `forged`: not its key. */
  | { readonly is: 'rollback' | 'fork' | 'forged' }

export interface MonitorReport {
  readonly verdict: MonitorVerdict['is']
  readonly isAlarm: boolean
  readonly sentence: string
  readonly size: number
  readonly lastSize: number | null
  /** Signed by the log, and contradicting each other: what an alarm is proved with. */
  readonly evidence: readonly string[]
  /** Null after an alarm: what was seen before it stays what the next look is compared with. */
  readonly state: MonitorState | null
}

// A note has some hundred bytes a signature, a tile 8,192, an answer with the status of some cosigners a kilobyte or two.
const MAX_BYTES = 64 * 1024
const ANSWER_WITHIN_MS = 20_000

/**
 * Looks at a log from outside, by its static files alone, and compares with the last look. Throws `link-down`,
 * `link-refused` when it cannot be looked at, `input-invalid` for what is no log.
 */
export async function monitorLog(options: {
  readonly url: string
  readonly last: MonitorState | undefined
  readonly pinnedKey: NoteKey | undefined
  readonly fetch: typeof fetch
  readonly sha256: Sha256
}): Promise<MonitorReport> {
  const { url, last, sha256 } = options
  const read = (path: string): Promise<Uint8Array> => get(options.fetch, `${url.replace(/\/+$/, '')}/${path}`)
  const note = fromUtf8(await read('checkpoint'))
  const checkpoint = parseCheckpoint(note)
  const key = options.pinnedKey ?? parseNoteKey(last?.key ?? (await keyNamedBy(read)), sha256)
  const before = last ? parseCheckpoint(last.checkpoint) : undefined
  const report = (is: MonitorVerdict['is'], sentence: string): MonitorReport => {
    const isAlarm = is === 'rollback' || is === 'fork' || is === 'forged'
    return {
      verdict: is,
      isAlarm,
      sentence,
      size: checkpoint.size,
      lastSize: before?.size ?? null,
      evidence: isAlarm ? [...(last ? [last.checkpoint] : []), note] : [],
      state: isAlarm ? null : { url, key: noteKeyText(key), checkpoint: note },
    }
  }
  const standing = await standingOfKey(checkpoint.note, key, verifyWithNode)
  if (standing.is !== 'signed' || checkpoint.origin !== key.name)
    return report('forged', `The checkpoint is not signed by ${key.name} with the key that is known.`)
  const { size } = checkpoint
  if (!before) return report('first', `${size} entries; there is nothing to compare with yet.`)
  if (size < before.size)
    return report(
      'rollback',
      `The log had ${before.size} entries and now shows ${size}: its end was taken back.`,
    )
  if (size === before.size)
    return equalBytes(checkpoint.root, before.root)
      ? report('same', `${size} entries, as the last time.`)
      : report('fork', `The log has signed two roots for ${size} entries.`)
  if (before.size > 0 && !(await isGrown(before, checkpoint, read, sha256)))
    return report('fork', `The ${size} entries do not begin with the ${before.size} of the last time.`)
  return report('grown', `${size} entries; the first ${before.size} are those of the last time.`)
}

type Read = (path: string) => Promise<Uint8Array>

async function keyNamedBy(read: Read): Promise<string> {
  const status = JSON.parse(fromUtf8(await read('status.json'))) as { key?: unknown }
  if (typeof status.key === 'string') return status.key
  throw new VuonError('input-invalid', 'The log does not name its verifier key.', {
    hint: "Give the key with --key, as the log's owner publishes it.",
  })
}

/** False also when its tiles do not show it: what cannot be proved is not so. */
async function isGrown(
  one: SignedCheckpoint,
  other: SignedCheckpoint,
  read: Read,
  sha256: Sha256,
): Promise<boolean> {
  const tiles = new Map<string, Promise<Uint8Array>>()
  const readTile: ReadTile = async (tile) => {
    const path = tilePath(tile)
    const bytes = tiles.get(path) ?? readOrFull(read, tile)
    tiles.set(path, bytes)
    return (await bytes).subarray(0, tile.width * HASH_BYTES)
  }
  const proof = await consistencyProof(
    one.size,
    other.size,
    hashesOfTiles(other.size, readTile, sha256),
    sha256,
  )
  const [size1, root1, size2, root2] = [one.size, one.root, other.size, other.root]
  return isConsistent({ size1, root1, size2, root2, proof }, sha256)
}

/** A tile that is full by now may have replaced the part of it that this checkpoint knew. */
async function readOrFull(read: Read, tile: Parameters<ReadTile>[0]): Promise<Uint8Array> {
  try {
    return await read(tilePath(tile))
  } catch (error) {
    if (tile.width === TILE_WIDTH) throw error
    return read(tilePath({ ...tile, width: TILE_WIDTH }))
  }
}

async function get(fetching: typeof fetch, address: string): Promise<Uint8Array> {
  let response: Response
  const chunks: Uint8Array[] = []
  try {
    response = await fetching(address, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    let sizeBytes = 0
    for await (const chunk of response.body ?? []) {
      sizeBytes += chunk.length
      if (sizeBytes > MAX_BYTES) break
      chunks.push(chunk)
    }
    if (sizeBytes > MAX_BYTES)
      throw new VuonError('link-refused', `${address} answers with more than ${MAX_BYTES} bytes.`)
  } catch (cause) {
    if (cause instanceof VuonError) throw cause
    throw new VuonError('link-down', `${address} could not be read.`, { cause })
  }
  if (!response.ok) throw new VuonError('link-refused', `${address} answers ${response.status}.`)
  return new Uint8Array(Buffer.concat(chunks))
}

import { sql } from 'kysely'
import { toBase64 } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { publicKeyFromRaw } from '#contract/ground/node/crypto.ts'
import type { Random } from '#contract/ground/random.ts'
import type { Sha256 } from '#contract/ground/signing.ts'
import { consistencyProof } from '#contract/trace/merkle.ts'
import {
  type NoteKey,
  parseNote,
  parseSignatureLine,
  signatureLine,
  standingOfKey,
  type VerifySignature,
} from '#contract/trace/signed-note.ts'
import type { Db } from '../../store/open-store.ts'
import { withRetry } from '../../store/retry.ts'
import { checkpointOf, hashesOfTree, type StoredCheckpoint, treeHead } from './read-tree.ts'

/** Somebody whom the province does not control, and who signs that all see the same log (C2SP tlog-witness). */
export interface Cosigner {
  /** The address before `/add-checkpoint`. */
  readonly url: string
  readonly key: NoteKey
}

export interface CosigningOutside {
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly sha256: Sha256
  readonly cosigners: readonly Cosigner[]
  readonly fetch: typeof fetch
  readonly onTrouble: (error: unknown) => void
}

const TURN_MS = 15_000
const ANSWER_WITHIN_MS = 10_000
// While one gateway asks, the others over the same database do not.
const ASKING_MS = 60_000
const FIRST_WAIT_MS = 30_000
const LONGEST_WAIT_MS = 3_600_000
// A cosigner of several keys answers with a line of 150 bytes for each.
const MAX_ANSWER_BYTES = 16 * 1024

export const verifyWithNode: VerifySignature = (publicRaw, message, signature) =>
  publicRaw.length === 32 && publicKeyFromRaw(publicRaw).verify(message, signature)

export const cosignerName = ({ name, keyHash }: NoteKey): string => `${name}+${keyHash}`

/** Offers the checkpoint of each hour to every cosigner, with the proof that the log only grew since it signed last. */
export class Cosigning {
  readonly #outside: CosigningOutside
  #cancel: (() => void) | undefined
  #turning: Promise<unknown> = Promise.resolve()
  #isStopped = false

  constructor(outside: CosigningOutside) {
    this.#outside = outside
  }

  start(): void {
    const { clock, onTrouble, cosigners } = this.#outside
    if (cosigners.length === 0) return
    const next = (): void => {
      if (!this.#isStopped) this.#cancel = clock.after(TURN_MS, turn)
    }
    const turn = (): void => {
      this.#turning = this.turn().catch(onTrouble).finally(next)
    }
    next()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.#turning
  }

  /** Asks whoever is due. A cosigner that does not answer is asked again later, longer each time, up to an hour. */
  async turn(): Promise<void> {
    const kept = await checkpointOf(this.#outside.db, 'kept')
    if (!kept) return
    await Promise.all(this.#outside.cosigners.map((cosigner) => this.#ask(cosigner, kept)))
  }

  async #ask(cosigner: Cosigner, kept: StoredCheckpoint): Promise<void> {
    const { db, clock, random } = this.#outside
    const name = cosignerName(cosigner.key)
    const nowMs = Math.round(clock.wallMs())
    const state = await withRetry(db, { clock, random }, async (tx) => {
      await sql`INSERT INTO tree_cosigner VALUES (${name}, 0, 0, 0, 0, '') ON CONFLICT (cosigner) DO NOTHING`.execute(
        tx,
      )
      const { rows } = await sql<{
        size: number
        failures: number
      }>`UPDATE tree_cosigner SET next_at = ${nowMs + ASKING_MS}
        WHERE cosigner = ${name} AND size < ${kept.size} AND next_at <= ${nowMs} RETURNING size, failures`.execute(
        tx,
      )
      return rows[0]
    })
    if (!state) return
    const outcome = await this.#offer(cosigner, kept, state.size)
    const failures = outcome.trouble === '' ? 0 : state.failures + 1
    const waitMs =
      Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 20)) * (0.5 + random() / 2)
    const answeredAt = Math.round(clock.wallMs())
    const nextAt = failures === 0 ? 0 : answeredAt + Math.round(waitMs)
    await withRetry(db, { clock, random }, async (tx) => {
      if (outcome.line !== undefined)
        await sql`INSERT INTO tree_cosignature VALUES (${kept.size}, ${name}, ${outcome.line}, ${outcome.timeS})
          ON CONFLICT (size, cosigner) DO NOTHING`.execute(tx)
      await sql`UPDATE tree_cosigner SET size = ${outcome.size}, failures = ${failures}, next_at = ${nextAt},
        answered_at = ${failures === 0 ? answeredAt : sql`answered_at`}, trouble = ${outcome.trouble.slice(0, 300)} WHERE cosigner = ${name}`.execute(
        tx,
      )
    })
  }

  async #offer(cosigner: Cosigner, kept: StoredCheckpoint, lastSize: number): Promise<Outcome> {
    let size = lastSize
    // Once with what we remember, once with what the cosigner says, and once more if another gateway came between.
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await this.#post(cosigner, kept, size)
      if ('trouble' in answer) return { size, trouble: answer.trouble }
      if (answer.status === 200) return this.#taken(cosigner, kept, answer.text, size)
      const theirs = /^(0|[1-9]\d{0,15})\n?$/.exec(answer.text)
      if (answer.status !== 409 || !theirs)
        return { size, trouble: `answered ${answer.status}${refusals[answer.status] ?? ''}` }
      const theirSize = Number(theirs[1])
      if (theirSize === size && size === kept.size)
        return { size: lastSize, trouble: `has signed another log of ${size} entries than this one: a fork` }
      const { size: ourSize } = await treeHead(this.#outside.db)
      if (theirSize > ourSize)
        return {
          size: lastSize,
          trouble: `has signed a log of ${theirSize} entries, and this one has ${ourSize}: was the database restored from an older copy?`,
        }
      // It signed a later one that another gateway offered: the next hour's follows from that.
      if (theirSize > kept.size) return { size: theirSize, trouble: '' }
      size = theirSize
    }
    return { size, trouble: 'names another size each time' }
  }

  async #post(
    { url }: Cosigner,
    kept: StoredCheckpoint,
    oldSize: number,
  ): Promise<{ status: number; text: string } | { trouble: string }> {
    const { db, sha256 } = this.#outside
    const proof = await consistencyProof(oldSize, kept.size, hashesOfTree(db, kept.size, sha256), sha256)
    const lines = proof.map((hash) => `${toBase64(hash)}\n`).join('')
    try {
      const response = await this.#outside.fetch(`${url.replace(/\/+$/, '')}/add-checkpoint`, {
        method: 'POST',
        body: `old ${oldSize}\n${lines}\n${kept.note}`,
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      })
      const text = await boundedText(response)
      return text === undefined ? { trouble: 'answered with too much' } : { status: response.status, text }
    } catch (error) {
      const { message, cause } = error as Error & { cause?: Error }
      return { trouble: `could not be reached: ${cause?.message ?? message}` }
    }
  }

  /** Only the line that verifies under the key that we know is kept. */
  async #taken({ key }: Cosigner, kept: StoredCheckpoint, text: string, size: number): Promise<Outcome> {
    for (const line of text.split('\n').filter(Boolean)) {
      try {
        const signature = parseSignatureLine(line)
        const note = { text: parseNote(kept.note).text, signatures: [signature] }
        const standing = await standingOfKey(note, key, verifyWithNode)
        if (standing.is === 'signed')
          return { size: kept.size, trouble: '', line: signatureLine(signature), timeS: standing.timeS ?? 0 }
      } catch {
        // A line that is none says nothing.
      }
    }
    return { size, trouble: 'answered without a signature that holds under its key' }
  }
}

interface Outcome {
  readonly size: number
  /** Empty when it signed, or has nothing to sign. */
  readonly trouble: string
  readonly line?: string
  readonly timeS?: number
}

const refusals: Readonly<Record<number, string>> = {
  400: ': it takes the request for malformed',
  403: ': it trusts no key that has signed the checkpoint; give it the verifier key of this log',
  404: ': it does not know this log; give it the origin and the verifier key',
  422: ': it finds that the log did not only grow',
}

async function boundedText(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_ANSWER_BYTES) return undefined
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

export interface CosignerState {
  readonly cosigner: string
  /** Of the largest log that it has signed. */
  readonly size: number
  readonly failures: number
  readonly answeredAt: number
  readonly trouble: string
}

export async function cosignerStates(db: Db): Promise<CosignerState[]> {
  const { rows } = await sql<Omit<CosignerState, 'answeredAt'> & { answered_at: number }>`
    SELECT cosigner, size, failures, answered_at, trouble FROM tree_cosigner ORDER BY cosigner`.execute(db)
  return rows.map(({ answered_at: answeredAt, ...rest }) => ({ ...rest, answeredAt }))
}

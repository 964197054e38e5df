import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { concatBytes, equalBytes, fromBase64 } from '#contract/ground/bytes.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { parseCheckpoint } from '#contract/trace/checkpoint.ts'
import { isEd25519Signed } from '#contract/trace/ed25519-verify.ts'
import { isConsistent } from '#contract/trace/merkle.ts'
import {
  cosignedMessage,
  type NoteKey,
  noteKey,
  noteKeyText,
  signatureLine,
  standingOfKey,
} from '#contract/trace/signed-note.ts'

/**
 * A witness of C2SP tlog-witness over real HTTP: for one log it remembers the largest checkpoint that it has signed, and
 * signs another one only when it is shown that the log grew from there.
 */
export class Witness {
  readonly key: NoteKey
  /** The size and root that it has signed last. */
  seen = { size: 0, root: new Uint8Array(0) }
  /** The log that it knows; until then it knows none. */
  log: NoteKey | undefined
  /** What it answers instead of doing its work, if anything. */
  broken: { status: number; body: string; type?: string } | undefined
  readonly asked: string[] = []
  readonly #secret = secretKeyFromSeed(new Uint8Array(32).fill(0x77))
  #server: Server | undefined
  #url = ''

  constructor(name = 'witness.example/w1') {
    this.key = noteKey(name, 'cosignature', this.#secret.publicRaw, sha256)
  }

  get config(): { url: string; key: string } {
    return { url: this.#url, key: noteKeyText(this.key) }
  }

  async open(): Promise<this> {
    this.#server = createServer(async (request, response) => {
      const body = await text(request)
      this.asked.push(body)
      const {
        status,
        body: answer,
        type = 'text/plain',
      } = request.url === '/add-checkpoint' && request.method === 'POST'
        ? (this.broken ?? (await this.#answer(body)))
        : { status: 404, body: '' }
      response.writeHead(status, { 'content-type': type }).end(answer)
    })
    await new Promise<void>((done) => this.#server?.listen(0, '127.0.0.1', done))
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((done) => this.#server?.close(done))
  }

  async #answer(body: string): Promise<{ status: number; body: string; type?: string }> {
    const [head = '', ...rest] = body.split('\n\n')
    const [old = '', ...lines] = head.split('\n')
    const oldSize = Number(/^old (0|[1-9]\d*)$/.exec(old)?.[1] ?? Number.NaN)
    if (Number.isNaN(oldSize)) return { status: 400, body: '' }
    const { note, origin, size, root } = parseCheckpoint(rest.join('\n\n'))
    if (!this.log || origin !== this.log.name) return { status: 404, body: '' }
    if ((await standingOfKey(note, this.log, isEd25519Signed)).is !== 'signed')
      return { status: 403, body: '' }
    if (oldSize > size) return { status: 400, body: '' }
    const conflict = { status: 409, body: `${this.seen.size}\n`, type: 'text/x.tlog.size' }
    if (oldSize !== this.seen.size) return conflict
    if (oldSize === size && !equalBytes(root, this.seen.root)) return conflict
    const proof = lines.map(fromBase64)
    const isGrown =
      oldSize === 0
        ? proof.length === 0
        : isConsistent({ size1: oldSize, root1: this.seen.root, size2: size, root2: root, proof }, sha256)
    if (!isGrown) return { status: 422, body: '' }
    this.seen = { size, root: Uint8Array.from(root) }
    const timeS = 1_795_000_000
    const time = new Uint8Array(8)
    new DataView(time.buffer).setBigUint64(0, BigInt(timeS))
    const bytes = concatBytes(time, this.#secret.sign(cosignedMessage(note.text, timeS)))
    const { name, keyHash } = this.key
    return { status: 200, body: signatureLine({ name, keyHash, bytes }) }
  }
}

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { lotUri, parseLotPath } from '#contract/trace/digital-link.ts'
import { boxCodeOf } from '#contract/trace/lot-number.ts'
import { parseTilePath } from '#contract/trace/tiles.ts'
import { agentIdOf } from '#contract/wire/identity.ts'
import { checkpointOf, tileBytes } from '../../log/tree/read-tree.ts'
import type { LogStatus } from '../../log/tree/status.ts'
import type { Db } from '../../store/open-store.ts'
import { KeptAnswers, stateOfKeys, stateOfLot } from './kept-answers.ts'
import { signedKeyList } from './keys-of-boxes.ts'
import { type Prover, proveLot } from './prove-events.ts'

export interface ProofRoutesOutside {
  readonly db: Db
  readonly clock: Clock
  readonly publicUrl: string
  readonly prover: Prover
  readonly logStatus: () => Promise<LogStatus>
}

// A checkpoint is to be seen within seconds (C2SP tlog-tiles); a lot that waits for the log is asked for again soon.
const CHECKPOINT_FRESH_S = 2
const WAITING_FRESH_S = 5
const PROOF_FRESH_S = 60
const KEYS_FRESH_S = 300
const FOR_EVER = 'public, max-age=31536000, immutable'

/** The log as static files under /log, and the proofs of a lot. Public, without cookies, and nobody is written down. */
export function proofRoutes(app: FastifyInstance, outside: ProofRoutesOutside): void {
  const { db, clock, publicUrl, prover } = outside
  const nowMs = (): number => Math.round(clock.wallMs())
  // Whoever keeps a copy of the log may be a page of another origin.
  const open = (reply: FastifyReply, cacheControl: string): FastifyReply =>
    reply.header('access-control-allow-origin', '*').header('cache-control', cacheControl)
  const fresh = (seconds: number): string => `public, max-age=${seconds}`

  const checkpoint = async (wanted: 'newest' | 'cosigned', reply: FastifyReply): Promise<FastifyReply> => {
    const found = await checkpointOf(db, wanted)
    if (!found)
      throw new VuonError(
        'not-found',
        wanted === 'newest' ? 'The log is still empty.' : 'Nobody has cosigned yet.',
      )
    return open(reply, fresh(CHECKPOINT_FRESH_S)).type('text/plain; charset=utf-8').send(found.note)
  }
  app.get('/log/checkpoint', (_request, reply) => checkpoint('newest', reply))
  app.get('/log/checkpoint.cosigned', (_request, reply) => checkpoint('cosigned', reply))

  app.get<{ Params: { '*': string } }>('/log/tile/*', async (request, reply) => {
    const tile = parseTilePath(`tile/${request.params['*']}`)
    const bytes = tile && (await tileBytes(db, tile))
    if (!bytes)
      throw new VuonError(
        'not-found',
        tile ? 'The log has not come so far.' : 'This is not the address of a tile.',
        {
          hint: 'Tiles are at /log/tile/<L>/<N>[.p/<W>] and /log/tile/entries/<N>[.p/<W>]; /log/checkpoint tells the size.',
        },
      )
    return open(reply, FOR_EVER).type('application/octet-stream').send(Buffer.from(bytes))
  })

  const kept = new KeptAnswers(clock)
  const provinceAgent = agentIdOf(prover.key.publicRaw, sha256)
  const json = (reply: FastifyReply, body: string): FastifyReply =>
    reply.type('application/json; charset=utf-8').send(body)

  app.get('/log/keys.json', async (_request, reply) => {
    const { origin, key } = prover
    const state = await stateOfKeys(db, provinceAgent)
    let body = kept.get('keys', state)
    if (body === undefined) {
      body = JSON.stringify(await signedKeyList(db, { origin, key, nowMs: nowMs() }))
      kept.put('keys', state, body)
    }
    return json(open(reply, fresh(KEYS_FRESH_S)), body)
  })

  app.get('/log/status.json', async (_request, reply) => {
    open(reply, fresh(CHECKPOINT_FRESH_S))
    const { cosigners, ...status } = await outside.logStatus()
    // Addresses and what a network said are for the province's own people: `log status`.
    const named = cosigners.map(({ name, size, failures, answeredAt }) => ({
      name,
      size,
      failures,
      answeredAt,
    }))
    return { ...status, cosigners: named }
  })

  app.get<{ Params: { gtin: string; lot: string } }>(
    '/01/:gtin/10/:lot/proof.json',
    async (request, reply) => {
      const path = parseLotPath(request.params.gtin, request.params.lot)
      if (!path)
        throw new VuonError('input-invalid', 'This is not the address of a lot.', {
          hint: 'It reads as /01/{GTIN of 14 digits}/10/{lot number}/proof.json.',
        })
      const boxCode = boxCodeOf(path.lot)
      const name = `${path.gtin}/${path.lot}`
      const state = await stateOfLot(db, boxCode, provinceAgent)
      const before = kept.get(name, state)
      if (before !== undefined) return json(open(reply, fresh(PROOF_FRESH_S)), before)
      const bundle = await proveLot(db, { ...path, boxCode }, lotUri(publicUrl, path), prover, nowMs())
      if (!bundle)
        throw new VuonError('not-found', 'No event of this lot has been received.', {
          hint: 'A farm without network sends it later.',
        })
      const body = JSON.stringify(bundle)
      const isWaiting = bundle.events.some(({ leaf }) => leaf === null)
      if (!isWaiting) kept.put(name, state, body)
      return json(open(reply, fresh(isWaiting ? WAITING_FRESH_S : PROOF_FRESH_S)), body)
    },
  )
}

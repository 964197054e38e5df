import { describe, expect, it } from 'vitest'
import { toBase64Url } from '#contract/ground/bytes.ts'
import type { ErrorCode } from '#contract/ground/errors.ts'
import { sessionProof } from '#contract/wire/sync-protocol.ts'
import { epochMigrations } from '../../gateway/log/epochs.ts'
import { keyOf, rotate, signWith } from './rotating-box.ts'
import { expectProblem, FARM, RunningGateway } from './running-gateway.ts'
import { DAY, minutes, SignedBox } from './signed-box.ts'

const { withBox } = RunningGateway
type Answer = Awaited<ReturnType<RunningGateway['send']>>

interface Scene {
  readonly province: RunningGateway
  readonly box: SignedBox
  /** What an attacker overheard: stored already. */
  readonly overheard: { readonly bytes: Uint8Array }
  /** Another farm's box, enrolled like the first. */
  readonly other: SignedBox
  /** The same key in a newer epoch, which has begun. */
  readonly later: SignedBox
}

async function scene(): Promise<Scene> {
  const { province, box } = await withBox()
  const other = new SignedBox(2)
  await province.enrol(other)
  const overheard = box.readings(minutes(1, 5))
  await province.take(overheard)
  await province.take(box.readings(minutes(1, 5)))
  const later = new SignedBox(1, 'eeeeeeeeeeeeeeee')
  await province.take(later.readings(minutes(1, 5)))
  return { province, box, overheard, other, later }
}

const proofOf = async ({ province }: Scene, box: SignedBox, as = box) => {
  const { nonce } = (await province.post('/sync/v1/session', { agent: as.agent })).json() as { nonce: string }
  return { agent: as.agent, nonce, signature: toBase64Url(box.key.sign(sessionProof(as.agent, nonce))) }
}

/** Each is refused with its code, and neither log nor projections change. */
const REFUSED: [string, ErrorCode, (scene: Scene) => Promise<Answer>][] = [
  [
    'a proof of a session that was used before',
    'session-required',
    async (at) => {
      const proof = await proofOf(at, at.box)
      expect((await at.province.post('/sync/v1/session', proof)).statusCode).toBe(200)
      return at.province.post('/sync/v1/session', proof)
    },
  ],
  [
    'a proof of a session that is two minutes old',
    'signature-wrong',
    async (at) => {
      const proof = await proofOf(at, at.box)
      at.province.advance(120_000)
      return at.province.post('/sync/v1/session', proof)
    },
  ],
  [
    'a nonce that was given to another box',
    'signature-wrong',
    async (at) => {
      const { nonce } = await proofOf(at, at.other)
      const signature = toBase64Url(at.box.key.sign(sessionProof(at.box.agent, nonce)))
      return at.province.post('/sync/v1/session', { agent: at.box.agent, nonce, signature })
    },
  ],
  [
    "another box's name with one's own signature",
    'signature-wrong',
    async (at) => at.province.post('/sync/v1/session', await proofOf(at, at.other, at.box)),
  ],
  [
    "a batch under another box's name",
    'key-unknown-yet',
    ({ province, box, other }) =>
      province.send(other.seal('reading', new Uint8Array(3), 3, { agent: box.agent })),
  ],
  [
    "a batch under another box's name and key",
    'signature-wrong',
    ({ province, box, other }) =>
      province.send(other.seal('reading', new Uint8Array(3), 3, { agent: box.agent, key: box.keyId })),
  ],
  [
    "another box's cursor with one's own bearer, which shows nothing of it",
    'input-invalid',
    async ({ province, box, other }) => {
      const authorization = `Bearer ${await province.session(other)}`
      const cursor = await province.app.inject({
        url: `/sync/v1/cursor?epoch=${box.epoch}`,
        headers: { authorization },
      })
      expect(cursor.json()).toMatchObject({ lanes: { reading: { durableThrough: 0 } } })
      return province.app.inject({ url: `/sync/v1/cursor?epoch=..`, headers: { authorization } })
    },
  ],
]

describe('nothing is had by', () => {
  it.each(REFUSED)('%s', async (_, code, attack) => {
    const at = await scene()
    const before = await at.province.stored('used_nonce')
    expectProblem(await attack(at), code)
    expect(await at.province.stored('used_nonce')).toBe(before)
  })
})

describe('what was sent before', () => {
  it('comes again in any epoch and changes nothing but a counter', async () => {
    const { province, overheard, later } = await scene()
    const before = await province.stored()
    for (let times = 0; times < 3; times++) await province.take(overheard)
    expect(await province.stored()).toBe(before)
    const metrics = (await province.app.inject({ url: '/metrics' })).body
    expect(metrics).toContain('vuon_gateway_batches_total{outcome="duplicate"} 3')
    expect((await province.take(later.readings(minutes(1, 5)))).lanes.reading.durableThrough).toBe(10)
  })

  it('comes again after the key has changed and changes nothing', async () => {
    const { province, overheard, later } = await scene()
    await province.take(rotate(later, keyOf(101), { record: 2, finding: 1, reading: 6 }))
    const before = await province.stored()
    await province.take(overheard)
    expect(await province.stored()).toBe(before)
  })

  it('does not lift a suspension when it is a claim', async () => {
    const province = await RunningGateway.open()
    await province.addFarm()
    const code = await province.gateway.newClaimCode(FARM)
    const box = new SignedBox()
    await province.claim(box, code)
    await province.gateway.decide([{ kind: 'suspension', agent: box.agent, reason: 'stolen' }])
    const before = await province.stored()
    expect((await province.claim(box, code)).statusCode).toBe(200)
    expect(await province.stored()).toBe(before)
    expectProblem(await province.send(box.readings(minutes(1, 5))), 'agent-suspended')
  })
})

describe('an epoch that is over', () => {
  it('takes nothing new: a straggler is refused, the box is not shut out', async () => {
    const { province, box, later } = await scene()
    const before = await province.stored()
    expectProblem(await province.send(box.readings(minutes(1, 5, DAY, 500))), 'epoch-over')
    expect(await province.stored()).toBe(before)
    const [known] = await province.gateway.boxKeys(box.agent)
    expect(known).toMatchObject({ isSuspended: false, setAside: {} })
    expect(known?.epochs.map(({ epoch }) => epoch)).toEqual([box.epoch, later.epoch])
    await province.take(later.readings(minutes(1, 5)))
  })

  it('that still speaks an hour later is a second box: the key is suspended', async () => {
    const { province, box, later } = await scene()
    const stubborn = box.readings(minutes(1, 5, DAY, 500))
    expectProblem(await province.send(stubborn), 'epoch-over')
    province.advance(3_600_001)
    expectProblem(await province.send(stubborn), 'epoch-over')
    expectProblem(await province.send(later.readings(minutes(1, 5))), 'agent-suspended')
    expect((await province.gateway.boxKeys(box.agent))[0]?.setAside).toEqual({ 'epoch-over': 1 })
    const before = await province.stored()
    await province.gateway.rebuild()
    expect(await province.stored()).toBe(before)
  })

  it('of one box is nothing to another', async () => {
    const { province, other } = await scene()
    await province.take(other.readings(minutes(1, 5)))
  })

  it('is known for every box that was there before epochs were kept', async () => {
    const { province, box, later } = await scene()
    const rows = 'SELECT agent, epoch, first_arrival FROM log_epoch ORDER BY first_arrival'
    const kept = await province.rows(rows)
    await province.rows('DELETE FROM log_epoch')
    const [migration] = epochMigrations
    const types = { integer: '', real: '', blob: '', tableOptions: '', keyedOptions: '' }
    await province.rows(migration?.statements(types).at(-1) ?? '')
    expect(await province.rows(rows)).toEqual(kept)
    expectProblem(await province.send(box.readings(minutes(1, 5, DAY, 500))), 'epoch-over')
    await province.take(later.readings(minutes(1, 5)))
  })
})

describe('a chain that forks', () => {
  /** How many readings the twin seals, batch after batch; the last one is sent. */
  const forks: [string, readonly [count: number, scaled: number][]][] = [
    ['at its first batch', [[5, 900]]],
    [
      'from the middle of a batch',
      [
        [3, 300],
        [5, 300],
      ],
    ],
    ['over two batches', [[8, 300]]],
    [
      'by another predecessor',
      [
        [5, 900],
        [5, 901],
      ],
    ],
    [
      'by going on from what it does not have',
      [
        [5, 900],
        [5, 901],
        [2, 300],
      ],
    ],
  ]

  it.each(forks)('%s is set aside, and a person has to look', async (_, sealed) => {
    const at = await scene()
    // In the newest epoch: an older one takes nothing new anyway.
    const twin = at.later.clone()
    await at.province.take(at.later.readings(minutes(1, 5)))
    const before = await at.province.stored('log_aside', 'log_batch', 'log_mark', 'enrolment')
    const batches = sealed.map(([count, scaled]) => twin.readings(minutes(1, count, DAY, scaled)))
    expectProblem(await at.province.send(batches.at(-1)!), 'batch-equivocation')
    expect(await at.province.stored('log_aside', 'log_batch', 'log_mark', 'enrolment')).toBe(before)
    expectProblem(await at.province.send(at.later.readings(minutes(1, 5))), 'agent-suspended')
  })

  it('is nothing that a key which nobody told of can do', async () => {
    const { province, later } = await scene()
    const twin = signWith(later.clone(), keyOf(66))
    const before = await province.stored()
    expectProblem(await province.send(twin.readings(minutes(1, 5, DAY, 900))), 'key-unknown-yet')
    expect(await province.stored()).toBe(before)
  })
})

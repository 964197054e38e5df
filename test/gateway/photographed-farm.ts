import { toBase64Url } from '#contract/ground/bytes.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import type { ModelLabelWords } from '#contract/wire/model-words.ts'
import { MAX_BLOB_PART_BYTES, sessionProof } from '#contract/wire/sync-protocol.ts'
import { FormVisitor } from '../world/form-visitor.ts'
import { EMAIL, type Orchard, PASSWORD, settledFarm } from './orchard.ts'
import { findingOf, findings, hashOf, type NamedPhoto } from './sent-photo.ts'
import { DAY, type SignedBox } from './signed-box.ts'

export const STEM_MODEL = { id: 'dragon-fruit-stem', version: '1.0.0', sha256: new Uint8Array(32).fill(7) }
/** Of a confirmed canker; the number is that of Neoscytalidium dimidiatum at NCBI. */
export const ORGANISM = 'https://www.ncbi.nlm.nih.gov/taxonomy/569374'

const label = (key: string, vi: string, en: string, organism: string | null = null): ModelLabelWords => ({
  ...{ crop: 'dragon-fruit', key, vi, en, organism },
})
export const STEM_WORDS = {
  ...{ kind: 'model', t: DAY, ...STEM_MODEL, organ: 'stem', crops: ['dragon-fruit'] },
  screen: { vi: 'Sàng lọc từ ít ảnh, không phải chẩn đoán.', en: 'A screen from few photos, no diagnosis.' },
  labels: [
    label('healthy', 'khoẻ', 'healthy'),
    label('spot', 'có đốm', 'spots'),
    label('rot_or_canker', 'thối hoặc loét', 'rot or canker', ORGANISM),
  ],
}

export const shares = (spot: number, rot: number): FindingEntry['labels'] =>
  [
    { label: 'spot', probability: spot },
    { label: 'rot_or_canker', probability: rot },
    { label: 'healthy', probability: Number((1 - spot - rot).toFixed(4)) },
  ].toSorted((a, b) => b.probability - a.probability)

export const SPOTTED = {
  ...{ model: STEM_MODEL, verdict: 'spot', abstained: null, lesionShare: 0.12, labels: shares(0.9, 0.06) },
} as const

/** A farm whose box sends photos through the gateway's own doors, as a box does. */
export class PhotographedFarm {
  readonly orchard: Orchard
  readonly box: SignedBox
  readonly #token: string

  constructor(orchard: Orchard, box: SignedBox, token: string) {
    this.orchard = orchard
    this.box = box
    this.#token = token
  }

  static async open(): Promise<PhotographedFarm> {
    const { orchard, box } = await settledFarm()
    await orchard.send(box.records(STEM_WORDS))
    return new PhotographedFarm(orchard, box, await sessionOf(orchard, box))
  }

  /** The finding travels first, then what of the photo is here already. */
  async sends(
    named: NamedPhoto,
    change: Partial<FindingEntry> = {},
    files: readonly ('photo' | 'thumbnail')[] = ['thumbnail', 'photo'],
  ): Promise<void> {
    await this.orchard.send(findings(this.box, findingOf(named, change)))
    for (const file of files) await this.uploads(named[file])
  }

  async uploads(whole: Uint8Array): Promise<void> {
    for (let at = 0; at < whole.length; at += MAX_BLOB_PART_BYTES) {
      const answer = await this.orchard.app.inject({
        method: 'PUT',
        url: `/sync/v1/blobs/${hashOf(whole)}`,
        headers: {
          authorization: `Bearer ${this.#token}`,
          'content-type': 'application/octet-stream',
          'upload-offset': String(at),
          'upload-length': String(whole.length),
        },
        payload: Buffer.from(whole.subarray(at, at + MAX_BLOB_PART_BYTES)),
      })
      if (answer.statusCode !== 200) throw new Error(`photo refused: ${answer.body}`)
    }
  }
}

async function sessionOf(orchard: Orchard, box: SignedBox): Promise<string> {
  const post = (payload: object) => orchard.app.inject({ method: 'POST', url: '/sync/v1/session', payload })
  const { nonce } = (await post({ agent: box.agent })).json() as { nonce: string }
  const signature = toBase64Url(box.key.sign(sessionProof(box.agent, nonce)))
  return ((await post({ agent: box.agent, nonce, signature })).json() as { token: string }).token
}

/** A person at a browser without script, signed in. */
export async function visitorOf(
  orchard: Orchard,
  person: { readonly email?: string; readonly password?: string } = {},
): Promise<FormVisitor> {
  const visitor = new FormVisitor('http://vuon.example', async ({ method, path, headers, body }) => {
    const answer = await orchard.app.inject({
      method,
      url: path,
      headers: { ...headers },
      ...(body === undefined ? {} : { payload: body }),
    })
    const set = answer.headers['set-cookie']
    const told = Object.entries(answer.headers).map(([name, value]) => [name, String(value)])
    return {
      status: answer.statusCode,
      headers: { ...Object.fromEntries(told), ...(set === undefined ? {} : { 'set-cookie': set }) },
      body: answer.body,
    }
  })
  const { email = EMAIL, password = PASSWORD } = person
  await visitor.submit(await visitor.open('/sign-in'), '/sign-in', { email, password })
  return visitor
}

import { type BundleReport, type CheckingOutside, checkBundle } from '#contract/trace/check-bundle.ts'
import { openBundle } from '#contract/trace/proof-bundle.ts'
import { sha256InScript } from '#contract/trace/sha256.ts'
import { type NoteKey, parseNoteKey, type VerifySignature } from '#contract/trace/signed-note.ts'

/**
 * Checks a lot's proof in the reader's own browser, after the page is there, and says in the page what came of it:
 *
 *   <div data-verify data-proof="…/proof.json">…</div>
 *
 * Without script the page stays as it is. A file that is saved beside a proof imports `verifyProof` from it.
 */
type Language = 'vi' | 'en' | 'zh'

/** Throws with a sentence when the file is no proof. `provinceKey` is a verifier key that the reader trusts. */
export async function verifyProof(proof: unknown, provinceKey?: string): Promise<BundleReport> {
  const bundle = openBundle(proof)
  const known: NoteKey | undefined = provinceKey ? parseNoteKey(provinceKey, sha256InScript) : undefined
  const outside: CheckingOutside = {
    sha256: sha256InScript,
    verify,
    ...(await hashing()),
    ...(known ? { pinned: { provinceRaw: known.publicRaw } } : {}),
  }
  return checkBundle(bundle, outside)
}

/** Saved without its second file, the eventID is not computed again; the signature covers it all the same. */
async function hashing(): Promise<Pick<CheckingOutside, 'eventHash'>> {
  try {
    const { hashOfEvent } = await import('./event-hash.ts')
    return { eventHash: hashOfEvent }
  } catch {
    return {}
  }
}

const verify: VerifySignature = async (publicRaw, message, signature) => {
  const [raw, signed, bytes] = [publicRaw, message, signature] as BufferSource[]
  let key: CryptoKey
  try {
    key = await crypto.subtle.importKey('raw', raw as BufferSource, 'Ed25519', false, ['verify'])
  } catch {
    // No WebCrypto on a page without TLS, no Ed25519 in an old browser; of a key that is none both say no.
    const { isSigned } = await import('./ed25519-fallback.ts')
    return isSigned(publicRaw, message, signature)
  }
  return crypto.subtle.verify('Ed25519', key, bytes as BufferSource, signed as BufferSource)
}

/** The sentences of one language, all with the same names. */
export type Words = typeof import('./verify-words-vi.ts').WORDS

export async function wordsOf(language: Language): Promise<Words> {
  if (language === 'en') return (await import('./verify-words-en.ts')).WORDS
  if (language === 'zh') return (await import('./verify-words-zh.ts')).WORDS
  return (await import('./verify-words-vi.ts')).WORDS
}

/** What came of it, in sentences, the most important first. */
export function sentencesOf(report: BundleReport, words: Words): string[] {
  const say = (key: keyof Words, holes: Record<string, string | number> = {}): string =>
    words[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(holes[name] ?? ''))
  const { state, failed, checks, checkpoint, cosigners } = report
  if (state === 'waiting') return [say('waiting'), say('waitingMeans')]
  if (state === 'failed') {
    const what = failed.map((check) => say(check)).join(words.between)
    return [say('failed'), say('failedMeans', { what })]
  }
  const events = checks.filter(({ check }) => check === 'inclusion').length
  return [
    say('verified'),
    say('verifiedMeans', { events, size: checkpoint?.size ?? 0 }),
    cosigners.length > 0 ? say('cosigned', { names: cosigners.join(', ') }) : say('alone'),
  ]
}

/**
 * What the modules behind this need at least (Chrome 111, Safari 16.4, Firefox 119): an older browser would stumble in a
 * check, and that must not look like a forgery.
 */
const isAble = typeof ''.isWellFormed === 'function'

/** Undefined when it cannot be fetched. */
async function proofAt(address: string): Promise<{ readonly proof: unknown } | undefined> {
  try {
    const answer = await fetch(address)
    return answer.ok ? { proof: await answer.json() } : undefined
  } catch {
    return undefined
  }
}

async function outcomeOf(proof: unknown, words: Words, provinceKey?: string): Promise<[string, string[]]> {
  try {
    const report = await verifyProof(proof, provinceKey)
    return [report.state, sentencesOf(report, words)]
  } catch {
    return ['failed', [words.failed, words.failedMeans.replace('{what}', words.file)]]
  }
}

async function checkPage(element: HTMLElement): Promise<void> {
  const tag = (element.closest('[lang]')?.getAttribute('lang') ?? '').slice(0, 2)
  const { proof: address = '', provinceKey } = element.dataset
  const loading = wordsOf(tag === 'en' || tag === 'zh' ? tag : 'vi')
  const fetching = proofAt(address || `${location.pathname.replace(/\/$/, '')}/proof.json`)
  let words: Words
  try {
    words = await loading
  } catch {
    // Without words there is nothing to say: what the province wrote stays.
    return
  }
  const fetched = await fetching
  const [state, sentences] =
    fetched && isAble
      ? await outcomeOf(fetched.proof, words, provinceKey)
      : ['unchecked', [words.unchecked, isAble ? words.uncheckedMeans : words.tooOld]]
  element.dataset['state'] = state
  // The page's own colours for what is good, bad and awaited.
  element.className = { verified: 'sign good', waiting: 'sign wait', failed: 'sign bad' }[state] ?? 'note'
  element.setAttribute('role', 'status')
  element.replaceChildren(
    ...sentences.map((sentence, index) => {
      const line = document.createElement('p')
      const text = index === 0 ? line.appendChild(document.createElement('strong')) : line
      text.textContent = sentence
      return line
    }),
  )
}

if (typeof document !== 'undefined')
  // The page is there first; what is checked about it comes after.
  requestAnimationFrame(() =>
    setTimeout(() => {
      for (const element of document.querySelectorAll<HTMLElement>('[data-verify]')) void checkPage(element)
    }),
  )

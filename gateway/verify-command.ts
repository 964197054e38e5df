import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { fromBase64, toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import { type BundleCaveat, caveatsOf } from '#contract/trace/bundle-caveats.ts'
import { type BundleCheck, checkBundle } from '#contract/trace/check-bundle.ts'
import type { SignedCheckpoint } from '#contract/trace/checkpoint.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { openBundle, PROVES_NOT, type ProofBundle } from '#contract/trace/proof-bundle.ts'
import { type NoteKey, parseNoteKey, type VerifySignature } from '#contract/trace/signed-note.ts'
import { checkpointIn } from './log-commands.ts'

interface VerifyOptions {
  readonly provinceKey?: string
  readonly cosigner?: string[]
  readonly checkpoint?: string[]
}

/** `verify BUNDLE..`: checks saved proofs with nothing but the files; no database, no network. */
export function addVerifyCommand(
  program: Command,
  outside: {
    /** Where this province keeps its data, if this is one. */
    readonly dataDir: () => string
    readonly isJson: () => boolean
    readonly print: (line: string) => void
  },
): void {
  program
    .command('verify')
    .argument('<bundle...>', 'proof.json of a lot, or what log prove has written')
    .option(
      '--province-key <key>',
      "the province's key as you know it: a verifier key (name+hash+key), or base64",
    )
    .option('--cosigner <key...>', 'verifier keys of those who have to have cosigned')
    .option('--checkpoint <file...>', 'checkpoints seen elsewhere: two roots of one size are a fork')
    .description('check saved proofs off-line, and say what they prove and what not')
    .action(async (files: string[], options: VerifyOptions) => {
      const pinned = {
        provinceRaw:
          options.provinceKey === undefined ? localKey(outside.dataDir()) : rawKey(options.provinceKey),
        cosigners: options.cosigner?.map((text) => parseNoteKey(text, sha256)),
      }
      const seen = (options.checkpoint ?? []).map((file) => ({ file, checkpoint: checkpointIn(file) }))
      const results = await Promise.all(files.map((file) => verifyFile(file, pinned)))
      for (const result of withForks(results, seen)) {
        const { file, valid, checks } = result
        const caveats = [
          ...result.caveats,
          ...(checks.some(({ check }) => check === 'file') ? [] : [PROVES_NOT]),
        ]
        outside.print(outside.isJson() ? JSON.stringify({ file, valid, checks, caveats }) : textOf(result))
        if (!valid) process.exitCode = 1
      }
    })
}

type Check = Omit<BundleCheck, 'check'> & { readonly check: BundleCheck['check'] | 'file' | 'fork' }

interface Result {
  readonly file: string
  readonly valid: boolean
  readonly checks: readonly Check[]
  readonly checkpoint: SignedCheckpoint | null
  readonly isWaiting: boolean
  /** What the checks leave open, in sentences. */
  readonly caveats: readonly string[]
  /** Whether its key was compared with one that is known from elsewhere. */
  readonly isPinned: boolean
  /** What it proves when it is valid. */
  readonly proves: string
}

/** What was not checked, why that matters, and how to check it. */
const CAVEATS: Record<BundleCaveat, (bundle: ProofBundle) => string> = {
  unpinned: ({ log }) =>
    `Whose key this is: NOT checked. The key was compared with nothing; it is the one in the file, and somebody may have made a whole log of his own. To check it, ask the province (not whoever gave you the file) for its verifier key, which vuon-gateway log status shows there, and run this again with --province-key KEY. The file says it is ${printable(log.key)}`,
  named: () =>
    'Who cosigned: NOT checked. The keys of those who cosigned are the ones that the file names. To check it, ask them for theirs and run this again with --cosigner KEY..',
  alone: () =>
    'Whether everybody is shown the same log: NOT checked. Nobody outside the province has signed it. To check it, run this again with --checkpoint FILE, a checkpoint (/log/checkpoint) that somebody else has saved, or with proofs of others beside this one.',
  captured: () =>
    'Who sent a captured event, and whether he may speak for the goods: NOT checked. No farm signed it; the province signed that it received exactly this. To check it, ask the integrator who is named in it.',
}

/** What a stranger wrote goes to a terminal. */
const printable = (text: string): string => text.slice(0, 300).replaceAll(/[^!-~]/g, '?')

// Five hundred events with a season of summaries each are a few megabytes.
const MAX_FILE_BYTES = 64 * 1024 * 1024

const verify: VerifySignature = (publicRaw, message, signature) =>
  publicRaw.length === 32 && publicKeyFromRaw(publicRaw).verify(message, signature)

async function verifyFile(
  file: string,
  pinned: { provinceRaw: Uint8Array | undefined; cosigners: NoteKey[] | undefined },
): Promise<Result> {
  const unread = (detail: string): Result => ({
    file,
    valid: false,
    checks: [{ check: 'file', ok: false, detail }],
    checkpoint: null,
    isWaiting: false,
    caveats: [],
    isPinned: false,
    proves: '',
  })
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return unread(`It has more than ${MAX_FILE_BYTES} bytes.`)
    const bundle = openBundle(JSON.parse(readFileSync(file, 'utf8')))
    const { provinceRaw, cosigners } = pinned
    const known = { ...(provinceRaw ? { provinceRaw } : {}), ...(cosigners ? { cosigners } : {}) }
    const report = await checkBundle(bundle, { sha256, verify, eventHash, pinned: known })
    const { state, checks, checkpoint } = report
    return {
      file,
      valid: state === 'verified',
      checks,
      checkpoint,
      isWaiting: state === 'waiting',
      caveats: caveatsOf(bundle, report, known).map((each) => CAVEATS[each](bundle)),
      isPinned: provinceRaw !== undefined,
      proves: provesOf(bundle, provinceRaw !== undefined),
    }
  } catch (error) {
    return unread((error as Error).message)
  }
}

/** One log may show one root for one size; whoever has seen two holds the proof that it lied to somebody. */
function withForks(
  results: readonly Result[],
  seen: readonly { file: string; checkpoint: SignedCheckpoint }[],
): Result[] {
  const shown = [...results, ...seen].flatMap(({ file, checkpoint }) =>
    checkpoint ? [{ file, checkpoint }] : [],
  )
  return results.map((result) => {
    const own = result.checkpoint
    const others = shown.filter(
      ({ checkpoint: { origin, size, root } }) =>
        own?.origin === origin && own.size === size && toHex(root) !== toHex(own.root),
    )
    if (others.length === 0) return result
    const forks = others.map(({ file, checkpoint }): Check => {
      const detail = `${file} shows another root for the same ${checkpoint.size} entries of ${checkpoint.origin}: keep both files.`
      return { check: 'fork', ok: false, detail }
    })
    return { ...result, valid: false, isWaiting: false, checks: [...result.checks, ...forks] }
  })
}

function provesOf({ events }: ProofBundle, isPinned: boolean): string {
  const by = (['farm-event', 'captured-event'] as const)
    .filter((kind) => events.some((event) => event.kind === kind))
    .map((kind) => (kind === 'farm-event' ? 'these boxes signed' : 'the province received'))
  const said = `that ${by.join(' and ')} exactly this, that it stands in the log, and that nobody changed it since.`
  return `${isPinned ? 'This proves' : "If the key in the file is the province's, this proves"} ${said}`
}

function textOf({ file, valid, checks, isWaiting, caveats, isPinned, proves }: Result): string {
  // A stranger's log holds together as well as the province's own does.
  const good = isPinned ? 'VERIFIED' : 'VERIFIED, BUT NOT WHOSE KEY IT IS (see below)'
  const verdict = valid ? good : isWaiting ? 'NOT IN THE LOG YET' : 'NOT VERIFIED'
  const lines = checks.map(
    ({ check, ok, detail, event }) =>
      `  ${ok ? 'yes' : 'NO '}  ${event === undefined ? '' : `event ${event}, `}${check}: ${detail}`,
  )
  return [
    `${file}: ${verdict}`,
    ...lines,
    ...caveats.map((each) => `  not   ${each}`),
    ...(valid ? [`  ${proves}`] : []),
    ...(proves ? [`  ${PROVES_NOT}`] : []),
  ].join('\n')
}

/** At the province itself its own key is known. */
function localKey(dataDir: string): Uint8Array | undefined {
  const path = join(dataDir, 'keys', 'province.key')
  try {
    return existsSync(path) ? openKeyFile(path).publicRaw : undefined
  } catch {
    // Another user's file: whoever runs this is as much an outsider as anybody.
    return undefined
  }
}

/** Throws `input-invalid`. */
function rawKey(text: string): Uint8Array {
  if (text.includes('+') && /\+[0-9a-f]{8}\+/.test(text)) return parseNoteKey(text, sha256).publicRaw
  try {
    const raw = fromBase64(text)
    if (raw.length === 32) return raw
  } catch {
    // Said below.
  }
  throw new VuonError('input-invalid', '--province-key is no key.', {
    hint: 'Give the verifier key (name+hash+key) that vuon-gateway log status shows, or 32 bytes in base64.',
  })
}

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { fromBase64, toHex } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import { type BundleCheck, checkBundle } from '#contract/trace/check-bundle.ts'
import type { SignedCheckpoint } from '#contract/trace/checkpoint.ts'
import { eventHash } from '#contract/trace/event-hash.ts'
import { openBundle, PROVES_NOT } from '#contract/trace/proof-bundle.ts'
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
        const { file, valid, checks, caveats } = result
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
}

const CAVEATS = {
  unpinned:
    'The key was compared with nothing: it is the one in the file, and somebody may have made a whole log of his own. Give the key as you know it from elsewhere with --province-key.',
  named:
    'The keys of those who cosigned are the ones that the file names. Give them as you know them from elsewhere with --cosigner.',
  alone: 'Nobody outside the province has signed this log: only the province says that all see the same one.',
} as const

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
  })
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return unread(`It has more than ${MAX_FILE_BYTES} bytes.`)
    const bundle = openBundle(JSON.parse(readFileSync(file, 'utf8')))
    const { provinceRaw, cosigners } = pinned
    const { state, checks, checkpoint, caveats } = await checkBundle(bundle, {
      sha256,
      verify,
      eventHash,
      pinned: { ...(provinceRaw ? { provinceRaw } : {}), ...(cosigners ? { cosigners } : {}) },
    })
    return {
      file,
      valid: state === 'verified',
      checks,
      checkpoint,
      isWaiting: state === 'waiting',
      caveats: [...caveats.map((each) => CAVEATS[each]), PROVES_NOT],
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

function textOf({ file, valid, checks, isWaiting, caveats }: Result): string {
  const verdict = valid ? 'VERIFIED' : isWaiting ? 'NOT IN THE LOG YET' : 'NOT VERIFIED'
  const lines = checks.map(
    ({ check, ok, detail, event }) =>
      `  ${ok ? 'yes' : 'NO '}  ${event === undefined ? '' : `event ${event}, `}${check}: ${detail}`,
  )
  const proves = valid
    ? '  This proves that these boxes signed exactly this, that it stands in the log, and that nobody changed it since.'
    : undefined
  return [
    `${file}: ${verdict}`,
    ...lines,
    ...(proves ? [proves] : []),
    ...caveats.map((each) => `  ${each}`),
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

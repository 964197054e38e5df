import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VuonError } from '#contract/ground/errors.ts'
import type { Codec } from './codec-worker.ts'

/** The codecs that come with the agent, a folder each: firmware-config/lorawan/<vendor-device>/codec.js. */
export const OWN_CODECS = fileURLToPath(new URL('../../../firmware-config/lorawan', import.meta.url))

// The largest that vendors publish, a bundle for a family of meters, is 400 KB.
const MAX_BYTES = 1024 * 1024
const FILE = /^(?!.*\.\.)[\p{L}\p{N}_.@+() -]+(?:\/[\p{L}\p{N}_.@+() -]+){0,4}\.(?:js|mjs|cjs|txt)$/u
const OWN = /^[a-z0-9][a-z0-9-]{0,63}$/

/**
 * Where a codec that the config names is: `acme.js` in the farm's folder, or the name of one of ours.
 * Undefined when it is neither.
 */
export function codecPath(name: string, folder: string, own = OWN_CODECS): string | undefined {
  if (FILE.test(name)) return join(folder, name)
  return OWN.test(name) ? join(own, name, 'codec.js') : undefined
}

export const ownCodecNames = (folder = OWN_CODECS): string[] =>
  readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'codec.js')))
    .sort()

/** Reads a codec as its vendor wrote it, in UTF-8 or UTF-16. Throws `file-unreadable`. */
export function readCodec(path: string, name = basename(path)): Codec {
  let bytes: Buffer
  try {
    if (statSync(path).size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`)
    bytes = readFileSync(path)
  } catch (cause) {
    throw new VuonError(
      'file-unreadable',
      `The codec ${path} could not be read: ${(cause as Error).message}.`,
      {
        cause,
      },
    )
  }
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8'
  return { name, source: new TextDecoder(encoding).decode(bytes) }
}

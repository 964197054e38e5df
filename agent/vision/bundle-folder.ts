import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { VuonError } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { syncFolder } from '#contract/ground/node/sync-folder.ts'
import {
  checkMembers,
  indexOf,
  MAX_BUNDLE_BYTES,
  type ModelBundle,
  openModelBundle,
  type Trust,
} from '#contract/trace/model-bundle.ts'
import type { TarMember } from '#contract/wire/tar.ts'
import type { ModelManifest } from './worker/model-manifest.ts'

/**
 * Bundles as folders:
 *
 *   models/installed/leaf@1.1.0/     the members, and index.json and index.sig beside them
 *   models/installed/.new-XXXXXX/    being written; swept at the start
 *
 * A folder gets its name when everything in it is on the disk: what has a name is whole, whenever the power goes.
 */

/** Reads a file and checks form, signature and hashes. Throws `file-unreadable`, `bundle-malformed`, `bundle-untrusted`. */
export function readBundle(file: string, isTrusted: Trust): ModelBundle {
  let bytes: Uint8Array
  try {
    const { size } = statSync(file)
    if (size > MAX_BUNDLE_BYTES)
      throw new VuonError(
        'bundle-malformed',
        `This is no bundle of a model: it has ${size} bytes; at most ${MAX_BUNDLE_BYTES}.`,
      )
    bytes = readFileSync(file)
  } catch (cause) {
    if (cause instanceof VuonError) throw cause
    throw new VuonError('file-unreadable', `${file} could not be read.`, { cause })
  }
  return openModelBundle(bytes, { sha256, isTrusted })
}

/** Writes a bundle into a folder that has no name yet, synced. Throws `disk-full` where the disk takes no more. */
export function unpack({ members, seal }: ModelBundle, installed: string): string {
  mkdirSync(installed, { recursive: true })
  let folder: string | undefined
  try {
    folder = mkdtempSync(join(installed, NEW))
    mkdirSync(join(folder, 'cases'))
    for (const { path, bytes } of [...members, ...seal]) writeSynced(join(folder, path), bytes)
    syncFolder(join(folder, 'cases'))
    syncFolder(folder)
    return folder
  } catch (cause) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    if ((cause as { code?: string }).code !== 'ENOSPC') throw cause
    throw new VuonError('disk-full', 'The disk has no room for this model.', { cause })
  }
}

/** Gives a folder its name, over one of that name that nobody uses. */
export function giveName(folder: string, name: string): void {
  const installed = dirname(folder)
  rmSync(join(installed, name), { recursive: true, force: true })
  renameSync(folder, join(installed, name))
  syncFolder(installed)
}

/** What is wrong with a folder that was whole once; null where nothing is. */
export function damageOf(folder: string): string | null {
  try {
    const index = indexOf(readFileSync(join(folder, 'index.json')))
    const members = index.members.map(
      ({ path }): TarMember => ({ path, bytes: readFileSync(join(folder, path)) }),
    )
    checkMembers(index, members, sha256)
    return null
  } catch (error) {
    return (error as Error).message.slice(0, 200)
  }
}

/** Removes every folder that has no name, and those that `kept` does not name. */
export function sweep(installed: string, kept: readonly string[]): void {
  if (!existsSync(installed)) return
  for (const name of readdirSync(installed))
    if (!kept.includes(name)) rmSync(join(installed, name), { recursive: true, force: true })
}

/** Throws `model-unusable` where the manifest is not what the index says, or a label lacks its words. */
export function checkWords(manifest: ModelManifest, { index, members }: ModelBundle): void {
  const { id, version, file, heads, screen } = manifest
  const unusable = (why: string): VuonError => new VuonError('model-unusable', `${id} ${version}: ${why}.`)
  if (id !== index.id || version !== index.version)
    throw unusable(`its manifest calls it ${id} ${version}, its bundle ${index.id} ${index.version}`)
  if (!members.some(({ path }) => path === file)) throw unusable(`${file} is not in it`)
  const all = [...(screen ? [{ key: 'screen', ...screen }] : []), ...heads.flatMap(({ labels }) => labels)]
  for (const { key, vi, en } of all) {
    if (vi.trim() === '' || en.trim() === '')
      throw unusable(`"${key}" has no words in Vietnamese and English`)
    // What was never translated has its key in its place.
    if (key.includes('_') && (vi === key || en === key))
      throw unusable(`"${key}" is not said in Vietnamese and English`)
    if (vi !== vi.normalize('NFC')) throw unusable(`the Vietnamese of "${key}" is not composed (NFC)`)
  }
}

const NEW = '.new-'

function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o644)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * The small files beside the journal that hold what would be too much wear in it: read once at the start, written anew as
 * a whole.
 */

/**
 * What `parse` makes of the file; null when there is none. One that `parse` refuses is set aside as PATH.bad, and
 * `onDamaged` is told where.
 */
export function readSmallFile<T>(
  path: string,
  parse: (text: string) => T,
  onDamaged: (aside: string) => void,
): T | null {
  let text: string
  try {
    mkdirSync(dirname(path), { recursive: true })
    text = readFileSync(path, 'utf8')
  } catch {
    return null
  }
  try {
    return parse(text)
  } catch {
    const aside = `${path}.bad`
    renameSync(path, aside)
    onDamaged(aside)
    return null
  }
}

/** Old or new after a power cut, never half. Off the event loop: a slow card takes its time. Rejects with the disk's error. */
export async function replaceSmallFile(path: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

/** After a rename, where its being taken back by a power cut would do something twice. */
export async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

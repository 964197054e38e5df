import { statfsSync } from 'node:fs'

/** What the journal may take of the disk just now. */
export interface DiskShare {
  readonly keepBytes: number
  /** True where room has to be made even of what the province has not got: at the quota, or with the disk nearly full. */
  readonly mayLose: boolean
}

export interface DiskFacts {
  /** The journal's file without its log. */
  readonly fileBytes: number
  readonly quotaBytes: number
  /** Left on the disk for everybody; null where nobody can say. */
  readonly freeBytes: number | null
  readonly keepFreeBytes: number
}

// SQLite takes pages that were given back before it makes the file larger; a few are always on their way.
const INSIDE = 0.98

/**
 * The guard of the free space: with less left than `keepFreeBytes` the journal's file does not grow any more, and new
 * readings take the place of old ones inside it. Whoever filled the disk, what the province has not got is given up
 * only when half of that is gone as well, for on a full disk not even an alarm could be written.
 */
export function diskShare({ fileBytes, quotaBytes, freeBytes, keepFreeBytes }: DiskFacts): DiskShare {
  if (freeBytes === null || freeBytes >= keepFreeBytes) return { keepBytes: quotaBytes, mayLose: true }
  const keepBytes = Math.min(quotaBytes, Math.floor(fileBytes * INSIDE))
  return { keepBytes, mayLose: keepBytes === quotaBytes || freeBytes < keepFreeBytes / 2 }
}

export function freeBytesOf(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return null
  }
}

import { VuonError } from '#contract/ground/errors.ts'

/** What SQLite says of a file that is not, or is no longer, a database. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error)
  return (
    code.startsWith('SQLITE_CORRUPT') ||
    code === 'SQLITE_NOTADB' ||
    code.startsWith('SQLITE_IOERR_SHORT_READ')
  )
}

/** Damage that a check of the file found, in the shape in which SQLite itself reports it. */
export class Damage extends Error {
  readonly code = 'SQLITE_CORRUPT'
}

/** SQLite's errors as ours. */
export function readable(error: unknown): unknown {
  const code = codeOf(error)
  if (!code.startsWith('SQLITE')) return error
  const { message } = error as Error
  if (code === 'SQLITE_FULL') return new VuonError('disk-full', undefined, { cause: error })
  if (isDamage(error)) return new VuonError('journal-damaged', message, { cause: error })
  // A constraint that does not hold is our own mistake, and trying again will not mend it.
  if (code.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_ERROR')
    return new VuonError('internal', `${code}: ${message}`, { cause: error })
  return new VuonError('journal-busy', `${code}: ${message}`, { cause: error })
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'

/** Published inputs with their right answers; they are not ours to copy, so they stand outside the repository. */
const FOLDER = process.env['VUON_VECTORS'] ?? join(import.meta.dirname, '../../../shared/vectors')

/** One set of vectors, or undefined where it is absent: then a skipped test says how many cases did not run. */
export function vectors(set: string, cases: number): string | undefined {
  const folder = join(FOLDER, set)
  if (existsSync(folder)) return folder
  test.skip(`${cases} cases of ${set} did not run: no vectors at $VUON_VECTORS`, () => undefined)
  return undefined
}

export const jsonOf = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

export const filesIn = (folder: string, ending: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith(ending)).sort()

import type { LabelDrawing } from './label-drawing.ts'
import type { Statement } from './label-facts.ts'
import { QUIET_MODULES } from './qr-code.ts'
import type { PlacedLine } from './text-line.ts'

/** What an arrangement is given: a sheet in dots, a code, what to say, and how large. */
export interface Sheet {
  readonly widthDots: number
  /** Null for a roll, which is as long as the label needs. */
  readonly heightDots: number | null
  readonly marginDots: number
  readonly modules: readonly (readonly boolean[])[]
  readonly moduleAtLeast: number
  readonly moduleAtMost: number
  /** Below this height of a capital the GTIN and the lot are not written. */
  readonly capAtLeast: number
  readonly human: readonly [gtin: string, lot: string]
}

export interface Wording {
  readonly statements: readonly Statement[]
  readonly capDots: number
  /** How many lines a statement may take; a product beyond it ends in "...", where `isCut`. */
  readonly linesEach: number
  readonly isCut: boolean
}

export type Arranged = Omit<LabelDrawing, 'dotMm' | 'title' | 'lines'> & {
  readonly lines: readonly PlacedLine[]
}

/** Modules in dots that make a code of at most `roomDots` with its quiet zone; undefined where none are large enough. */
export function moduleFor(
  { modules, moduleAtLeast, moduleAtMost }: Sheet,
  roomDots: number,
): number | undefined {
  const module = Math.min(moduleAtMost, Math.floor(roomDots / sideModules(modules)))
  return module < moduleAtLeast ? undefined : module
}

export const sideModules = (modules: Sheet['modules']): number => modules.length + 2 * QUIET_MODULES

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'

// A form that is sent again is sent within minutes; fifty harvests are a busy day.
const MAX_KEPT = 50
const schema = z
  .array(z.strictObject({ token: z.string(), content: z.string(), lot: z.string() }))
  .max(MAX_KEPT)

export type SavedOnce = { readonly lot: string } | { readonly lot: string; readonly isOtherContent: true }

/**
 * One form, one lot: a double tap, a reload, or a phone that sends again after a dead spot finds the lot that the
 * form made the first time. Kept on disk, for the box may restart in between.
 */
export class SavedForms {
  readonly #path: string
  readonly #running = new Map<string, { content: string; lot: Promise<string> }>()
  #kept: { token: string; content: string; lot: string }[]

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'page-saved-forms.json')
    try {
      this.#kept = schema.parse(JSON.parse(readFileSync(this.#path, 'utf8')))
    } catch {
      // Absent or damaged: it only guards against sending twice, and the next save writes it anew.
      this.#kept = []
    }
  }

  lotOf(token: string): string | undefined {
    return this.#kept.find((each) => each.token === token)?.lot
  }

  /** Runs `save` once a token. The same token with other content is not saved, and says so. */
  async once(token: string, content: string, save: () => Promise<string>): Promise<SavedOnce> {
    const kept = this.#kept.find((each) => each.token === token)
    const running = this.#running.get(token)
    const before = kept ?? (running && { content: running.content, lot: await running.lot })
    if (before)
      return before.content === content ? { lot: before.lot } : { lot: before.lot, isOtherContent: true }
    const lot = save()
    this.#running.set(token, { content, lot })
    try {
      const number = await lot
      this.#keep({ token, content, lot: number })
      return { lot: number }
    } finally {
      this.#running.delete(token)
    }
  }

  #keep(row: { token: string; content: string; lot: string }): void {
    this.#kept = [row, ...this.#kept].slice(0, MAX_KEPT)
    try {
      writeFileAtomically(this.#path, `${JSON.stringify(this.#kept)}\n`, 0o600)
    } catch {
      // The lot itself is in the journal; a full card only forgets forms at a restart.
    }
  }
}

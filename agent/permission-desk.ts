import { VuonError } from '#contract/ground/errors.ts'
import type { FarmBook } from './farm-book/farm-book.ts'

/** What `vuon-agent permit` hears from the agent that it asks. */
export type PermitAnswer =
  | { readonly permissionId: string; readonly isOwnArea: boolean }
  | { readonly refused: { readonly sentence: string; readonly hint: string } }

/** A word on a growing-area code, as the command line's texts say it: given, or with `withdraw` taken back. */
export async function permit(
  book: FarmBook,
  words: Readonly<Record<string, unknown>>,
): Promise<PermitAnswer> {
  const text = (name: string): string => (typeof words[name] === 'string' ? words[name] : '')
  try {
    const withdrawn = text('withdraw')
    if (withdrawn !== '') {
      await book.withdrawPermission(withdrawn)
      return { permissionId: withdrawn, isOwnArea: true }
    }
    const [gln = '', ...code] = text('area').split('/')
    const area = { gln, code: code.join('/') }
    const maxKg = text('maxKg') === '' ? null : Number(text('maxKg'))
    const permissionId = await book.permit({
      ...area,
      to: text('to'),
      from: text('from'),
      until: text('until'),
      maxKg,
    })
    const isOwnArea = book.products.some(
      ({ growingArea }) => growingArea?.gln === area.gln && growingArea.code === area.code,
    )
    return { permissionId, isOwnArea }
  } catch (error) {
    if (!(error instanceof VuonError)) throw error
    return { refused: { sentence: error.message, hint: error.hint } }
  }
}

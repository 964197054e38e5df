import { LANES, type Lane } from '#contract/wire/records.ts'
import type { JournalFile } from './journal-file.ts'

/**
 * Where each lane stood at the first start since the province last answered, as ids: what is later, nobody else can
 * have sent, even where this card was copied. Gone with the next answer.
 */
const NAME = 'since_contact'

/** Empty when the province has answered since the start. */
export const sinceContact = (file: JournalFile): Partial<Record<Lane, number>> =>
  readSinceContact(file.meta(NAME))

export const readSinceContact = (text: unknown): Partial<Record<Lane, number>> =>
  typeof text === 'string' ? (JSON.parse(text) as Partial<Record<Lane, number>>) : {}

export function noteStart(file: JournalFile): void {
  if (file.meta(NAME) !== undefined) return
  file.setMeta(NAME, JSON.stringify(Object.fromEntries(LANES.map((lane) => [lane, file.mark(lane).lastId]))))
}

/** Says itself where the province stands, once that is known better than by a start. */
export const setSinceContact = (file: JournalFile, ids: Readonly<Record<Lane, number>>): void =>
  file.setMeta(NAME, JSON.stringify(ids))

export const awaitsContact = (file: JournalFile): boolean => file.meta(NAME) !== undefined

export function noteContact(file: JournalFile): void {
  file.run('DELETE FROM meta WHERE name = ?', NAME)
}

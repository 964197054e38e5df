/**
 * What sort of event it is, in one word of the index: eventType, action, bizStep and disposition, in this order with a
 * space between. A repository of millions has some dozen kinds, so a question about two of these four is first answered
 * from the list of kinds, and one about what there is none of ends there.
 */
export const KIND = 'kind'
export const KIND_FIELDS = ['eventType', 'action', 'bizStep', 'disposition'] as const

/** A kind that can't be told from its word: one of its words has a space in it, or they are long. */
export const UNTOLD_KIND = '?'

// Four bare words are below a hundred; addresses of somebody's own words may be longer, and then nothing is saved.
export const MAX_KIND = 180

/** The kind's word; `words` in the order of KIND_FIELDS, empty where the event says nothing. */
export function kindOf(words: readonly string[]): string {
  const kind = words.join(' ')
  return words.some((word) => word.includes(' ')) || kind.length > MAX_KIND ? UNTOLD_KIND : kind
}

/** The words of a kind in the order of KIND_FIELDS, or undefined where it does not tell. */
export const wordsOfKind = (kind: string): string[] | undefined =>
  kind === UNTOLD_KIND ? undefined : kind.split(' ')

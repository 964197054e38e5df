/**
 * The bare words of EPCIS JSON as the web addresses that they are short for (EPCIS 2.0 JSON-LD context, CBV 2.0
 * §7 and §8): what two systems compare when one wrote the word and the other the address.
 */
export type Vocabulary = 'bizStep' | 'disposition' | 'bizTransaction' | 'sourceDest' | 'component' | 'sensor'

const CBV = 'https://ref.gs1.org/cbv/'
const GS1 = 'https://gs1.org/voc/'

const ADDRESSES: Readonly<Record<Vocabulary, string>> = {
  bizStep: `${CBV}BizStep-`,
  disposition: `${CBV}Disp-`,
  bizTransaction: `${CBV}BTT-`,
  sourceDest: `${CBV}SDT-`,
  component: `${CBV}Comp-`,
  sensor: GS1,
}

/** The URNs of CBV 1.2 say the same as the addresses of CBV 2.0. */
const URNS: readonly (readonly [urn: string, address: string])[] = [
  ['urn:epcglobal:cbv:bizstep:', ADDRESSES.bizStep],
  ['urn:epcglobal:cbv:disp:', ADDRESSES.disposition],
  ['urn:epcglobal:cbv:btt:', ADDRESSES.bizTransaction],
  ['urn:epcglobal:cbv:sdt:', ADDRESSES.sourceDest],
  ['urn:epcglobal:cbv:er:', `${CBV}ER-`],
]

/** Prefixes that the standard's own context declares, and values may use (`cbv:BizStep-shipping`, `gs1:Temperature`). */
const CURIES: readonly (readonly [prefix: string, address: string])[] = [
  ['cbv:', CBV],
  ['gs1:', GS1],
]

/** A word of a vocabulary, in whatever of its writings, as its address. What is already an address stays. */
export function addressOfWord(vocabulary: Vocabulary, word: string): string {
  return word.includes(':') ? addressOf(word) : ADDRESSES[vocabulary] + word
}

/** The address that a URN of CBV 1.2 or a short `cbv:`, `gs1:` name stands for; any other text as it is. */
export function addressOf(text: string): string {
  for (const [before, address] of [...URNS, ...CURIES]) {
    if (text.startsWith(before)) return address + text.slice(before.length)
  }
  return text
}

/** Link types of the GS1 web vocabulary (`pip`, `traceability`, ..) and how a request names them. */
export const VOCABULARY = 'https://ref.gs1.org/voc/'

/** One link of a thing: where to, what it is, in which language. */
export interface ThingLink {
  readonly type: string
  readonly href: string
  readonly title: string
  readonly mediaType: string
  /** RFC 5646; empty for what is in no language. */
  readonly languages: readonly string[]
}

/** A thing at one level of its path, finest first: `/01/../10/..`, then `/01/..`. */
export interface ThingLevel {
  /** The path of its Digital Link, as at GS1's own address. */
  readonly path: string
  readonly description: string
  readonly links: readonly ThingLink[]
  /** Where somebody is sent who asks for nothing in particular. */
  readonly defaultLink: ThingLink | null
}

/** `gs1:pip`, `pip`, `https://gs1.org/voc/pip` → `pip`; the same word for what is no GS1 name. */
export const bareType = (asked: string): string =>
  asked.replace(/^(?:gs1:|https?:\/\/(?:ref\.|www\.)?gs1\.org\/voc\/)/, '')

import type { Organ } from './finding.ts'

/**
 * What the labels of a disease model are called, said once by each box that uses it: findings name a label and the hash
 * of the model, and whoever reads them needs nothing else.
 */
export interface ModelEntry {
  readonly kind: 'model'
  /** Of the model's file: what a finding's `model.sha256` is looked up by. */
  readonly sha256: Uint8Array
  readonly id: string
  readonly version: string
  readonly organ: Organ
  readonly crops: readonly string[]
  /** What is to be said with every answer of a model that is no diagnosis. */
  readonly screen: { readonly vi: string; readonly en: string } | null
  readonly labels: readonly ModelLabelWords[]
}

export interface ModelLabelWords {
  readonly crop: string
  readonly key: string
  readonly vi: string
  readonly en: string
  /** URI of the organism, where the label names one. */
  readonly organism: string | null
}

/** More is no model: a dozen crops of sixty labels would be one. */
export const MAX_LABEL_WORDS = 800

/**
 * The words for a label of a finding; undefined where the model does not say. Where the crop was not known the label
 * has it before itself (`mango/anthracnose`), and the crop comes back with the words.
 */
export function labelWords(
  labels: readonly ModelLabelWords[],
  crop: string,
  label: string,
): ModelLabelWords | undefined {
  const cut = label.indexOf('/')
  const [of, key] = cut < 0 ? [crop, label] : [label.slice(0, cut), label.slice(cut + 1)]
  return labels.find((each) => each.crop === of && each.key === key)
}

// Likelier ill than not.
const AFFECTED_FROM = 128

/**
 * Share of the photo, 0..1, in which a model that judges photos as a whole saw what it says: cells of its heat map from a
 * half on. A hint of how much, and no lesion share: its cells are large, and it was never shown where a lesion ends.
 * Null without a map.
 */
export const affectedShare = (
  heat: { readonly values: Iterable<number> } | undefined | null,
): number | null => {
  const values = heat ? [...heat.values] : []
  return values.length === 0 ? null : values.filter((each) => each >= AFFECTED_FROM).length / values.length
}

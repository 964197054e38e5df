/** A taxon of NCBI by its number, or any address: who compares findings needs a name that is nobody's own. */
export function organismUri(organism: string | number | undefined): string | undefined {
  const written = String(organism ?? '').trim()
  const taxon = /^(?:NCBITaxon:|taxon:)?(\d{1,9})$/i.exec(written)?.[1]
  if (taxon) return `https://www.ncbi.nlm.nih.gov/taxonomy/${taxon}`
  return /^https?:\/\/[^\s"<>\\^`{|}]{3,200}$/.test(written) ? written : undefined
}

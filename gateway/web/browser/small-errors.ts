/** In the place of contract/ground/errors.ts: in a page nobody reads codes and hints, and the table has its weight. */
export class VuonError extends Error {
  readonly code: string

  constructor(code: string, detail: string) {
    super(detail)
    this.code = code
  }
}

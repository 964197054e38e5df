/**
 * A photo too large for one pass is cut into strips of rows, each with a margin that is computed and thrown away:
 *
 *   rows   0 ├──────────── strip ────────┤ margin
 *                          margin ├──────── strip ────────┤ margin
 *                                         margin ├───────── strip ┤ end
 *
 * A network that pads its edges with zeros sees nothing of a cut within `halo` rows of it, so that what is kept is what
 * one pass over the whole photo gives. Pure.
 */
export interface Strip {
  /** Rows of cells that are computed, from and up to (not with). */
  readonly from: number
  readonly to: number
  /** Rows of the output that are taken from it, counted in the whole output. */
  readonly keepFrom: number
  readonly keepTo: number
}

/**
 * All in cells (the network's stride): `rows` of the photo, `tileRows` of one tile (the output has
 * `rows - tileRows + 1` rows), at most `maxRows` at once. A strip that would keep nothing is made larger all the same.
 */
export function stripsOf(rows: number, tileRows: number, halo: number, maxRows: number): Strip[] {
  const outputs = rows - tileRows + 1
  if (rows <= maxRows) return [{ from: 0, to: rows, keepFrom: 0, keepTo: outputs }]
  const height = Math.max(maxRows, 2 * halo + tileRows)
  const strips: Strip[] = []
  let keepFrom = 0
  while (keepFrom < outputs) {
    const from = Math.max(0, keepFrom - halo)
    const to = Math.min(rows, from + height)
    // The tile of the last row that is kept ends where the margin begins.
    const keepTo = to === rows ? outputs : to - halo - tileRows + 1
    strips.push({ from, to, keepFrom, keepTo })
    keepFrom = keepTo
  }
  return strips
}

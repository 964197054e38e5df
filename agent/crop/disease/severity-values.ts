/**
 * Disease severity values (DSV): a day's wet hours and the mean temperature of those hours, looked up in a table of
 * bands; their sum since the last spray says when the next is due (15 to 20).
 */
export interface SeverityBand {
  /** Holds above the band below, up to and with this temperature, °C. */
  readonly upToC: number
  /** More wet hours than the first give 1, than the second 2, and so on. */
  readonly moreThanH: readonly number[]
}

export interface SeverityTable {
  /** Below this no severity, °C; at it, the first band. Above the last band none. */
  readonly fromC: number
  readonly bands: readonly SeverityBand[]
}

/**
 * TOMCAST for early blight, Septoria and anthracnose of tomato (Pitblado 1992), after FAST (Madden, Pennypacker &
 * MacNab 1978, Phytopathology 68:1354). Wet hours are of leaf wetness.
 */
export const TOMCAST_TABLE: SeverityTable = {
  fromC: 13,
  bands: [
    { upToC: 18, moreThanH: [7, 15, 20] },
    { upToC: 21, moreThanH: [4, 8, 15, 22] },
    { upToC: 26, moreThanH: [2, 5, 12, 20] },
    { upToC: Number.POSITIVE_INFINITY, moreThanH: [3, 8, 15, 22] },
  ],
}

/** Late blight of potato and tomato: Wallin 1962, as in BLITECAST. Wet hours are those with 90 % humidity and more. */
export const WALLIN_TABLE: SeverityTable = {
  fromC: 7.2,
  bands: [
    { upToC: 11.6, moreThanH: [15, 18, 21] },
    { upToC: 15, moreThanH: [12, 15, 18, 21] },
    { upToC: 26.6, moreThanH: [9, 12, 15, 18] },
  ],
}

/** 0 to 4. NaN when the hours are not known, or are some and their temperature is not. */
export function severityValue(table: SeverityTable, wetH: number, wetMeanC: number): number {
  if (wetH === 0) return 0
  if (Number.isNaN(wetH + wetMeanC)) return Number.NaN
  if (wetMeanC < table.fromC) return 0
  const band = table.bands.find(({ upToC }) => wetMeanC <= upToC)
  return band ? band.moreThanH.filter((bound) => wetH > bound).length : 0
}

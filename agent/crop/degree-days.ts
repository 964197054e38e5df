/**
 * Degree days of one day from its extremes, by the methods of
 *
 *   F.G. Zalom, P.B. Goodell, L.T. Wilson, W.W. Barnett, W.J. Bentley, "Degree-days: the calculation and use of heat
 *   units in pest management", Univ. of California DANR leaflet 21373, 1983 (triangles and sines, cut-offs);
 *   G.S. McMaster, W.W. Wilhelm, "Growing degree-days: one equation, two interpretations", Agric. Forest Meteorol.
 *   87 (1997) 291–300 (the two averages).
 *
 * Everything is linear in the unit: °C in, °C·d out, and a table in °F with thresholds in °F gives °F·d.
 */
export const DEGREE_DAY_METHODS = [
  'average',
  'average-clamped',
  'single-triangle',
  'double-triangle',
  'single-sine',
  'double-sine',
] as const
export type DegreeDayMethod = (typeof DEGREE_DAY_METHODS)[number]

export const CUTOFFS = ['horizontal', 'intermediate', 'vertical'] as const
/**
 * What development does above the upper threshold: goes on at the rate of the threshold (`horizontal`), slows by as
 * much as the temperature exceeds it (`intermediate`), stops (`vertical`).
 */
export type Cutoff = (typeof CUTOFFS)[number]

export interface Thresholds {
  /** No development below, °C. */
  readonly lowerC: number
  /** Above `lowerC`, °C; Infinity for none. */
  readonly upperC: number
  readonly cutoff: Cutoff
}

/** °C; `nextMinC` is the next day's minimum, which only the double methods read. */
export interface Extremes {
  readonly minC: number
  readonly maxC: number
  readonly nextMinC: number
}

export const needsNextMin = (method: DegreeDayMethod): boolean => method.startsWith('double-')

/** °C·d of the day, never below 0. NaN when an extreme is NaN or the maximum lies below the day's own minimum. */
export function degreeDays(method: DegreeDayMethod, day: Extremes, thresholds: Thresholds): number {
  const { minC, maxC, nextMinC } = day
  if (!(minC <= maxC)) return Number.NaN
  switch (method) {
    // Method 1: the mean, then the thresholds. Method 2: the thresholds at each extreme, then the mean.
    case 'average':
      return rateAt((minC + maxC) / 2, thresholds)
    case 'average-clamped':
      return (rateAt(minC, thresholds) + rateAt(maxC, thresholds)) / 2
    case 'single-triangle':
      return underCurve(triangle(minC, maxC), thresholds)
    case 'single-sine':
      return underCurve(sine(minC, maxC), thresholds)
    // A double curve rises from this day's minimum and falls to the next day's: half a day of each.
    case 'double-triangle':
      return (
        (underCurve(triangle(minC, maxC), thresholds) + underCurve(triangle(nextMinC, maxC), thresholds)) / 2
      )
    case 'double-sine':
      return (underCurve(sine(minC, maxC), thresholds) + underCurve(sine(nextMinC, maxC), thresholds)) / 2
  }
}

/** °C·d a day at one constant temperature. */
function rateAt(tempC: number, { lowerC, upperC, cutoff }: Thresholds): number {
  if (!(tempC > upperC)) return tempC < lowerC ? 0 : tempC - lowerC
  switch (cutoff) {
    case 'horizontal':
      return upperC - lowerC
    case 'intermediate':
      return Math.max(0, upperC - lowerC - (tempC - upperC))
    case 'vertical':
      return 0
  }
}

/** A day's course of temperature: what of it lies above a temperature. */
interface Curve {
  /** Area above, °C·d. */
  areaAbove(tempC: number): number
  /** Part of the day spent above, 0 to 1. */
  shareAbove(tempC: number): number
}

function underCurve(curve: Curve, { lowerC, upperC, cutoff }: Thresholds): number {
  const below = curve.areaAbove(lowerC)
  if (upperC === Number.POSITIVE_INFINITY) return below
  const above = curve.areaAbove(upperC)
  switch (cutoff) {
    case 'horizontal':
      return Math.max(0, below - above)
    // The area above the upper threshold is taken off what lies between the two.
    case 'intermediate':
      return Math.max(0, below - 2 * above)
    // Of the area between the two, the column under the time spent above goes too.
    case 'vertical':
      return Math.max(0, below - above - (upperC - lowerC) * curve.shareAbove(upperC))
  }
}

/** A straight line from one extreme to the other and back. The order of the two does not matter. */
function triangle(a: number, b: number): Curve {
  const [minC, maxC] = [Math.min(a, b), Math.max(a, b)]
  const meanC = (a + b) / 2
  return {
    areaAbove: (tempC) => {
      if (minC >= tempC) return meanC - tempC
      return maxC <= tempC ? 0 : (maxC - tempC) ** 2 / (2 * (maxC - minC))
    },
    shareAbove: (tempC) => {
      if (minC > tempC) return 1
      return maxC <= tempC ? 0 : (maxC - tempC) / (maxC - minC)
    },
  }
}

/** A sine whose trough and crest are the two extremes (Baskerville & Emin 1969; Allen 1976). */
function sine(a: number, b: number): Curve {
  const [minC, maxC] = [Math.min(a, b), Math.max(a, b)]
  const meanC = (a + b) / 2
  const amplitudeC = (maxC - minC) / 2
  // Phase at which the rising curve crosses the temperature, −π/2 to π/2. Rounding may leave the ratio past 1.
  const crossing = (tempC: number) => Math.asin(Math.min(1, Math.max(-1, (tempC - meanC) / amplitudeC)))
  return {
    areaAbove: (tempC) => {
      if (minC >= tempC) return meanC - tempC
      if (maxC <= tempC) return 0
      const t = crossing(tempC)
      return Math.max(0, ((meanC - tempC) * (Math.PI / 2 - t) + amplitudeC * Math.cos(t)) / Math.PI)
    },
    shareAbove: (tempC) => {
      if (minC > tempC) return 1
      return maxC <= tempC ? 0 : 0.5 - crossing(tempC) / Math.PI
    },
  }
}

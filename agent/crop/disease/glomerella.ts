/**
 * Severity (%) of Glomerella leaf spot of apple, by the Colletotrichum gloeosporioides complex, from the mean
 * temperature (°C) and the hours of a wet period: a response surface fitted by EPAGRI in Santa Catarina, Brazil. Its
 * optimum is 22.2 + 0.06·W °C. Below nothing it is 0; NaN outside 10 to 34 °C and above 48 h, where a parabola means
 * nothing. On other crops it is an index of how the same fungi like the weather, no severity.
 */
export function glomerellaSeverityPct(tempC: number, wetH: number): number {
  if (!(tempC >= 10 && tempC <= 34 && wetH >= 0 && wetH <= 48)) return Number.NaN
  if (wetH === 0) return 0
  const fitted =
    -91.497 + 7.851 * tempC + 0.243 * wetH - 0.177 * tempC ** 2 + 0.021 * tempC * wetH - 0.002 * wetH ** 2
  return Math.max(0, fitted)
}

/**
 * Where the sun stands and what it sends before the air takes its part. Latitudes in degrees, north positive, between
 * the polar circles (−66 to 66), where every day has a sunrise. FAO-56 chapter 3; ASCE-EWRI 2005 has the same.
 */

/** Solar constant, MJ/m²·min. */
const SOLAR_CONSTANT = 0.082
const radians = (degrees: number): number => (Math.PI / 180) * degrees

/** Inverse relative distance between earth and sun. FAO-56 equation 23. */
export const inverseDistance = (dayOfYear: number): number =>
  1 + 0.033 * Math.cos(((2 * Math.PI) / 365) * dayOfYear)

/** Declination of the sun, rad. FAO-56 equation 24. */
export const declinationRad = (dayOfYear: number): number =>
  0.409 * Math.sin(((2 * Math.PI) / 365) * dayOfYear - 1.39)

/** Hour angle of sunset, rad. FAO-56 equation 25. */
export const sunsetAngleRad = (latDeg: number, declination: number): number =>
  Math.acos(Math.max(-1, Math.min(1, -Math.tan(radians(latDeg)) * Math.tan(declination))))

/** Daylight hours, sun's centre above a level horizon. FAO-56 equation 34. */
export const dayLengthH = (latDeg: number, dayOfYear: number): number =>
  (24 / Math.PI) * sunsetAngleRad(latDeg, declinationRad(dayOfYear))

/** Extraterrestrial radiation of a day, MJ/m². FAO-56 equation 21. */
export function dailyExtraterrestrialMjm2(latDeg: number, dayOfYear: number): number {
  const [lat, declination] = [radians(latDeg), declinationRad(dayOfYear)]
  const sunset = sunsetAngleRad(latDeg, declination)
  return (
    ((24 * 60) / Math.PI) *
    SOLAR_CONSTANT *
    inverseDistance(dayOfYear) *
    (sunset * Math.sin(lat) * Math.sin(declination) +
      Math.cos(lat) * Math.cos(declination) * Math.sin(sunset))
  )
}

/** How far the sundial is ahead of the clock because the earth's path is no circle, h. FAO-56 equations 32 and 33. */
export function equationOfTimeH(dayOfYear: number): number {
  const b = (2 * Math.PI * (dayOfYear - 81)) / 364
  return 0.1645 * Math.sin(2 * b) - 0.1255 * Math.cos(b) - 0.025 * Math.sin(b)
}

/**
 * Hour angle of the sun, rad, −π to π, 0 at solar noon, at an hour of the day UTC and a longitude in degrees east.
 * FAO-56 equation 31, in which the clock's meridian and the zone cancel out.
 */
export function hourAngleRad(utcHour: number, lonDeg: number, dayOfYear: number): number {
  const angle = (Math.PI / 12) * (utcHour + lonDeg / 15 + equationOfTimeH(dayOfYear) - 12)
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI))
}

/** Elevation of the sun above the horizon, rad, at an hour angle; negative at night. Spherical astronomy; ASCE-EWRI 2005 uses it hourly. */
export function sunElevationRad(latDeg: number, dayOfYear: number, hourAngle: number): number {
  const [lat, declination] = [radians(latDeg), declinationRad(dayOfYear)]
  return Math.asin(
    Math.sin(lat) * Math.sin(declination) + Math.cos(lat) * Math.cos(declination) * Math.cos(hourAngle),
  )
}

/**
 * Extraterrestrial radiation of a period, MJ/m², from the hour angle at its middle and its length in hours. 0 at
 * night; a period that sunrise or sunset cuts counts from there, as ASCE-EWRI 2005 says (FAO-56 equation 28
 * leaves it out or takes it whole).
 */
export function periodExtraterrestrialMjm2(
  latDeg: number,
  dayOfYear: number,
  hourAngle: number,
  lengthH = 1,
): number {
  const [lat, declination] = [radians(latDeg), declinationRad(dayOfYear)]
  const sunset = sunsetAngleRad(latDeg, declination)
  const inDay = (angle: number) => Math.max(-sunset, Math.min(sunset, angle))
  const begin = inDay(hourAngle - (Math.PI * lengthH) / 24)
  const end = inDay(hourAngle + (Math.PI * lengthH) / 24)
  return (
    ((12 * 60) / Math.PI) *
    SOLAR_CONSTANT *
    inverseDistance(dayOfYear) *
    ((end - begin) * Math.sin(lat) * Math.sin(declination) +
      Math.cos(lat) * Math.cos(declination) * (Math.sin(end) - Math.sin(begin)))
  )
}

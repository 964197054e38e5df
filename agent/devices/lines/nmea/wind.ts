import { shown } from '../../number-of.ts'
import { withoutFloatDust } from '../../units.ts'
import type { Found } from './found.ts'

/**
 * Wind in NMEA 0183. MWD and MDA give the compass direction. MWV, VWR and VWT give an angle from the mark on the
 * sensor (a ship's bow): on a mast that stands still it is a compass direction as soon as somebody says where the
 * mark points. Until then it keeps a channel of its own, so that nobody takes it for one:
 *
 *   ''           true speed, compass direction
 *   'relative'   speed and angle as felt at the sensor (MWV R, VWR)
 *   'from-mark'  the angle of the true wind from the mark (MWV T, VWT)
 */
export interface Mast {
  /** Where the sensor's mark points, degrees from true north; undefined when it is not known or moves. */
  readonly markDeg?: number | undefined
}

export const SPEEDS: Readonly<Record<string, string>> = { N: 'kn', K: 'km/h', M: 'm/s', S: 'mph' }

/** angle, R|T, speed, N|K|M|S, A|V */
export function windFromMark(found: Found, fields: readonly string[], mast: Mast): void {
  const [angle, reference, speed, unit, status] = fields
  if (reference !== 'R' && reference !== 'T') {
    found.refuse('line-format', `MWV: reference ${shown(reference ?? '')} is neither R nor T`)
    return
  }
  if (status === 'V') {
    found.refuse('sentinel', 'MWV: the sensor says that its wind is not valid')
    return
  }
  if (status !== 'A') {
    found.refuse('line-format', `MWV: status ${shown(status ?? '')} is neither A nor V`)
    return
  }
  putFromMark(found, reference === 'R', found.number('MWV angle', angle), mast)
  found.value('wind-speed', speedChannel(reference === 'R', mast), speed, unit, SPEEDS)
}

/** angle, L|R, speed, N, speed, M, speed, K: the same three times over, and each may be void. */
export function windFromBow(found: Found, fields: readonly string[], isRelative: boolean, mast: Mast): void {
  const [angle, side] = fields
  const degrees = found.number('wind angle', angle)
  if (degrees !== undefined && side !== 'L' && side !== 'R')
    found.refuse('line-format', `wind angle to the side ${shown(side ?? '')}`)
  else if (degrees !== undefined) putFromMark(found, isRelative, side === 'L' ? 360 - degrees : degrees, mast)
  putSpeed(found, speedChannel(isRelative, mast), [
    fields.slice(4, 6),
    fields.slice(2, 4),
    fields.slice(6, 8),
  ])
}

/** direction, T, direction, M, speed, N, speed, M */
export function windByCompass(found: Found, fields: readonly string[]): void {
  const [direction, reference] = fields
  // A direction from magnetic north alone would need the declination of the place.
  if (fields[2]) found.ignoredFields++
  putDirection(found, '', found.number('wind direction', direction), reference)
  putSpeed(found, '', [fields.slice(6, 8), fields.slice(4, 6)])
}

function putFromMark(found: Found, isRelative: boolean, angle: number | undefined, { markDeg }: Mast): void {
  if (markDeg === undefined) putDirection(found, isRelative ? 'relative' : 'from-mark', angle, 'T')
  else putDirection(found, '', angle === undefined ? undefined : angle + markDeg, 'T')
}

// On a mast that stands still, what is felt is the wind itself.
const speedChannel = (isRelative: boolean, { markDeg }: Mast): string =>
  isRelative && markDeg === undefined ? 'relative' : ''

function putDirection(
  found: Found,
  channel: string,
  degrees: number | undefined,
  reference: string | undefined,
): void {
  if (degrees === undefined) return
  if (reference !== 'T' && reference !== '')
    found.refuse('line-format', `wind direction from ${shown(reference ?? '')}, not from true north`)
  else if (degrees < -360 || degrees > 720) found.refuse('out-of-range', `wind direction ${degrees}°`)
  else found.put('wind-direction', channel, withoutFloatDust(((degrees % 360) + 360) % 360))
}

/** The first that is given: stations state the same speed in several units, the finest first here. */
function putSpeed(found: Found, channel: string, stated: readonly (readonly string[])[]): void {
  const [speed, unit] = stated.find(([each]) => each !== undefined && each !== '') ?? []
  found.value('wind-speed', channel, speed, unit, SPEEDS)
}

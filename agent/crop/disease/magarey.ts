/**
 * The generic infection model: Magarey, Sutton & Thayer 2005, Phytopathology 95:92–100. A spore on a wet leaf needs
 * more or fewer hours of wetness, as the temperature is far from its best or near.
 */
export interface InfectionNeeds {
  /** Below and above these no infection; best at `toptC`. °C, tmin < topt < tmax. */
  readonly tminC: number
  readonly toptC: number
  readonly tmaxC: number
  /** Hours of wetness for infection at the best temperature: 20 % incidence or 5 % severity. */
  readonly wminH: number
  /** No more hours than these are ever needed; undefined where no bound was found. */
  readonly wmaxH?: number | undefined
  /** A dry spell of so many hours parts two wet periods; a shorter one only interrupts. */
  readonly d50H: number
}

/** f(T), 0 to 1: 1 at the best temperature, 0 outside the limits (Yan & Hunt's beta function). NaN for NaN. */
export function temperatureResponse(tempC: number, { tminC, toptC, tmaxC }: InfectionNeeds): number {
  if (Number.isNaN(tempC)) return Number.NaN
  if (tempC < tminC || tempC > tmaxC) return 0
  const power = (toptC - tminC) / (tmaxC - toptC)
  return ((tmaxC - tempC) / (tmaxC - toptC)) * ((tempC - tminC) / (toptC - tminC)) ** power
}

/**
 * W(T) in hours, as ZeBook's `magarey.model` writes it: Wmin / f(T), and Wmax where that is more or the temperature
 * lies outside the limits. Infinite there when there is no Wmax. Outside the limits nothing infects all the same:
 * ask `riskRatio`.
 */
export function wetnessNeededH(tempC: number, needs: InfectionNeeds): number {
  const response = temperatureResponse(tempC, needs)
  if (Number.isNaN(response)) return Number.NaN
  return Math.min(needs.wmaxH ?? Number.POSITIVE_INFINITY, needs.wminH / response)
}

/** R: hours of wetness over hours needed. Infection from 1 on. 0 at and outside the temperature limits. */
export function riskRatio(wetH: number, tempC: number, needs: InfectionNeeds): number {
  if (Number.isNaN(wetH + tempC)) return Number.NaN
  if (temperatureResponse(tempC, needs) === 0) return 0
  return wetH / wetnessNeededH(tempC, needs)
}

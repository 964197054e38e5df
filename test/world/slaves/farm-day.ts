/**
 * What probes in an orchard hold in their registers through a day, as their makers' tables lay it out. Written
 * by hand from those tables and sharing nothing with the agent's profiles: a mistake in a profile must show.
 */
export interface Registers {
  /** Function 3. */
  readonly holding: ReadonlyMap<number, number>
  /** Function 4. */
  readonly input: ReadonlyMap<number, number>
}

export const FARM_PROBES: Readonly<Record<string, (hourOfDay: number, unit: number) => Registers>> = {
  // Function 4: register 1 tenths of a degree, signed; 2 tenths of a percent. Function 3: address and speed.
  'xy-md02': (hour, unit) => ({
    holding: new Map([
      [0x0101, unit],
      [0x0102, 0],
      [0x0103, 0],
      [0x0104, 0],
    ]),
    input: new Map([
      [1, word(airTempC(hour) * 10)],
      [2, word(airHumidityPct(hour) * 10)],
    ]),
  }),
  // Function 3: moisture and temperature in tenths, conductivity, pH in tenths, N, P, K.
  'cwt-soil-7in1': (hour) => ({
    holding: new Map([
      [0, word(soilMoisturePct(hour) * 10)],
      [1, word(soilTempC(hour) * 10)],
      [2, word(380 + 4 * soilMoisturePct(hour))],
      [3, 61],
      [4, 29],
      [5, 41],
      [6, 83],
    ]),
    input: new Map(),
  }),
  // The 3-in-1 in the same housing: four registers fewer.
  'cwt-soil-3in1': (hour) => ({
    holding: new Map([
      [0, word(soilMoisturePct(hour) * 10)],
      [1, word(soilTempC(hour) * 10)],
      [2, word(380 + 4 * soilMoisturePct(hour))],
    ]),
    input: new Map(),
  }),
}

// Bình Thuận in the dry season: coolest at five in the morning, hottest at two in the afternoon.
const airTempC = (hour: number): number => 28.5 + 5.5 * Math.cos(((hour - 14) / 12) * Math.PI)
const airHumidityPct = (hour: number): number => 71 - 19 * Math.cos(((hour - 14) / 12) * Math.PI)
// The ground follows the air by some four hours, and less.
const soilTempC = (hour: number): number => 29 + 1.8 * Math.cos(((hour - 18) / 12) * Math.PI)
// Watered at six in the morning, dry by the next.
const soilMoisturePct = (hour: number): number => 34 - 9 * (((hour - 6 + 24) % 24) / 24)

const word = (value: number): number => Math.round(value) & 0xffff

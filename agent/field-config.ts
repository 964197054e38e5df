import { z } from 'zod'
import { seconds } from './config-fields.ts'

/** What the crop models want to know of the farm and of each plot. All of it may be left out; advice then says what it lacks. */

// Longer than any device's name in the config.
const device = z.string().min(1).max(64)
const REAL_DAY = /^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/
const day = z.string().refine((text) => REAL_DAY.test(text) && isInCalendar(text), {
  message: 'is not a day',
  params: { remedy: 'such as 2026-11-27' },
})

export const farm = z
  .strictObject({
    // Between the polar circles, where every day has a sunrise; the models go no further.
    latitude: z.number().min(-66).max(66).optional().meta({ unit: '°' }).describe('North is positive: 11.1.'),
    longitude: z
      .number()
      .min(-180)
      .max(180)
      .optional()
      .meta({ unit: '°' })
      .describe('East is positive: 108.1.'),
    elevationM: z
      .number()
      .min(-450)
      .max(9000)
      .default(10)
      .meta({ unit: 'm' })
      .describe('Above the sea; 100 m more or less hardly matter.'),
    windHeightM: z
      .number()
      .min(0.5)
      .max(50)
      .default(2)
      .meta({ unit: 'm' })
      .describe('At what height the wind is measured; models bring it down to 2 m.'),
    station: device
      .optional()
      .describe("The farm's weather station: it stands in wherever a plot has no device of its own."),
  })
  .prefault({})
  .describe('Where the farm lies and what measures its weather.')

const sensors = z
  .strictObject({
    air: device.optional().describe('Measures air temperature and humidity of the plot.'),
    rain: device.optional().describe('Its rain gauge.'),
    wind: device.optional().describe('Its anemometer.'),
    radiation: device.optional().describe('Its pyranometer.'),
    leafWetness: device.optional().describe('Its leaf wetness sensor.'),
    soilMoisture: device
      .optional()
      .describe(
        'A probe in the root zone whose soil moisture is a volume of water in a volume of soil; its daily mean then sets the water balance right. Without it the balance is computed from the weather alone.',
      ),
  })
  .prefault({})
  .describe('Which device measures what; without it those whose place is the plot, else the station.')

const irrigation = z
  .strictObject({
    method: z.enum(['drip', 'sprinkler']).describe('Sprinklers wet the leaves, drip does not.'),
    efficiencyPct: z
      .number()
      .min(10)
      .max(100)
      .optional()
      .meta({ unit: '%' })
      .describe('Share of the water that reaches the roots: 90 for drip, 75 for sprinklers if not given.'),
  })
  .optional()
  .describe('How the plot is watered.')

const degreeDays = z
  .strictObject({
    from: day.optional().describe('Counting begins here; at bloomOn or plantedOn if not given.'),
    lowerC: z
      .number()
      .min(-10)
      .max(30)
      .optional()
      .meta({ unit: '°C' })
      .describe('No development below; 10 for dragon fruit if not given.'),
    upperC: z.number().min(10).max(60).optional().meta({ unit: '°C' }).describe('No faster above.'),
    target: z
      .number()
      .min(1)
      .max(20_000)
      .optional()
      .meta({ unit: '°C·d' })
      .describe('The sum at which it is ripe, from your own seasons.'),
  })
  .prefault({})
  .describe('Heat units of this crop.')

const lighting = z
  .strictObject({
    bulbs: z.int().min(1).max(1_000_000).describe('How many bulbs burn.'),
    watts: z.number().min(1).max(500).meta({ unit: 'W' }).describe('Of one bulb.'),
    fromHour: z
      .number()
      .min(12)
      .max(24)
      .default(20)
      .meta({ unit: 'h' })
      .describe('Lights on; 20 is eight in the evening.'),
    hours: z.number().min(1).max(14).default(8).meta({ unit: 'h' }).describe('How long in a night.'),
    vndPerKwh: z
      .number()
      .min(1)
      .max(100_000)
      .default(1987)
      .meta({ unit: 'VND/kWh' })
      .describe('What a kilowatt-hour costs before tax, on a one-price meter.'),
    batchesBefore: z
      .int()
      .min(0)
      .max(12)
      .default(0)
      .describe('Lit batches directly before this one; more than three tire the plants.'),
  })
  .optional()
  .describe('The lights of a dragon-fruit plot.')

/** Keys of a plot beyond what it is called. */
export const growing = {
  soil: z
    .enum([
      'sand',
      'loamy-sand',
      'sandy-loam',
      'loam',
      'silt-loam',
      'silt',
      'silty-clay-loam',
      'silty-clay',
      'clay',
    ])
    .optional()
    .describe('Texture of the soil (USDA class), for the water balance.'),
  rootDepthM: z
    .number()
    .min(0.05)
    .max(5)
    .optional()
    .meta({ unit: 'm' })
    .describe('How deep most roots reach; from a table of crops if not given.'),
  plantsPerHa: z
    .number()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({ unit: '/ha' })
    .describe('Plants, or posts of dragon fruit, on a hectare: for litres a plant.'),
  plantedOn: day.optional().describe('When an annual crop was planted; begins its stages.'),
  lightsOn: day.optional().describe('First evening with the lights lit, of this batch.'),
  budOn: day.optional().describe('When buds were first seen, of this batch.'),
  bloomOn: day.optional().describe('When flowers were open, of this batch.'),
  irrigation,
  sensors,
  degreeDays,
  lighting,
}

const LOOPBACK = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|\?|$)/

export const forecast = z
  .strictObject({
    url: z
      .string()
      .max(2000)
      .refine((text) => URL.canParse(text) && (text.startsWith('https://') || LOOPBACK.test(text)), {
        message: 'is not an address that a forecast may come from',
        params: { remedy: 'https://…; plain http only from this box itself (127.0.0.1)' },
      })
      .optional()
      .meta({ secret: true })
      .describe(
        'Whole address of an hourly JSON forecast in the form of Open-Meteo (agent/field/forecast-shape.ts has it). Without it there is no forecast. It may hold a key, so that it is never shown.',
      ),
    everyS: seconds(900, 86_400).default(3600).describe('How often it is fetched.'),
    maxAgeS: seconds(3600, 172_800)
      .default(43_200)
      .describe('A forecast that was fetched longer ago is not used.'),
  })
  .prefault({})
  .describe('Weather that is expected, from a service of your choice.')

function isInCalendar(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`)
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text)
}

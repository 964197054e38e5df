import { z } from 'zod'
import { seconds } from './config-fields.ts'

/** `sync:` in the config: how the province is sent to, and what that may cost. */

const TIME = '([01]\\d|2[0-3]):[0-5]\\d'
const quietHours = z
  .string()
  .max(11)
  .refine(
    (text) => new RegExp(`^${TIME}-(${TIME}|24:00)$`).test(text) && text.slice(0, 5) !== text.slice(6),
    {
      message: 'is not a stretch of the day',
      params: { remedy: 'from-to as HH:MM-HH:MM, such as 05:00-07:00; 22:00-05:00 goes over midnight' },
    },
  )
const megabytes = z.number().min(0.1).max(1_000_000).meta({ unit: 'MB' })

const budget = z
  .strictObject({
    mbPerDay: megabytes
      .optional()
      .meta({ remote: true })
      .describe(
        'What the box may send and receive in a day (MB of 1,000,000 bytes). At 70 % photos stop, at 90 % readings, at 100 % findings; alarms and events always go. Without it there is no limit.',
      ),
    mbPerHour: megabytes
      .optional()
      .meta({ remote: true })
      .describe('The same for each hour of the clock, so that one photo does not take the whole line.'),
    quietHours: z
      .array(quietHours)
      .max(12)
      .default([])
      .meta({ remote: true })
      .describe(
        'Hours in which only alarms and events are sent, such as 18:00-21:00 when the family needs the line.',
      ),
    metered: z
      .boolean()
      .default(false)
      .meta({ remote: true })
      .describe(
        'The line is paid by the megabyte: readings go every 15 minutes at most, photos as thumbnails only.',
      ),
    photos: z
      .enum(['all', 'thumbnails', 'none'])
      .optional()
      .meta({ remote: true })
      .describe(
        'Which photos are sent by themselves; one that the province asks for is sent in any case but none. all if not given, thumbnails on a metered line.',
      ),
  })
  .prefault({})
  .describe("What sending may cost, by the farm's time zone.")

export const sync = z
  .strictObject({
    batchEveryS: seconds(1, 86_400)
      .default(60)
      .meta({ remote: true })
      .describe('How often readings are sent.'),
    retryLongestS: seconds(1, 86_400)
      .default(300)
      .meta({ remote: true })
      .describe('Longest wait after a failure.'),
    budget,
  })
  .prefault({})
  .describe('How the province is sent to.')

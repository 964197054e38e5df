const MINUTES_A_DAY = 1440

/** Whether a minute of the farm's day lies in one of the stretches, such as 21:00-05:00 (over midnight) or 12:00-24:00. */
export const isQuiet = (stretches: readonly string[], minute: number): boolean =>
  stretches.some((stretch) => {
    const [from = 0, to = 0] = stretch.split('-').map(minuteOf)
    return from < to ? minute >= from && minute < to : minute >= from || minute < to % MINUTES_A_DAY
  })

const minuteOf = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  return hours * 60 + minutes
}

/** Days as the farms of a province count them. */
export interface FarmCalendar {
  /** YYYY-MM-DD of a moment, ms UTC. */
  dayOf(ms: number): string
  /** When a day begins, ms UTC. */
  startOf(day: string): number
}

export function farmCalendar(timeZone: string): FarmCalendar {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  // Swedish writes a moment as 2026-11-23 07:30:00.
  const localMs = (ms: number) => Date.parse(`${format.format(ms).replace(' ', 'T')}Z`)
  return {
    dayOf: (ms) => format.format(ms).slice(0, 10),
    startOf(day) {
      const midnight = Date.parse(`${day}T00:00:00Z`)
      const guess = midnight - (localMs(midnight) - midnight)
      // Once more with the offset that holds there, which a change of clocks in between made another.
      return midnight - (localMs(guess) - guess)
    },
  }
}

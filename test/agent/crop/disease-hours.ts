/** A table of hours from 1 July 2026, local time: `at` gives the cells after the time, or undefined for no row. */
export function hourTable(
  header: string,
  hours: number,
  at: (hour: number, day: number) => readonly (number | string)[] | undefined,
): string {
  const lines = Array.from({ length: hours }, (_, hour) => {
    const cells = at(hour % 24, Math.floor(hour / 24))
    const time = new Date(Date.UTC(2026, 6, 1, hour)).toISOString().slice(0, 16)
    return cells ? [`${time},${cells.join(',')}`] : []
  }).flat()
  return `time,${header}\n${lines.join('\n')}\n`
}

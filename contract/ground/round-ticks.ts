/**
 * About four round steps (1, 2 or 5 times a power of ten) that reach over both ends of a range, lowest first, so that
 * the axis can begin and end on them. `high` must be above `low`, both finite.
 */
export function roundTicks(low: number, high: number): number[] {
  const rough = (high - low) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power
  const first = Math.floor(low / step)
  const last = Math.ceil(high / step)
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  )
}

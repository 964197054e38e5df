/** A line that the pen draws without being lifted: points x0, y0, x1, y1, .. */
export interface Curve {
  readonly points: readonly number[]
  /** Where the pen turns or runs straight: places that a printer's dots are lined up with. */
  readonly keysX: readonly number[]
  readonly keysY: readonly number[]
}

// Of a circle one centimetre wide at 600 dpi, 15° are 31 dots: the chord leaves the arc by one dot.
const ARC_STEP = Math.PI / 12
const BEZIER_STEPS = 8

const ways = new Map<string, readonly Curve[]>()

/** Reads a way as letter-shapes.ts writes it. */
export function curvesOf(way: string): readonly Curve[] {
  let known = ways.get(way)
  if (!known) {
    known = read(way)
    ways.set(way, known)
  }
  return known
}

export const shifted = (curves: readonly Curve[], dx: number, dy: number): Curve[] =>
  curves.map(({ points, keysX, keysY }) => ({
    points: points.map((value, index) => value + (index % 2 === 0 ? dx : dy)),
    keysX: keysX.map((x) => x + dx),
    keysY: keysY.map((y) => y + dy),
  }))

interface Drawing {
  points: number[]
  keysX: number[]
  keysY: number[]
}

function read(way: string): Curve[] {
  const curves: Drawing[] = []
  let curve: Drawing = { points: [], keysX: [], keysY: [] }
  const lift = () => {
    curve = { points: [], keysX: [], keysY: [] }
    curves.push(curve)
  }
  for (const [, command = '', rest = ''] of way.matchAll(/([MLCAO])([^MLCAO]*)/g)) {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = rest.trim().split(/\s+/).map(Number)
    if (command === 'M') {
      lift()
      curve.points.push(a, b)
    } else if (command === 'L') lineTo(curve, a, b)
    else if (command === 'C') bezierTo(curve, [a, b, c, d, e, f])
    else if (command === 'O') {
      lift()
      arc(curve, [a, b, c, d], 0, 360)
      lift()
    } else {
      if (curves.length === 0) lift()
      arc(curve, [a, b, c, d], e, f)
    }
  }
  return curves.filter(({ points }) => points.length > 0)
}

function lineTo({ points, keysX, keysY }: Drawing, x: number, y: number): void {
  const [x0 = x, y0 = y] = points.slice(-2)
  if (x0 === x) keysX.push(x)
  if (y0 === y) keysY.push(y)
  points.push(x, y)
}

function bezierTo(
  { points }: Drawing,
  [x1, y1, x2, y2, x, y]: readonly [number, number, number, number, number, number],
): void {
  const [x0 = 0, y0 = 0] = points.slice(-2)
  for (let step = 1; step <= BEZIER_STEPS; step++) {
    const t = step / BEZIER_STEPS
    const [p0, p1, p2, p3] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
    points.push(p0 * x0 + p1 * x1 + p2 * x2 + p3 * x, p0 * y0 + p1 * y1 + p2 * y2 + p3 * y)
  }
}

function arc(
  { points, keysX, keysY }: Drawing,
  [cx, cy, rx, ry]: readonly [number, number, number, number],
  fromDegrees: number,
  toDegrees: number,
): void {
  const [from, to] = [(fromDegrees * Math.PI) / 180, (toDegrees * Math.PI) / 180]
  const steps = Math.max(1, Math.ceil(Math.abs(to - from) / ARC_STEP))
  for (let step = 0; step <= steps; step++) {
    const angle = from + ((to - from) * step) / steps
    points.push(cx + rx * Math.cos(angle), cy + ry * Math.sin(angle))
  }
  const [low, high] = [Math.min(fromDegrees, toDegrees), Math.max(fromDegrees, toDegrees)]
  for (let turn = Math.ceil(low / 90) * 90; turn <= high; turn += 90)
    if (turn % 180 === 0) keysX.push(turn % 360 === 0 ? cx + rx : cx - rx)
    else keysY.push(((turn % 360) + 360) % 360 === 90 ? cy + ry : cy - ry)
}

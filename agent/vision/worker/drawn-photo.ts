/** A photo that nobody took, as a model's case has it: plain arithmetic from these numbers, the same bytes on every machine. */
export interface DrawnPhoto {
  readonly widthPx: number
  readonly heightPx: number
  readonly seed: number
  /** sRGB, 0..255. */
  readonly ground: readonly [number, number, number]
  readonly leaf: readonly [number, number, number] | null
  readonly spot: readonly [number, number, number] | null
  readonly spots: number
}

/** An ellipse of leaf or stem on a ground, with round spots and grain; uint8 RGB, row by row. */
export function draw({ widthPx, heightPx, seed, ground, leaf, spot, spots }: DrawnPhoto): Uint8Array {
  const next = drawsFrom(seed)
  const places = Array.from({ length: spots }, () => ({
    x: (0.25 + 0.5 * next()) * widthPx,
    y: (0.25 + 0.5 * next()) * heightPx,
    radius: (0.02 + 0.05 * next()) * widthPx,
  }))
  const pixels = new Uint8Array(widthPx * heightPx * 3)
  for (let y = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx; x++) {
      const [across, down] = [x / widthPx - 0.5, y / heightPx - 0.5]
      const isLeaf = leaf !== null && (across / 0.47) ** 2 + (down / 0.38) ** 2 < 1
      const isSpot =
        isLeaf && spot !== null && places.some((at) => (x - at.x) ** 2 + (y - at.y) ** 2 < at.radius ** 2)
      const colour = isSpot ? spot : isLeaf ? leaf : ground
      // Whole numbers only: no rounding of a processor's own in what a test compares.
      const grain = Math.floor(next() * 25) - 12
      for (let channel = 0; channel < 3; channel++)
        pixels[(y * widthPx + x) * 3 + channel] = Math.min(255, Math.max(0, (colour[channel] ?? 0) + grain))
    }
  return pixels
}

/** Numbers in 0..1 that are the same from the same seed on every machine (mulberry32). */
export function drawsFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

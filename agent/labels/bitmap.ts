/** What a print head prints: dots in rows, eight to a byte, the leftmost in the highest bit, 1 is black. */
export class Bitmap {
  readonly width: number
  readonly height: number
  readonly rowBytes: number
  readonly bytes: Uint8Array

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.rowBytes = Math.ceil(width / 8)
    this.bytes = new Uint8Array(this.rowBytes * height)
  }

  isBlack(x: number, y: number): boolean {
    return ((this.bytes[y * this.rowBytes + (x >> 3)] ?? 0) & (0x80 >> (x & 7))) !== 0
  }

  /** What lies beyond the edge is not there. */
  blacken(x: number, y: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return
    const at = y * this.rowBytes + (x >> 3)
    this.bytes[at] = (this.bytes[at] ?? 0) | (0x80 >> (x & 7))
  }

  square(x: number, y: number, side: number): void {
    for (let row = y; row < y + side; row++)
      for (let column = x; column < x + side; column++) this.blacken(column, row)
  }

  /** A line with round ends, `width` dots thick: every dot whose middle is nearer to it than half of that. */
  line(x0: number, y0: number, x1: number, y1: number, width: number): void {
    const radius = width / 2
    const [dx, dy] = [x1 - x0, y1 - y0]
    const length = dx * dx + dy * dy
    for (let y = Math.floor(Math.min(y0, y1) - radius); y <= Math.max(y0, y1) + radius; y++)
      for (let x = Math.floor(Math.min(x0, x1) - radius); x <= Math.max(x0, x1) + radius; x++) {
        const [px, py] = [x + 0.5 - x0, y + 0.5 - y0]
        const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length))
        if ((px - along * dx) ** 2 + (py - along * dy) ** 2 < radius * radius - 1e-9) this.blacken(x, y)
      }
  }
}

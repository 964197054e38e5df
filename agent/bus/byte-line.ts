/** A line of bytes to devices: a serial port, or a TCP socket to one. It knows no device and no frame. */
export interface ByteLine {
  /**
   * Starts to keep the line open and hands on what happens. A line that can't be opened, or is lost
   * (unplugged, refused), is tried again with growing waits until `close`.
   */
  open(listener: LineListener): void
  /** Ends it. Resolves when the port is free for others. */
  close(): Promise<void>
  /** Changes speed and framing before the next write. Nothing happens when they are the same, or on TCP. */
  use(settings: LineSettings): Promise<void>
  /** Resolves when the bytes are with the operating system; rejects with `link-down` while the line is lost. */
  write(bytes: Uint8Array): Promise<void>
  state(): LineState
}

export interface LineListener {
  onBytes(bytes: Uint8Array): void
  onBack(): void
  /** Called once for each loss, with what the operating system said. */
  onLost(reason: string): void
}

export interface LineSettings {
  readonly baudRate: number
  readonly parity: 'none' | 'even' | 'odd'
  readonly dataBits: 7 | 8
  readonly stopBits: 1 | 2
}

export interface LineState {
  readonly isOpen: boolean
  /** Where it leads, and while it is lost, why. */
  readonly detail: string
  /** Wall time in ms of the last change. */
  readonly since: number
}

/** How long one character takes on the wire: start bit, data, parity, stop bits. */
export const characterMs = (line: LineSettings): number =>
  ((1 + line.dataBits + (line.parity === 'none' ? 0 : 1) + line.stopBits) * 1000) / line.baudRate

export const sameSettings = (a: LineSettings, b: LineSettings): boolean =>
  a.baudRate === b.baudRate && a.parity === b.parity && a.dataBits === b.dataBits && a.stopBits === b.stopBits

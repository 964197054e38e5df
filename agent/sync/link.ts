/** The way to the province. A request that gets any answer resolves; only a broken link rejects, with `link-down`. */
export interface Link {
  request(request: LinkRequest): Promise<LinkAnswer>
}

export interface LinkRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  /** Path and query below the gateway's address. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface LinkAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** How often it had gone out before, over a kept connection that turned out to be closed: for whoever counts bytes. */
  readonly resends?: number
}

// Half of what GPRS's 9.6 kbit/s carries: beside our bytes go heads, acknowledgements and repeats. What takes longer
// than this is not slow but gone.
export const SLOWEST_BYTES_A_SECOND = 600

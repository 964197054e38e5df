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
}

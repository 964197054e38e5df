/**
 * A person with a browser that runs no script: keeps cookies, follows redirects, and sends the forms that a page
 * really holds, with their hidden fields. It works over the network and over a program in the same process.
 */
export interface VisitorRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface VisitorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
}

export interface Page {
  readonly path: string
  readonly status: number
  readonly html: string
}

const MAX_REDIRECTS = 5

export class FormVisitor {
  readonly #send: (request: VisitorRequest) => Promise<VisitorAnswer>
  readonly #origin: string
  readonly #cookies = new Map<string, string>()

  constructor(origin: string, send: (request: VisitorRequest) => Promise<VisitorAnswer>) {
    this.#origin = origin
    this.#send = send
  }

  /** Over the network. */
  static to(origin: string): FormVisitor {
    return new FormVisitor(origin, async ({ method, path, headers, body }) => {
      const answer = await fetch(origin + path, {
        method,
        headers,
        redirect: 'manual',
        ...(body === undefined ? {} : { body }),
      })
      return {
        status: answer.status,
        headers: { ...Object.fromEntries(answer.headers), 'set-cookie': answer.headers.getSetCookie() },
        body: await answer.text(),
      }
    })
  }

  async open(path: string): Promise<Page> {
    return this.#go({ method: 'GET', path, headers: {} })
  }

  /** Fills in the form that posts to `action` on that page, and sends it. */
  async submit(page: Page, action: string, values: Readonly<Record<string, string>>): Promise<Page> {
    // A form's address may carry a query, such as the language.
    const isWanted = (text: string) =>
      attribute(text, 'action').split('?')[0] === action && attribute(text, 'method') === 'post'
    const form = [...page.html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/g)]
      .map(([text]) => text)
      .find(isWanted)
    if (!form) throw new Error(`${page.path} has no form for ${action}:\n${page.html.slice(0, 2000)}`)
    const fields = new URLSearchParams()
    for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
      const type = attribute(tag, 'type')
      const isChoice = /^(radio|checkbox)$/.test(type)
      const isSent = !/^(submit|button|file)$/.test(type) && (!isChoice || /\schecked\b/.test(tag))
      const name = attribute(tag, 'name')
      if (name && isSent) fields.set(name, attribute(tag, 'value'))
    }
    for (const [name, value] of Object.entries(values)) fields.set(name, value)
    return this.#go({
      method: 'POST',
      path: attribute(form, 'action'),
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.#origin },
      body: fields.toString(),
    })
  }

  async #go(request: VisitorRequest): Promise<Page> {
    let next = request
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = {
        accept: 'text/html',
        host: new URL(this.#origin).host,
        ...next.headers,
        ...(cookie ? { cookie } : {}),
      }
      const answer = await this.#send({ ...next, headers })
      this.#keepCookies(answer.headers['set-cookie'])
      const location = answer.headers['location']
      if (answer.status < 300 || answer.status > 399 || typeof location !== 'string')
        return { path: next.path, status: answer.status, html: answer.body }
      const url = new URL(location, this.#origin)
      next = { method: 'GET', path: url.pathname + url.search, headers: {} }
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects from ${request.path}`)
  }

  #keepCookies(set: string | readonly string[] | undefined): void {
    for (const cookie of typeof set === 'string' ? [set] : (set ?? [])) {
      const [pair = ''] = cookie.split(';')
      const at = pair.indexOf('=')
      if (at > 0) this.#cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim())
    }
  }
}

const attribute = (tag: string, name: string): string =>
  plainText(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '')

const plainText = (text: string): string =>
  text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

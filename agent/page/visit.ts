import type { FastifyReply, FastifyRequest } from 'fastify'
import { chooseLanguage, type Language } from '#contract/ground/messages.ts'
import type { PageOptions } from './page-sources.ts'
import type { People, Person } from './people.ts'
import { SESSION_MS, type Sessions } from './sessions.ts'

/** Who looks, in which language, at what time: what every page is drawn for. */
export interface Visit {
  readonly language: Language
  readonly nowMs: number
  readonly timeZone: string
  /** Path and query, for the way back and for the other language. */
  readonly url: string
  readonly person: Person | null
  /** For the hidden field of a form; gives the phone a cookie to match, where it has none. */
  formToken(): string
}

const SESSION_COOKIE = 'vuon_box'
const FORM_COOKIE = 'vuon_form'
const LANGUAGE_COOKIE = 'vuon_lang'
// Plain HTTP on the LAN: `Secure` would make browsers drop the cookie.
const COOKIE = { path: '/', httpOnly: true, sameSite: 'strict' } as const

export class Visits {
  readonly #options: PageOptions
  readonly #people: People
  readonly #sessions: Sessions
  readonly #nowMs: () => number

  constructor(options: PageOptions, people: People, sessions: Sessions, nowMs: () => number) {
    this.#options = options
    this.#people = people
    this.#sessions = sessions
    this.#nowMs = nowMs
  }

  of(request: FastifyRequest, reply: FastifyReply): Visit {
    const personId = this.#sessions.personOf(request.cookies[SESSION_COOKIE])
    return {
      language: this.#languageOf(request, reply),
      nowMs: this.#nowMs(),
      timeZone: this.#options.timeZone,
      url: request.url,
      person: (personId !== undefined && this.#people.find(personId)) || null,
      formToken: () => this.#sessions.formToken(this.#formCookie(request, reply)),
    }
  }

  /** Whether the form was drawn for this phone. */
  isFormOurs(request: FastifyRequest): boolean {
    const cookie = this.#signedIn(request) ?? request.cookies[FORM_COOKIE]
    return cookie !== undefined && this.#sessions.isFormToken(cookie, field(request.body, 'form'))
  }

  signIn(reply: FastifyReply, personId: string): void {
    reply.setCookie(SESSION_COOKIE, this.#sessions.begin(personId), { ...COOKIE, maxAge: SESSION_MS / 1000 })
  }

  signOut(request: FastifyRequest, reply: FastifyReply): void {
    const token = request.cookies[SESSION_COOKIE]
    if (token) this.#sessions.end(token)
    reply.clearCookie(SESSION_COOKIE, COOKIE)
  }

  #signedIn(request: FastifyRequest): string | undefined {
    const token = request.cookies[SESSION_COOKIE]
    return this.#sessions.personOf(token) === undefined ? undefined : token
  }

  #formCookie(request: FastifyRequest, reply: FastifyReply): string {
    const there = this.#signedIn(request) ?? request.cookies[FORM_COOKIE]
    if (there) return there
    const cookie = this.#sessions.newCookie()
    request.cookies[FORM_COOKIE] = cookie
    reply.setCookie(FORM_COOKIE, cookie, COOKIE)
    return cookie
  }

  /** ?lang= (kept for a year), else what was kept, else what the phone asks for, else the box's own. */
  #languageOf(request: FastifyRequest, reply: FastifyReply): Language {
    const asked = field(request.query, 'lang')
    if (asked === 'vi' || asked === 'en') {
      reply.setCookie(LANGUAGE_COOKIE, asked, { ...COOKIE, sameSite: 'lax', maxAge: 365 * 86_400 })
      return asked
    }
    const accepted = request.headers['accept-language']
    const saysOne = /(^|,)\s*(vi|en)\b/i.test(accepted ?? '')
    return chooseLanguage(request.cookies[LANGUAGE_COOKIE], saysOne ? accepted : this.#options.language)
  }
}

/** One value of a form or query; '' when it is missing. Of several with the same name the last counts. */
export function field(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return ''
  const value = (body as Record<string, unknown>)[name]
  const last = Array.isArray(value) ? value.at(-1) : value
  return typeof last === 'string' ? last : ''
}

/** Where to go after signing in: a path of this page, never another site. */
export const localPath = (path: string): string =>
  /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path) && path.length <= 1000 ? path : '/'

/** The same address with other values in its query. */
export function withQuery(url: string, values: Readonly<Record<string, string>>): string {
  const [path = '/', query = ''] = url.split('?', 2)
  const search = new URLSearchParams(query)
  for (const [name, value] of Object.entries(values)) search.set(name, value)
  return `${path}?${search}`
}

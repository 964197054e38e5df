import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toBase64Url } from '#contract/ground/bytes.ts'
import { VuonError } from '#contract/ground/errors.ts'

/**
 * Every form carries a token, and its POST is refused without it. Signed in, the token belongs to the session.
 * Before that a short-lived cookie and a hidden field must agree, so that nobody is signed in to a stranger's
 * account by a form on another site.
 */
export const FORM_COOKIE = 'vuon_form'

const TOKEN = /^[\w-]{24}$/

/** The token of the sign-in form; sets its cookie when the browser has none. */
export function formToken(request: FastifyRequest, reply: FastifyReply, isSecure: boolean): string {
  const kept = request.cookies[FORM_COOKIE]
  if (kept && TOKEN.test(kept)) return kept
  const token = toBase64Url(new Uint8Array(randomBytes(18)))
  reply.setCookie(FORM_COOKIE, token, {
    path: '/sign-in',
    httpOnly: true,
    sameSite: 'strict',
    secure: isSecure,
  })
  return token
}

/** Throws `forbidden` unless the form came from one of our pages with the expected token. */
export function checkFormToken(request: FastifyRequest, expected: string | undefined): void {
  // Browsers say where a form was sent from, and pages cannot forge it (Fetch Metadata).
  const site = request.headers['sec-fetch-site']
  const isForeign = site === 'cross-site' || site === 'same-site'
  const given = fieldOf(request, 'csrf')
  if (isForeign || !expected || !isSameText(given, expected)) throw new VuonError('forbidden')
}

/** One field of a form; a field that is missing or sent twice is empty. */
export function fieldOf(request: FastifyRequest, name: string): string {
  const body = request.body as Record<string, unknown> | null | undefined
  const value = body && Object.hasOwn(body, name) ? body[name] : undefined
  return typeof value === 'string' ? value : ''
}

function isSameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { VuonError } from '#contract/ground/errors.ts'
import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { type Site, sendAppPage } from './app-frame.ts'
import { checkFormToken, FORM_COOKIE, fieldOf, formToken } from './form-token.ts'
import { localPath } from './local-path.ts'
import { say } from './messages.ts'
import { TryLimit } from './try-limit.ts'
import { type Visit, visitOf } from './visit.ts'
import { clockText } from './words.ts'

/** Signing in and out, and the language that a person reads in. */
export function signInRoutes(app: FastifyInstance, site: Site): void {
  const { sources, isSecure } = site
  const limit = new TryLimit(sources.nowMs)

  app.get('/', async (request, reply) => {
    const { viewer } = await sources.viewerOf(request)
    const { lang } = request.query as { lang?: unknown }
    const query = lang === 'vi' || lang === 'en' ? `?lang=${lang}` : ''
    return reply
      .header('cache-control', 'no-store')
      .redirect(viewer.kind === 'person' ? '/farms' : `/sign-in${query}`)
  })

  app.get('/sign-in', async (request, reply) => {
    const visit = await visitOf(request, sources)
    const next = localPath((request.query as { next?: unknown }).next)
    if (visit.viewer.kind === 'person') return reply.header('cache-control', 'no-store').redirect(next)
    return sendForm(request, reply, visit, { next, email: '', wrong: null, status: 200 })
  })

  app.post('/sign-in', async (request, reply) => {
    const visit = await visitOf(request, sources)
    const { language } = visit
    const form = { next: localPath(fieldOf(request, 'next')), email: fieldOf(request, 'email').slice(0, 200) }
    const again = (wrong: string, status: number): FastifyReply =>
      sendForm(request, reply, visit, { ...form, wrong, status })
    try {
      checkFormToken(request, request.cookies[FORM_COOKIE])
    } catch {
      // A page left open over night, or cookies that were cleared: say so and offer a fresh form.
      return again(say(language, 'signInStale'), 403)
    }
    limit.spend(request.ip)
    const password = fieldOf(request, 'password').slice(0, 1000)
    if (!form.email.trim() || !password) return again(say(language, 'signInEmpty'), 400)
    const answer = await sources.signIn({ email: form.email, password })
    if ('session' in answer) {
      const { token, expiresAt } = answer.session
      return reply
        .setCookie(sources.sessionCookie, token, {
          ...sessionCookie(isSecure),
          maxAge: Math.max(1, Math.floor((expiresAt - sources.nowMs()) / 1000)),
        })
        .clearCookie(FORM_COOKIE, { path: '/sign-in' })
        .header('cache-control', 'no-store')
        .redirect(form.next, 303)
    }
    if (answer.refused === 'wrong') return again(say(language, 'signInWrong'), 401)
    const untilMs = answer.untilMs ?? sources.nowMs() + 60_000
    const waitMs = Math.max(0, untilMs - sources.nowMs())
    reply.header('retry-after', String(Math.ceil(waitMs / 1000)))
    const sentence = say(language, 'signInLocked', {
      minutes: Math.max(1, Math.ceil(waitMs / 60_000)),
      // Rounded up: at the minute that is named, the lock is over.
      time: clockText(language, sources.timeZone, Math.ceil(untilMs / 60_000) * 60_000),
    })
    return again(sentence, 429)
  })

  app.post('/sign-out', async (request, reply) => {
    const { viewer, csrf } = await sources.viewerOf(request)
    if (viewer.kind === 'person') {
      checkFormToken(request, csrf)
      await sources.signOut(request)
    }
    return reply
      .clearCookie(sources.sessionCookie, sessionCookie(isSecure))
      .header('cache-control', 'no-store')
      .redirect('/sign-in', 303)
  })

  app.post('/language', async (request, reply) => {
    const { viewer, csrf } = await sources.viewerOf(request)
    if (viewer.kind !== 'person') return reply.redirect('/sign-in', 303)
    checkFormToken(request, csrf)
    const language = fieldOf(request, 'language')
    if (language !== 'vi' && language !== 'en') throw new VuonError('input-invalid')
    await sources.setLanguage(viewer.personId, language)
    return reply.header('cache-control', 'no-store').redirect(localPath(fieldOf(request, 'back')), 303)
  })

  function sendForm(
    request: FastifyRequest,
    reply: FastifyReply,
    visit: Visit,
    form: SignInForm & { readonly status: number },
  ): FastifyReply {
    const { language } = visit
    const token = formToken(request, reply, isSecure)
    const main = signInForm(language, sources.province[language], token, form)
    const path = form.next === '/farms' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(form.next)}`
    return sendAppPage(reply, site, visit, { title: say(language, 'signInTitle'), path, main }, form.status)
  }
}

/** Lax: a link in a message opens the farm, a form on another site carries no session. */
const sessionCookie = (isSecure: boolean) =>
  ({ path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure }) as const

/** Sends somebody who is not signed in to the form, and back to where they wanted to go. */
export function toSignIn(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const next = localPath(request.url)
  const query = next === '/farms' ? '' : `?next=${encodeURIComponent(next)}`
  return reply.header('cache-control', 'no-store').redirect(`/sign-in${query}`)
}

interface SignInForm {
  readonly next: string
  readonly email: string
  readonly wrong: string | null
}

function signInForm(language: Language, province: string, token: string, form: SignInForm): Html {
  return html`<section class="narrow card">
<h1>${say(language, 'signInTitle')}</h1>
<p class="quiet">${say(language, 'signInLead', { province })}</p>
${form.wrong ? html`<p class="notice bad" role="alert" id="wrong">${form.wrong}</p>` : null}
<form method="post" action="/sign-in?lang=${language}" class="fields">
<input type="hidden" name="csrf" value="${token}"><input type="hidden" name="next" value="${form.next}">
<label for="email">${say(language, 'email')}</label>
<input id="email" name="email" type="email" autocomplete="username" maxlength="200" required value="${form.email}">
<label for="password">${say(language, 'password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1000" required>
<button class="button">${say(language, 'signInButton')}</button>
</form>
<p class="quiet">${say(language, 'signInHelp', { province })}</p>
<p class="quiet">${say(language, 'consumerHint')}</p>
</section>`
}

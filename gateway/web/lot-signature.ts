import { type Html, html } from '#contract/ground/html.ts'
import { lotUri } from '#contract/trace/digital-link.ts'
import type { LotHistory } from '../insight/answers.ts'
import { type LotMessage, sayPublic } from './lot-messages.ts'
import type { LotLogState } from './lot-sources.ts'
import { sayStory } from './lot-story-messages.ts'
import type { PublicView } from './public-frame.ts'

/** What the province found of the farm's signatures, before anybody asks. */
export function lotSignature({ language, province }: PublicView, { events }: LotHistory): Html {
  const t = (key: LotMessage): string => sayPublic(language, key, { province })
  const state =
    events.length === 0
      ? 'None'
      : !events.every((event) => event.isTrusted)
        ? 'Revoked'
        : events.every((event) => event.isSignatureValid)
          ? 'Good'
          : 'Bad'
  return html`<section class="sign ${state === 'Revoked' ? 'bad' : state.toLowerCase()}"><h2>${t(`signature${state}`)}</h2><p>${t(`signature${state}Means`)}</p>${state === 'Good' ? html`<p class="quiet">${t('signatureLimits')}</p>` : null}</section>`
}

/**
 * How to check it oneself. A browser module fills `[data-verify]` with what it computed from `data-proof`; without script
 * the sentence in it is what the province says.
 */
export function lotVerify(
  { language }: PublicView,
  { gtin, lot, events }: LotHistory,
  state: LotLogState | null,
): Html {
  const t = (key: Parameters<typeof sayStory>[1], parameters = {}): string =>
    sayStory(language, key, parameters)
  const proof = `${lotUri('', { gtin, lot })}/proof.json`
  const { inLog, waiting } = state ?? { inLog: 0, waiting: events.length }
  const sentence =
    inLog + waiting === 0
      ? t('verifyNone')
      : waiting === 0
        ? t('verifyLogged', { count: inLog })
        : inLog === 0
          ? t('verifyReceived')
          : t('verifyPartly', { count: inLog, of: inLog + waiting })
  return html`<section><h2>${t('verify')}</h2><div class="note" data-verify data-proof="${proof}" aria-live="polite"><p>${sentence}</p></div>${
    inLog + waiting > 0
      ? html`<p>${t('verifyHow')}</p><p><a class="file" href="${proof}" download="proof-${lot}.json">${t('verifyFile')}</a></p>`
      : null
  }<p class="quiet">${t('verifyLimits')}</p></section>`
}

// A lot picked on many days has an event a day; a page for people shows the first ones.
const MAX_EVENTS = 20

export function lotExperts({ language }: PublicView, { events, agent, boxCode }: LotHistory): Html {
  const t = (key: LotMessage, parameters = {}): string => sayPublic(language, key, parameters)
  return html`<details><summary>${t('experts')}</summary>${events
    .slice(0, MAX_EVENTS)
    .map(
      (event, index) =>
        html`<h3>${t('event', { number: index + 1 })}</h3><dl><dt>${t('eventId')}</dt><dd><code>${event.eventId}</code></dd><dt>${t('eventTime')}</dt><dd><code>${event.eventTime}</code></dd><dt>${t('eventStep')}</dt><dd><code>${event.bizStep}</code></dd><dt>${t('eventHash')}</dt><dd><code>${event.signedSha256}</code></dd><dt>${t('eventKey')}</dt><dd><code>${event.key}</code></dd><dt>${t('eventSignature')}</dt><dd>${t(!event.isTrusted ? 'revoked' : event.isSignatureValid ? 'holds' : 'fails')}</dd></dl>`,
    )}<dl><dt>${t('box')}</dt><dd><code>${boxCode} · ${agent}</code></dd></dl></details>`
}

import { type Html, html } from '#contract/ground/html.ts'
import { described, errorAt, type FieldError, hiddenToken, mistakes, note } from './layout.ts'
import { type MessageKey, say } from './messages.ts'
import type { People } from './people.ts'
import type { Visit } from './visit.ts'

interface PinField {
  readonly name: string
  readonly label: MessageKey
  readonly autocomplete: 'current-password' | 'new-password'
}

// A PIN is never shown again, not even wrong; digits bring up the number keys of a phone.
const pinField = (
  visit: Visit,
  { name, label, autocomplete }: PinField,
  errors: readonly FieldError[],
): Html =>
  html`<div class="field"><label for="${name}">${say(visit.language, label)}</label>
<input class="huge" id="${name}" name="${name}" type="password" inputmode="numeric" autocomplete="${autocomplete}" required maxlength="8"${described(errors, name)}>${errorAt(errors, name)}</div>`

/** Reads the file's state too: a damaged one is said, and nobody can sign in. */
export function signInContent(
  visit: Visit,
  people: People,
  input: { next: string; chosen: string; readingNeedsPin: boolean },
  errors: readonly FieldError[],
): Html {
  const { language } = visit
  if (people.state === 'damaged') return damaged(visit, people)
  const list = people.list()
  const chosen = input.chosen || (list.length === 1 ? (list[0]?.id ?? '') : '')
  return html`<p>${say(language, input.readingNeedsPin ? 'sign-in-why-closed' : 'sign-in-why')}</p>
${mistakes(visit, errors)}
<form method="post" action="/sign-in" novalidate>${hiddenToken(visit)}<input type="hidden" name="next" value="${input.next}">
<fieldset id="who"${described(errors, 'who')}><legend>${say(language, 'sign-in-who')}</legend>${list.map(
    ({ id, name }) =>
      html`<label class="tick"><input type="radio" name="who" value="${id}"${id === chosen && html` checked`}> <span>${name}</span></label>`,
  )}${errorAt(errors, 'who')}</fieldset>
${pinField(visit, { name: 'pin', label: 'sign-in-pin', autocomplete: 'current-password' }, errors)}
<p class="big"><button>${say(language, 'sign-in-do')}</button></p></form>
<p class="faint">${say(language, 'sign-in-forgot')}</p>`
}

export const damaged = ({ language }: Visit, people: People): Html =>
  note(
    'critical',
    say(language, 'note-people-damaged'),
    say(language, 'note-people-damaged-more', { path: people.path }),
  )

/** The first person is added with the one-time code that only somebody at the box can see. */
export function firstPersonContent(
  visit: Visit,
  typed: { name: string; next: string },
  errors: readonly FieldError[],
): Html {
  const { language } = visit
  return html`<p>${say(language, 'first-why')}</p>
${mistakes(visit, errors)}
<form method="post" action="/people/first" novalidate>${hiddenToken(visit)}<input type="hidden" name="next" value="${typed.next}">
<div class="field"><label for="code">${say(language, 'first-code')}</label>
<input class="huge" id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" required maxlength="20"${described(errors, 'code', true)}>
${errorAt(errors, 'code')}<p class="help" id="code-help">${say(language, 'first-code-help')}</p></div>
${newPersonFields(visit, typed.name, errors)}
<p class="big"><button>${say(language, 'person-add')}</button></p></form>`
}

/** Who may write here; each may add another, remove another, and change the own PIN. */
export function peopleContent(
  visit: Visit,
  people: People,
  input: { name: string; done: string },
  errors: readonly FieldError[],
): Html {
  const { language, person } = visit
  return html`${input.done && note('good', input.done)}${mistakes(visit, errors)}
<section aria-labelledby="list"><h2 id="list">${say(language, 'people-list')}</h2>
<ul class="plain people">${people
    .list()
    .map(
      (each) =>
        html`<li><span>${each.name}${each.id === person?.id && html` <span class="tag">${say(language, 'people-you')}</span>`}</span>${
          each.id !== person?.id &&
          html`<details><summary>${say(language, 'people-remove', { name: each.name })}</summary><form method="post" action="/people/remove">${hiddenToken(visit)}<input type="hidden" name="who" value="${each.id}"><p>${say(language, 'people-remove-sure', { name: each.name })}</p><button class="danger">${say(language, 'people-remove', { name: each.name })}</button></form></details>`
        }</li>`,
    )}</ul></section>
<section aria-labelledby="add"><h2 id="add">${say(language, 'people-add-title')}</h2>
<form method="post" action="/people/add" novalidate>${hiddenToken(visit)}${newPersonFields(visit, input.name, errors)}
<p class="big"><button>${say(language, 'person-add')}</button></p></form></section>
<section aria-labelledby="change"><h2 id="change">${say(language, 'people-change-title')}</h2>
<form method="post" action="/people/pin" novalidate>${hiddenToken(visit)}
${pinField(visit, { name: 'oldPin', label: 'people-old-pin', autocomplete: 'current-password' }, errors)}
${pinField(visit, { name: 'changedPin', label: 'person-pin', autocomplete: 'new-password' }, errors)}
${pinField(visit, { name: 'changedAgain', label: 'person-pin-again', autocomplete: 'new-password' }, errors)}
<p class="big"><button>${say(language, 'people-change')}</button></p></form></section>`
}

function newPersonFields(visit: Visit, name: string, errors: readonly FieldError[]): Html {
  const { language } = visit
  return html`<div class="field"><label for="name">${say(language, 'person-name')}</label>
<input id="name" name="name" autocomplete="off" required maxlength="60" value="${name}"${described(errors, 'name', true)}>
${errorAt(errors, 'name')}<p class="help" id="name-help">${say(language, 'person-name-help')}</p></div>
${pinField(visit, { name: 'newPin', label: 'person-pin', autocomplete: 'new-password' }, errors)}
${pinField(visit, { name: 'newAgain', label: 'person-pin-again', autocomplete: 'new-password' }, errors)}`
}

import { type Html, html, rawHtml } from '#contract/ground/html.ts'
import type { ModelLabelWords } from '#contract/wire/model-words.ts'
import type { FindingDetail } from '../insight/finding-detail.ts'
import { standingOf, type WordRefused } from '../insight/finding-word.ts'
import { theirs } from './app-frame.ts'
import { sayReview } from './finding-review-messages.ts'
import { cropText, labelText } from './finding-words.ts'
import { type FindingView, findingPath } from './findings-section.ts'

/** What stands in the form: what was typed and refused, else what was decided last. */
export interface FindingTyped {
  readonly decision: string
  /** `crop/key` of a choice. */
  readonly label: string
  readonly words: string
  readonly organism: string
  readonly note: string
  /** JSON. */
  readonly regions: string
  readonly isOnRecord: boolean
}

export type FormRefused = WordRefused | 'decision-missing' | 'note-too-long' | 'regions-malformed'

const WRONG = {
  'decision-missing': 'wrongDecision',
  'label-unknown': 'wrongLabel',
  'words-missing': 'wrongWords',
  'organism-unknown': 'wrongOrganism',
  'note-too-long': 'wrongNote',
  'regions-malformed': 'wrongRegions',
  'seen-is-old': 'wrongSeen',
  'nothing-to-confirm': 'wrongNothing',
} as const

export const MAX_WORDS = 100
export const MAX_NOTE = 500

/** Confirm, correct, or say what else it is; whole without script, but for drawing. */
export function findingForm(
  view: FindingView,
  csrf: string,
  detail: FindingDetail,
  refused: { readonly typed: FindingTyped; readonly why: FormRefused } | null,
): Html {
  const { language } = view
  const { finding, choices, history } = detail
  const typed = refused?.typed ?? typedBefore(detail)
  const verdict = finding.labels.find(({ label }) => label === finding.verdict)
  const confirmed = finding.verdict && (verdict ? labelText(language, finding, verdict) : finding.verdict)
  const hasMore = typed.organism !== '' || typed.note !== '' || typed.isOnRecord
  return html`<section class="card" aria-labelledby="decide"><h2 id="decide">${sayReview(language, history.length > 0 ? 'decideAgain' : 'decide')}</h2>
${history.length > 0 && html`<p class="quiet">${sayReview(language, 'decideAgainLead')}</p>`}
${refused && html`<p class="notice bad" role="alert" id="wrong"><strong>${sayReview(language, 'wrong')}.</strong> ${sayReview(language, WRONG[refused.why])}</p>`}
<form method="post" action="${findingPath(finding)}"><input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="seen" value="${standingOf(detail)}">
<fieldset class="answers"><legend class="visually-hidden">${sayReview(language, 'decide')}</legend>
${confirmed && radio('confirmed', typed, html`${confirmWords(view, confirmed)}`)}
${
  choices.length > 0 &&
  html`${radio('corrected', typed, html`${sayReview(language, 'correct')}`)}
<div class="answer-more"><label for="label">${sayReview(language, 'correctLabel')}</label>${labelChoice(view, choices, typed.label)}</div>`
}
${radio('other', typed, html`${sayReview(language, 'other')}`)}
<div class="answer-more"><label for="words">${sayReview(language, 'otherLabel')}</label><input id="words" name="words" maxlength="${MAX_WORDS}" autocomplete="off" value="${typed.words}"></div>
${radio('not-usable', typed, html`${sayReview(language, 'notUsable')}`)}</fieldset>
<input type="hidden" id="regions" name="regions" value="${typed.regions}">
<details ${hasMore && rawHtml('open')}><summary>${sayReview(language, 'more')}</summary><div class="fields">
<label for="organism">${sayReview(language, 'organism')}</label><p class="quiet" id="organism-help">${sayReview(language, 'organismHelp')}</p><input id="organism" name="organism" maxlength="200" autocomplete="off" aria-describedby="organism-help" value="${typed.organism}">
<label for="note">${sayReview(language, 'note')}</label><p class="quiet" id="note-help">${sayReview(language, 'noteHelp')}</p><textarea id="note" name="note" rows="3" maxlength="${MAX_NOTE}" aria-describedby="note-help">${typed.note}</textarea>
<label class="check"><input type="checkbox" name="record" value="1"${typed.isOnRecord && rawHtml(' checked')}> ${sayReview(language, 'onRecord')}</label></div></details>
<p><button class="button">${sayReview(language, 'save')}</button></p></form></section>`
}

function confirmWords({ language }: FindingView, label: string): Html {
  const [before = '', after = ''] = sayReview(language, 'confirm').split('{label}')
  return html`${before}<strong>${theirs(label)}</strong>${after}`
}

const radio = (decision: string, typed: FindingTyped, words: Html): Html =>
  html`<label class="check"><input type="radio" name="decision" value="${decision}" required${typed.decision === decision && rawHtml(' checked')}> <span>${words}</span></label>`

/** Grouped by crop, the finding's own first. */
const labelChoice = ({ language }: FindingView, choices: readonly ModelLabelWords[], chosen: string): Html =>
  html`<select id="label" name="label"><option value="">${sayReview(language, 'correctChoose')}</option>${[
    ...Map.groupBy(choices, ({ crop }) => crop),
  ].map(
    ([crop, labels]) =>
      html`<optgroup label="${cropText(language, crop)}">${labels.map((each) => {
        const value = `${each.crop}/${each.key}`
        return html`<option value="${value}"${value === chosen && rawHtml(' selected')}>${each[language]}</option>`
      })}</optgroup>`,
  )}</select>`

/** The decision that stands, to be changed; an unreviewed finding begins with no answer. */
function typedBefore({ history }: FindingDetail): FindingTyped {
  const [last] = history
  if (!last)
    return { decision: '', label: '', words: '', organism: '', note: '', regions: '[]', isOnRecord: false }
  const { decision, crop, label, vi, note, regions, eventId } = last
  return {
    decision,
    label: decision === 'corrected' ? `${crop}/${label}` : '',
    words: decision === 'other' ? vi : '',
    // An organism belongs to the label that it was said with: with another one it is said again.
    ...{ organism: '', note, regions: JSON.stringify(regions), isOnRecord: eventId !== '' },
  }
}

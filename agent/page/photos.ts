import { toHex } from '#contract/ground/bytes.ts'
import { type Html, html } from '#contract/ground/html.ts'
import { type FindingEntry, ORGANS, type Organ } from '#contract/wire/finding.ts'
import { heatPicture } from '#contract/wire/heat-picture.ts'
import { plantVerdict } from '#contract/wire/plant-verdict.ts'
import { hiddenToken, note } from './layout.ts'
import type { PlotCard } from './page-sources.ts'
import type { PhotoDoor } from './photo-door.ts'
import { type PhotoMessage, sayPhoto } from './photo-messages.ts'
import { detailsOf, wordOf } from './photo-verdict.ts'
import type { Visit } from './visit.ts'
import { ago, cropName, number } from './wording.ts'

/** The pages of photos: a form, what came of one photo, and the recent ones. */

export interface PhotoTyped {
  readonly plot: string
  readonly organ: Organ
}

export interface PhotosView {
  readonly door: PhotoDoor
  readonly plots: readonly PlotCard[]
  readonly recent: readonly FindingEntry[]
  readonly typed: PhotoTyped
  /** Why the last try was not kept. */
  readonly refused?: Html
}

const ORGAN: Record<Organ, PhotoMessage> = {
  stem: 'organ-stem',
  leaf: 'organ-leaf',
  fruit: 'organ-fruit',
  '': 'organ-any',
}

export function photosContent(visit: Visit, view: PhotosView): Html {
  const { language, person } = visit
  return html`${view.refused}
${hotNote(visit, view.door)}
<h2>${sayPhoto(language, 'form-title')}</h2><p>${sayPhoto(language, 'lead')}</p>
${person ? form(visit, view) : html`<p class="big"><a class="button" href="/sign-in?next=%2Fphotos">${sayPhoto(language, 'sign-in')}</a></p>`}
<h2>${sayPhoto(language, 'recent-title')}</h2>
${view.recent.some(({ model }) => model) && html`<p>${sayPhoto(language, 'verdict-more')}</p>`}
${view.recent.length === 0 ? note('info', sayPhoto(language, 'recent-none'), sayPhoto(language, 'recent-none-more')) : html`<ul class="photos">${view.recent.map((finding) => row(visit, view, finding))}</ul>`}`
}

function hotNote({ language }: Visit, { waiting }: PhotoDoor): Html | null {
  if (!waiting?.isTooHot) return null
  const figures = { temp: number(language, waiting.tempC ?? 0), count: String(waiting.photos) }
  return note('warning', sayPhoto(language, 'hot', figures), sayPhoto(language, 'hot-more'))
}

/** The file comes last in the form: what belongs to it has then been read before it. */
function form(visit: Visit, { plots, typed }: PhotosView): Html {
  const { language } = visit
  return html`<form method="post" action="/photos" enctype="multipart/form-data">${hiddenToken(visit)}
<div class="field"><label for="plot">${sayPhoto(language, 'plot')}</label><select id="plot" name="plot">
${plots.map((plot) => html`<option value="${plot.id}"${plot.id === typed.plot && html` selected`}>${plot.name} – ${cropName(language, plot.crop)}</option>`)}
<option value=""${typed.plot === '' && html` selected`}>${sayPhoto(language, 'no-plot')}</option></select></div>
<div class="field"><label for="organ">${sayPhoto(language, 'organ')}</label><select id="organ" name="organ">
${ORGANS.map((organ) => html`<option value="${organ}"${organ === typed.organ && html` selected`}>${sayPhoto(language, ORGAN[organ])}</option>`)}</select></div>
<div class="field"><label for="photo">${sayPhoto(language, 'photo')}</label>
<input type="file" id="photo" name="photo" accept="image/*" multiple required aria-describedby="photo-help">
<p class="help" id="photo-help">${sayPhoto(language, 'photo-help')}</p></div>
<p class="big"><button>${sayPhoto(language, 'send')}</button></p></form>`
}

/** What came of one photo. */
export function findingContent(
  visit: Visit,
  view: Pick<PhotosView, 'door' | 'plots'> & { readonly together: readonly FindingEntry[] },
  finding: FindingEntry,
  { isJustSaved, refused }: { readonly isJustSaved: boolean; readonly refused: number },
): Html {
  const { door, plots, together } = view
  const { language } = visit
  const { kind, what, todo } = wordOf(language, door, finding)
  const hash = toHex(finding.photo.sha256)
  const picture = door.photo(hash) ? hash : toHex(finding.photo.thumbnail.sha256)
  return html`${isJustSaved && note('good', sayPhoto(language, 'saved'))}
${refused > 0 && note('warning', sayPhoto(language, 'some-refused', { count: String(refused) }), sayPhoto(language, 'some-refused-more'))}
${together.length > 1 && plantSection(visit, view, finding)}
${note(kind, what, todo)}
<figure>${door.photo(picture) ? html`<img class="photo" src="/photos/file/${picture}" alt="${nameOf(visit, plots, finding)}">` : html`<p class="faint">${sayPhoto(language, 'photo-gone')}</p>`}
<figcaption>${nameOf(visit, plots, finding)} · ${sayPhoto(language, door.isHeld(finding) ? 'held' : 'waiting')}</figcaption></figure>
${door.photo(picture) && heatFigure(visit, finding, `/photos/file/${picture}`)}
${detailsOf(language, door, finding)}
<p class="big"><a class="button" href="/photos">${sayPhoto(language, isJustSaved ? 'another' : 'back')}</a></p>`
}

/** What several photos of one plant say together, and each of them. */
function plantSection(
  visit: Visit,
  view: Pick<PhotosView, 'door' | 'plots'> & { readonly together: readonly FindingEntry[] },
  shown: FindingEntry,
): Html {
  const { language } = visit
  const { door, together } = view
  const { verdict, abstained, labels } = plantVerdict(together)
  const shares = together.flatMap(({ lesionShare }) => lesionShare ?? [])
  const whole = {
    ...{ ...shown, verdict, abstained, labels },
    model: together.find(({ model }) => model)?.model ?? null,
    lesionShare: shares.length > 0 ? Math.max(...shares) : null,
  }
  const { kind, what, todo } = wordOf(language, door, whole)
  return html`<h2>${sayPhoto(language, 'plant-title', { count: String(together.length) })}</h2>
${note(kind, what, todo)}
<ul class="photos">${together.map((each) => row(visit, view, each))}</ul>
<h2>${sayPhoto(language, 'this-photo')}</h2>`
}

/** Below the photo as it is: what is under the colour must be seen, too. */
function heatFigure({ language }: Visit, { heat, photo }: FindingEntry, src: string): Html | null {
  if (!heat) return null
  const { widthPx, heightPx } = photo
  const caption = sayPhoto(language, 'heat')
  const picture = heatPicture({ heat, widthPx, heightPx, src, caption, id: 'soft', className: 'photo' })
  return picture && html`<figure>${picture}<figcaption>${caption}</figcaption></figure>`
}

function row(visit: Visit, { door, plots }: Pick<PhotosView, 'door' | 'plots'>, finding: FindingEntry): Html {
  const { language } = visit
  const thumbnail = toHex(finding.photo.thumbnail.sha256)
  const name = nameOf(visit, plots, finding)
  return html`<li><a href="/photos/${finding.findingId}">${door.photo(thumbnail) && html`<img src="/photos/file/${thumbnail}" alt="" width="96" loading="lazy">`}<span>${name}<br><span class="faint">${wordOf(language, door, finding).what}</span></span></a></li>`
}

function nameOf({ language, nowMs }: Visit, plots: readonly PlotCard[], finding: FindingEntry): string {
  const plot = plots.find((each) => each.id === finding.plot)
  const crop = finding.crop && cropName(language, finding.crop)
  const organ = finding.organ === '' ? '' : sayPhoto(language, ORGAN[finding.organ])
  const where = [plot?.name ?? finding.plot, crop, organ].filter(Boolean).join(', ')
  return sayPhoto(language, 'photo-of', { where, age: ago(language, nowMs - finding.at) }).replace(' ,', ',')
}

import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { alarmSentence } from './alarm-sentence.ts'
import { hiddenToken, note } from './layout.ts'
import { say } from './messages.ts'
import { sayOrchard } from './orchard-messages.ts'
import type { AlarmCard, BoxOverview, DeviceCard, ReadingCard } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { ago, lasting, quantityName, timeOfDay, valueWithUnit } from './wording.ts'

/** What matters now: alarms, what hinders the box, then every reading by place and device with its age. */
export function homeContent(
  visit: Visit,
  overview: BoxOverview,
  damagedPeopleFile: string | null,
  nameOf: (person: string) => string | undefined = () => undefined,
): Html {
  const { language, nowMs, timeZone } = visit
  // Parts that come and go have a place of their own: what stands below them stays the same element.
  return html`<div>${notes(language, overview, damagedPeopleFile)}</div>
<div>${testSeen(visit, overview)}${alarms(visit, overview, nameOf)}</div>
<p class="big"><a class="button" href="/harvest">${say(language, 'harvest-title')}</a></p>
<p class="big"><a class="button quiet" href="/orchard">${sayOrchard(language, 'title')}</a></p>
<section aria-labelledby="readings"><h2 id="readings">${say(language, 'readings-now')}</h2>
${
  overview.devices.length === 0
    ? note('info', say(language, 'readings-none'), say(language, 'readings-none-more'))
    : byPlace(overview.devices).map(
        ([place, devices]) =>
          html`<section class="place"><h3>${place || say(language, 'no-place')}</h3><div class="cards">${devices.map((device) => deviceCard(visit, device))}</div></section>`,
      )
}</section>
${marksExplained(language, overview.devices)}
<p class="faint">${say(language, 'time-of-page', { time: timeOfDay(timeZone, nowMs) })}</p>`
}

function notes(language: Language, overview: BoxOverview, damagedPeopleFile: string | null): Html {
  return html`${
    damagedPeopleFile !== null &&
    note(
      'critical',
      say(language, 'note-people-damaged'),
      say(language, 'note-people-damaged-more', { path: damagedPeopleFile }),
    )
  }${
    overview.journal.setAside !== null &&
    note(
      'warning',
      say(language, 'note-set-aside'),
      say(language, 'kept-set-aside-more', { path: overview.journal.setAside }),
    )
  }${
    overview.clock === 'unknown' &&
    note('warning', say(language, 'note-clock'), say(language, 'note-clock-more'))
  }${overview.farm === null && note('info', say(language, 'note-unclaimed'), say(language, 'note-unclaimed-more'))}`
}

/** For a while after somebody tried the page as a channel. */
function testSeen({ language, nowMs }: Visit, { testedAt }: BoxOverview): Html | false {
  const ageMs = nowMs - (testedAt ?? Number.NEGATIVE_INFINITY)
  return ageMs < TEST_SHOWN_MS && note('info', say(language, 'alarm-test', { age: ago(language, ageMs) }))
}

const TEST_SHOWN_MS = 600_000

/** Who has seen an alarm, or the button to say so. */
function seen(visit: Visit, alarm: AlarmCard, nameOf: (person: string) => string | undefined): Html {
  const { language, nowMs, person } = visit
  if (alarm.acknowledged) {
    const { at, person: id } = alarm.acknowledged
    const name = nameOf(id)
    const age = ago(language, nowMs - at)
    return html`<p class="faint">${name === undefined ? say(language, 'alarm-acknowledged-by-one', { age }) : say(language, 'alarm-acknowledged', { name, age })}</p>`
  }
  if (!person)
    return html`<p><a class="button quiet" href="/sign-in?next=/">${say(language, 'alarm-acknowledge-sign-in')}</a></p>`
  return html`<form method="post" action="/alarms/${alarm.alarmId}/acknowledge">${hiddenToken(visit)}<button class="quiet">${say(language, 'alarm-acknowledge')}</button></form>`
}

function alarms(visit: Visit, overview: BoxOverview, nameOf: (person: string) => string | undefined): Html {
  const { language, nowMs } = visit
  if (overview.alarms.length === 0) {
    const hasDevices = overview.devices.length > 0
    return note(
      hasDevices ? 'good' : 'info',
      say(language, 'alarms-none'),
      say(language, hasDevices ? 'alarms-none-more' : 'alarms-none-nothing'),
    )
  }
  return html`<section aria-labelledby="alarms"><h2 id="alarms" aria-live="polite">${say(language, 'alarms-open', { count: overview.alarms.length })}</h2>
<ul class="plain">${overview.alarms.map((alarm) => {
    const { what, now, todo, seriesNo } = alarmSentence(language, alarm, overview, nowMs)
    return html`<li class="note ${alarm.severity}"><p class="what"><span class="tag">${say(language, `severity-${alarm.severity}`)}</span> ${what}</p>
${now && html`<p>${now}</p>`}${todo && html`<p>${todo}</p>`}
<p class="faint">${alarm.name !== alarm.device && html`${alarm.name} · `}${say(language, 'alarm-raised', { age: ago(language, nowMs - alarm.raisedAt) })}</p>
${seriesNo !== null && html`<p><a class="button quiet" href="/series/${seriesNo}">${say(language, 'show-chart', { name: quantityName(language, alarm.quantity) })}</a></p>`}
${seen(visit, alarm, nameOf)}</li>`
  })}</ul></section>`
}

function deviceCard(visit: Visit, device: DeviceCard): Html {
  const { language } = visit
  const todo = statusAdvice(visit, device)
  return html`<section class="card"><h4>${device.name} ${statusTag(language, device)}</h4>
${todo && html`<p class="todo">${todo}</p>`}
${
  device.readings.length > 0
    ? html`<ul class="plain readings">${device.readings.map((reading) => readingRow(visit, device, reading))}</ul>`
    : device.status !== 'never' && html`<p class="faint">${say(language, 'no-readings-yet')}</p>`
}</section>`
}

function readingRow(visit: Visit, device: DeviceCard, reading: ReadingCard): Html {
  const { language, nowMs } = visit
  const isOld =
    device.status === 'silent' || (device.everyMs !== null && nowMs - reading.t > device.everyMs * 5)
  return html`<li${isOld && html` class="old"`}><a href="/series/${reading.seriesNo}"><span class="quantity">${readingName(language, reading)}</span>
<span class="value">${valueWithUnit(language, reading.quantity, reading.value, reading.unit)}</span>
<span class="age">${ago(language, nowMs - reading.t)}${isOld && html` · ${say(language, 'old-value')}`}${marksOf(reading.quality).map((mark) => html` <span class="tag doubt">${say(language, `mark-${mark}`)}</span>`)}</span></a></li>`
}

export const readingName = (
  language: Language,
  reading: Pick<ReadingCard, 'quantity' | 'channel'>,
): string =>
  reading.channel
    ? `${quantityName(language, reading.quantity)} (${reading.channel})`
    : quantityName(language, reading.quantity)

export const statusTag = (language: Language, { status }: DeviceCard): Html =>
  html`<span class="tag ${status}">${say(language, `status-${status}`)}</span>`

/** What to do about a device that does not send as it should; null while it does. */
export function statusAdvice({ language, nowMs }: Visit, device: DeviceCard): string | null {
  const age = device.lastHeardAt === null ? '' : ago(language, nowMs - device.lastHeardAt)
  switch (device.status) {
    case 'fresh':
      return null
    case 'late':
      return device.everyMs === null
        ? say(language, 'do-late-unknown', { age })
        : say(language, 'do-late', { every: lasting(language, device.everyMs), age })
    case 'silent':
      return age === '' ? say(language, 'do-never') : say(language, 'do-silent', { age })
    case 'never':
      return say(language, 'do-never')
  }
}

export function byPlace(devices: readonly DeviceCard[]): [place: string, devices: DeviceCard[]][] {
  const places = new Map<string, DeviceCard[]>()
  for (const device of devices) {
    const there = places.get(device.place)
    if (there) there.push(device)
    else places.set(device.place, [device])
  }
  // What has no place comes last: mostly the box's own figures.
  return [...places].sort(([a], [b]) => Number(a === '') - Number(b === ''))
}

const MARKS = [
  [QUALITY.outOfRange, 'out-of-range'],
  [QUALITY.estimated, 'estimated'],
  [QUALITY.historical, 'historical'],
  [QUALITY.fromMarked, 'from-marked'],
  [QUALITY.spike, 'spike'],
  [QUALITY.stuck, 'stuck'],
  [QUALITY.doubted, 'doubted'],
] as const
const KNOWN_FLAGS = MARKS.reduce((all, [flag]) => all | flag, 0)

type Mark = (typeof MARKS)[number][1] | 'other'

export function marksOf(quality: number): Mark[] {
  const known = MARKS.filter(([flag]) => (quality & flag) !== 0).map(([, mark]) => mark)
  return (quality & ~KNOWN_FLAGS) === 0 ? known : [...known, 'other']
}

/** Only the marks that stand on this page. */
export function marksExplained(language: Language, devices: readonly DeviceCard[]): Html | false {
  const seen = new Set(
    devices.flatMap((device) => device.readings.flatMap((reading) => marksOf(reading.quality))),
  )
  return (
    seen.size > 0 &&
    html`<section class="marks" aria-labelledby="marks"><h2 id="marks">${say(language, 'marks-title')}</h2><dl>${[
      ...seen,
    ].map(
      (mark) =>
        html`<div><dt><span class="tag doubt">${say(language, `mark-${mark}`)}</span></dt><dd>${say(language, `mark-${mark}-more`)}</dd></div>`,
    )}</dl></section>`
  )
}

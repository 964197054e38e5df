import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import { note } from './layout.ts'
import { type MessageKey, say } from './messages.ts'
import type { BoxOverview, BudgetCard, JournalCard, UplinkCard } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { ago, bytes, lasting, number } from './wording.ts'

/** What the box keeps and what waits to be sent, in plain words first, figures after. */
export function keepingContent(visit: Visit, overview: BoxOverview): Html {
  const { language } = visit
  const { journal, uplink } = overview
  const { kind, sentence } = sendingSentence(visit, overview)
  return html`<section aria-labelledby="sending"><h2 id="sending">${say(language, 'sending-title')}</h2>
${note(kind, sentence)}
${uplink && uplinkFacts(visit, uplink)}</section>
<section aria-labelledby="kept"><h2 id="kept">${say(language, 'kept-title')}</h2>
${journal.setAside !== null && note('warning', say(language, 'note-set-aside'), say(language, 'kept-set-aside-more', { path: journal.setAside }))}
${keptFacts(language, journal)}
${journal.lanes.length > 0 && lanesTable(language, journal)}</section>`
}

export function sendingSentence(
  visit: Visit,
  { journal, uplink }: BoxOverview,
): { kind: 'good' | 'info' | 'warning' | 'critical'; sentence: string } {
  const { language, nowMs } = visit
  const { what, oldestT } = waitingOf(language, journal)
  const facts = {
    what: what ?? '',
    age: oldestT === null ? say(language, 'age-unknown') : ago(language, nowMs - oldestT),
  }
  const withRest = (sentence: string) =>
    what === null ? sentence : `${sentence} ${say(language, 'sent-left', facts)}`
  if (uplink === null) return { kind: 'info', sentence: withRest(say(language, 'sent-unclaimed')) }
  const isFull = journal.sizeBytes >= journal.quotaBytes
  switch (uplink.phase) {
    case 'refused':
    case 'suspended':
      return { kind: 'critical', sentence: withRest(say(language, `sent-${uplink.phase}`)) }
    case 'stopped':
      return { kind: 'warning', sentence: withRest(say(language, 'sent-stopped')) }
    case 'starting':
    case 'waiting':
      if (what === null) return { kind: 'info', sentence: say(language, 'sent-waiting-nothing') }
      return isFull
        ? { kind: 'critical', sentence: say(language, 'sent-waiting-full', facts) }
        : { kind: 'warning', sentence: say(language, 'sent-waiting', facts) }
    case 'sending':
    case 'idle':
      if (what === null) return { kind: 'good', sentence: say(language, 'sent-all') }
      if (uplink.budget?.readings) {
        const { reason, until } = uplink.budget.readings
        const wait = lasting(language, until - nowMs)
        return { kind: 'info', sentence: withRest(say(language, `sent-held-${reason}`, { wait })) }
      }
      return {
        kind: 'good',
        sentence: say(language, uplink.phase === 'idle' ? 'sent-soon' : 'sent-now', facts),
      }
  }
}

/** "1.240 số đo và 3 mục sổ"; null when nothing waits. */
function waitingOf(
  language: Language,
  journal: JournalCard,
): { what: string | null; oldestT: number | null } {
  const waiting = journal.lanes.map((lane) => ({
    ...lane,
    count: Math.max(0, lane.lastSeq - lane.durableThrough),
  }))
  const order = ['reading', 'record', 'finding'] as const
  const parts = order.flatMap((name) => {
    const count = waiting.find(({ lane }) => lane === name)?.count ?? 0
    if (count === 0) return []
    return [
      count === 1
        ? say(language, `what-${name}`)
        : say(language, `what-${name}s`, { count: number(language, count) }),
    ]
  })
  const times = waiting.flatMap(({ count, oldestUnsentT }) =>
    count > 0 && oldestUnsentT !== null ? [oldestUnsentT] : [],
  )
  return {
    what: parts.length > 0 ? parts.join(say(language, 'what-and')) : null,
    oldestT: times.length > 0 ? Math.min(...times) : null,
  }
}

function uplinkFacts({ language, nowMs }: Visit, uplink: UplinkCard): Html {
  return html`${uplink.lastError && lastError(language, nowMs, uplink.lastError)}
${facts([
  [say(language, 'uplink-gateway'), uplink.gateway],
  [
    say(language, 'uplink-last-ok'),
    uplink.lastOkAt === null ? say(language, 'uplink-never') : ago(language, nowMs - uplink.lastOkAt),
  ],
  [
    say(language, 'uplink-sent'),
    say(language, 'uplink-sent-value', {
      batches: number(language, uplink.sentBatches),
      size: bytes(language, uplink.sentBytes),
    }),
  ],
  ...(uplink.budget ? budgetRows(language, nowMs, uplink.budget) : []),
  uplink.failures > 0 && [
    say(language, 'uplink-failures'),
    say(language, 'uplink-times', { count: number(language, uplink.failures) }),
  ],
])}`
}

function budgetRows(language: Language, nowMs: number, budget: BudgetCard): FactRow[] {
  const spent = (used: number, limit: number | null): string =>
    limit === null
      ? say(language, 'uplink-spent-value', { size: bytes(language, used) })
      : say(language, 'uplink-spent-of', {
          size: bytes(language, used),
          limit: bytes(language, limit),
          percent: number(language, (used / limit) * 100),
        })
  return [
    [say(language, 'uplink-spent'), spent(budget.dayBytes, budget.dayLimitBytes)],
    budget.hourLimitBytes !== null && [
      say(language, 'uplink-hour'),
      spent(budget.hourBytes, budget.hourLimitBytes),
    ],
    budget.photos !== null && [
      say(language, 'uplink-photos'),
      say(language, 'uplink-photos-held', { wait: lasting(language, budget.photos.until - nowMs) }),
    ],
  ]
}

// Several codes are one thing to a person at the box.
const ERROR_SENTENCES: Readonly<Record<string, string>> = {
  'link-down': 'link-down',
  'too-many-requests': 'link-down',
  'link-refused': 'link-refused',
  'agent-unknown': 'agent-unknown',
  'session-required': 'agent-unknown',
  'agent-suspended': 'agent-suspended',
  'batch-equivocation': 'agent-suspended',
  'signature-wrong': 'signature-wrong',
  'key-unknown-yet': 'key-unknown-yet',
  'key-retired': 'key-retired',
  'epoch-over': 'key-retired',
  'key-revoked': 'key-revoked',
}

/** In the person's language by its code; what the program itself says stands below, for the technician. */
function lastError(language: Language, nowMs: number, error: NonNullable<UplinkCard['lastError']>): Html {
  const key = (Object.hasOwn(ERROR_SENTENCES, error.code) && ERROR_SENTENCES[error.code]) || 'other'
  return html`<div class="note info"><p class="faint">${say(language, 'uplink-error', { age: ago(language, nowMs - error.at) })}</p>
<p class="what">${say(language, `error-${key}` as MessageKey)}</p><p>${say(language, `error-${key}-do` as MessageKey)}</p>
<p class="faint detail">${say(language, 'fault-detail', { detail: '' })}<span lang="en"><code>${error.code}</code> ${error.sentence} ${error.hint}</span></p></div>`
}

function keptFacts(language: Language, journal: JournalCard): Html {
  const percent = journal.quotaBytes > 0 ? (journal.sizeBytes / journal.quotaBytes) * 100 : 100
  return facts([
    [say(language, 'kept-readings'), number(language, journal.readings)],
    [
      say(language, 'kept-room'),
      say(language, 'kept-room-value', {
        size: bytes(language, journal.sizeBytes),
        quota: bytes(language, journal.quotaBytes),
        percent: number(language, percent, percent > 0 && percent < 10 ? 1 : 0),
      }),
    ],
    [
      say(language, 'kept-window'),
      journal.lossWindowMs === 0
        ? say(language, 'kept-window-zero')
        : say(language, 'kept-window-value', { window: lasting(language, journal.lossWindowMs) }),
    ],
    [
      say(language, 'kept-commit'),
      say(language, 'kept-commit-value', {
        ms: number(language, journal.lastCommitMs, journal.lastCommitMs < 10 ? 1 : 0),
      }),
    ],
  ])
}

type FactRow = readonly [name: string, value: string] | false

const facts = (rows: readonly FactRow[]): Html =>
  html`<dl class="facts">${rows.map((row) => row !== false && html`<div><dt>${row[0]}</dt><dd>${row[1]}</dd></div>`)}</dl>`

function lanesTable(language: Language, journal: JournalCard): Html {
  return html`<h3 id="lanes">${say(language, 'lanes-title')}</h3>
<div class="scroll" role="region" tabindex="0" aria-labelledby="lanes"><table><thead><tr>${(['col-lane', 'col-written', 'col-held', 'col-waiting'] as const).map((key) => html`<th scope="col">${say(language, key)}</th>`)}</tr></thead><tbody>${journal.lanes.map(
    (lane) =>
      html`<tr><th scope="row">${say(language, `lane-${lane.lane}`)}</th>${[lane.lastSeq, lane.durableThrough, Math.max(0, lane.lastSeq - lane.durableThrough)].map((count) => html`<td>${number(language, count)}</td>`)}</tr>`,
  )}</tbody></table></div>`
}

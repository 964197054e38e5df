import { type Html, html } from '#contract/ground/html.ts'
import type { Language } from '#contract/ground/messages.ts'
import type { ChainFaultCard, FarmDetail } from '../insight/answers.ts'
import { sayChain } from './chain-messages.ts'

/** What does not hold in the chains of signed events of a farm's boxes, what that means, and what to do. */
export function chainNotice(language: Language, boxes: FarmDetail['boxes']): Html | null {
  const faulty = boxes.filter(({ trust }) => trust.chainFaults.length > 0)
  if (faulty.length === 0) return null
  // What fills by itself is told, and alarms nobody.
  const isOnlyLate = (faults: readonly ChainFaultCard[]) => faults.every(({ mayStillCome }) => mayStillCome)
  const isAlarm = faulty.some(({ trust }) => !isOnlyLate(trust.chainFaults))
  return html`<div class="notice ${isAlarm ? 'bad' : ''}">
${faulty.map(
  ({ boxCode: code, trust: { chainFaults } }) =>
    html`<p><strong>${sayChain(language, isOnlyLate(chainFaults) ? 'titleComing' : 'title', { code })}</strong></p>
<ul>${chainFaults.map((fault) => html`<li>${faultSentence(language, fault)}</li>`)}</ul>`,
)}
${isAlarm ? html`<p>${sayChain(language, 'means')}</p><p>${sayChain(language, 'todo')}</p>` : null}</div>`
}

function faultSentence(language: Language, { kind, count, eventNos, mayStillCome }: ChainFaultCard): string {
  const runs = eventNos.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`))
  const shown = eventNos.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  const numbers = [...runs, ...(count > shown ? ['…'] : [])].join(', ')
  return sayChain(language, mayStillCome ? 'missingYet' : kind, { numbers })
}

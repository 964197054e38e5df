import { type Html, html } from '#contract/ground/html.ts'
import { faultSentence } from './fault-messages.ts'
import { byPlace, statusAdvice, statusTag } from './home.ts'
import { note } from './layout.ts'
import { type MessageKey, say } from './messages.ts'
import type { BoxOverview, BusCard, DeviceCard, FaultCount } from './page-sources.ts'
import type { Visit } from './visit.ts'
import { ago, lasting, number } from './wording.ts'

/** Every device and connection with its faults: what each means and what to do. */
export function devicesContent(visit: Visit, overview: BoxOverview): Html {
  const { language } = visit
  return html`${
    overview.devices.length === 0
      ? note('info', say(language, 'devices-none'), say(language, 'devices-none-more'))
      : byPlace(overview.devices).map(
          ([place, devices]) =>
            html`<section class="place"><h2>${place || say(language, 'no-place')}</h2><div class="cards">${devices.map((device) => deviceHealth(visit, device))}</div></section>`,
        )
  }
<section aria-labelledby="buses"><h2 id="buses">${say(language, 'buses-title')}</h2>${
    overview.buses.length === 0
      ? html`<p>${say(language, 'buses-none')}</p>`
      : html`<div class="cards">${overview.buses.map((bus) => busHealth(visit, bus))}</div>`
  }</section>`
}

function deviceHealth(visit: Visit, device: DeviceCard): Html {
  const { language, nowMs } = visit
  const facts = [
    device.bus && say(language, 'on-bus', { bus: device.bus }),
    device.everyMs !== null && say(language, 'every-time', { every: lasting(language, device.everyMs) }),
    device.lastHeardAt !== null &&
      say(language, 'heard-last', { age: ago(language, nowMs - device.lastHeardAt) }),
  ].filter(Boolean)
  const todo = statusAdvice(visit, device)
  return html`<section class="card"><h3>${device.name} ${statusTag(language, device)}</h3>
<p class="faint">${facts.join(' · ')}</p>
${todo && html`<p class="todo">${todo}</p>`}
${faultList(visit, device.faults)}</section>`
}

function busHealth(visit: Visit, bus: BusCard): Html {
  const { language, nowMs } = visit
  const key = `bus-${bus.kind}` as MessageKey
  const kind = BUS_KINDS.has(bus.kind) ? say(language, key) : say(language, 'bus-other', { kind: bus.kind })
  const state = say(language, bus.isUp ? 'bus-up' : 'bus-down')
  const todo = faultSentence(language, 'link-down').todo
  return html`<section class="card"><h3>${bus.name} <span class="tag ${bus.isUp ? 'fresh' : 'silent'}">${state}</span></h3>
<p class="faint">${kind} · ${say(language, 'bus-since', { state, age: ago(language, nowMs - bus.since) })}</p>
${!bus.isUp && html`<p class="todo">${todo}</p>`}
${bus.detail && html`<p class="faint detail">${say(language, 'fault-detail', { detail: bus.detail })}</p>`}
${faultList(visit, bus.faults)}</section>`
}

const BUS_KINDS: ReadonlySet<string> = new Set(['serial', 'modbus-tcp', 'tcp-line', 'mqtt-broker', 'mqtt'])

/** Newest first; the code stands there too, for the phone call with the technician. */
function faultList({ language, nowMs }: Visit, faults: readonly FaultCount[]): Html {
  if (faults.length === 0) return html`<p class="faint">${say(language, 'faults-none')}</p>`
  return html`<ul class="plain faults">${faults
    .toSorted((a, b) => b.lastAt - a.lastAt)
    .map((fault) => {
      const { means, todo } = faultSentence(language, fault.code)
      return html`<li><p class="what">${means}</p><p>${todo}</p>
<p class="faint detail"><code>${fault.code}</code> · ${say(language, 'fault-count', { count: number(language, fault.count), age: ago(language, nowMs - fault.lastAt) })}${fault.detail && html`<br>${say(language, 'fault-detail', { detail: fault.detail.slice(0, 300) })}`}</p></li>`
    })}</ul>`
}

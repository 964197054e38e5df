/**
 * Keeps the page of now fresh without moving anything: the new fragment is laid over the old one node by node, so
 * that what did not change stays the same element, with its focus and its place on the screen.
 */
const EVERY_MS = 10_000
const area = document.querySelector<HTMLElement>('[data-live]')
const lost = document.querySelector<HTMLElement>('[data-lost]')

async function refresh(): Promise<void> {
  if (!area || document.visibilityState !== 'visible') return
  let isThere = false
  try {
    const answer = await fetch(area.dataset['live'] ?? '', { signal: AbortSignal.timeout(8000) })
    // A PIN is asked for again (the session ended): the whole page has to say so.
    if (answer.redirected) return location.reload()
    isThere = answer.ok
    if (answer.ok) {
      // Inside a div, for a parser drops the white space that begins a body, and everything would shift by one.
      const text = `<div>${await answer.text()}</div>`
      const fresh = new DOMParser().parseFromString(text, 'text/html').body.firstElementChild
      if (fresh) overlay(area, fresh)
    }
  } catch {
    isThere = false
  }
  if (lost) lost.hidden = isThere
}

function overlay(old: Node, fresh: Node): void {
  const before = [...old.childNodes]
  const after = [...fresh.childNodes]
  after.forEach((wanted, index) => {
    const there = before[index]
    if (!there) old.appendChild(document.importNode(wanted, true))
    else if (there.nodeType !== wanted.nodeType || there.nodeName !== wanted.nodeName)
      old.replaceChild(document.importNode(wanted, true), there)
    else if (there instanceof Element && wanted instanceof Element) {
      takeAttributes(there, wanted)
      overlay(there, wanted)
    } else if (there.nodeValue !== wanted.nodeValue) there.nodeValue = wanted.nodeValue
  })
  for (const surplus of before.slice(after.length)) surplus.remove()
}

function takeAttributes(there: Element, wanted: Element): void {
  for (const { name } of [...there.attributes]) if (!wanted.hasAttribute(name)) there.removeAttribute(name)
  for (const { name, value } of wanted.attributes)
    if (there.getAttribute(name) !== value) there.setAttribute(name, value)
}

setInterval(refresh, EVERY_MS)
document.addEventListener('visibilitychange', refresh)

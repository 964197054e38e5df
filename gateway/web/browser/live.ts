import { type AgeWords, ageText } from './age.ts'

/**
 * Keeps a page that is left open true: ages grow, numbers are fetched again each minute. Without script the page
 * says the same, as of when it was loaded.
 */
const TICK_MS = 15_000
const REFRESH_MS = 60_000

const words = JSON.parse(document.body.dataset['ageWords'] ?? '{}') as AgeWords
// A phone's clock may be wrong; ages are counted on the server's.
const aheadMs = Date.now() - Number(document.body.dataset['now'])
const offline = document.getElementById('offline')

function tellAges(): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-age]')) {
    const text = ageText(words, Date.now() - aheadMs - Number(element.dataset['age']))
    if (element.textContent !== text) element.textContent = text
  }
}

async function refresh(): Promise<void> {
  const parts = document.querySelectorAll<HTMLElement>('[data-live]')
  if (parts.length === 0 || document.visibilityState !== 'visible') return
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'manual' })
    // Signed out meanwhile: the form is where this address leads now.
    if (answer.type === 'opaqueredirect') return location.reload()
    if (!answer.ok) throw new Error(String(answer.status))
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    for (const part of parts) {
      const next = fresh.getElementById(part.id)
      // What a person has the focus in, or has opened, stays as it is until they leave it.
      const isInUse = part.contains(document.activeElement) || part.querySelector('details[open]') !== null
      if (next && !isInUse) part.replaceChildren(...next.childNodes)
    }
    if (offline) offline.hidden = true
  } catch {
    if (offline) offline.hidden = false
  }
  tellAges()
}

setInterval(tellAges, TICK_MS)
setInterval(refresh, REFRESH_MS)
window.addEventListener('online', refresh)
window.addEventListener('offline', () => {
  if (offline) offline.hidden = false
})

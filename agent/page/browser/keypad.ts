/** Big keys for wet hands, and one tap that takes last time's mass. Without script the phone's own number keys do. */
for (const pad of document.querySelectorAll<HTMLElement>('[data-keypad]')) {
  const input = document.getElementById(pad.dataset['keypad'] ?? '')
  if (!(input instanceof HTMLInputElement)) continue
  pad.hidden = false
  // Else the phone's keyboard covers ours; a keyboard that is plugged in still types.
  input.inputMode = 'none'
  pad.addEventListener('click', (event) => {
    const key = (event.target as HTMLElement).closest<HTMLElement>('[data-key]')?.dataset['key']
    if (key === undefined) return
    if (key === 'erase') input.value = input.value.slice(0, -1)
    else if (input.value.length < input.maxLength) input.value += key
  })
}

for (const proposal of document.querySelectorAll<HTMLElement>('[data-fill]'))
  proposal.addEventListener('click', () => {
    const input = document.getElementById(proposal.dataset['fill'] ?? '')
    if (input instanceof HTMLInputElement) input.value = proposal.dataset['value'] ?? ''
  })

// One tap, one request: the box would find the second one out, but the person should see that it works.
for (const form of document.querySelectorAll('form'))
  form.addEventListener('submit', () => {
    const button = form.querySelector<HTMLButtonElement>('button:not([type=button])')
    if (button) setTimeout(() => (button.disabled = true))
  })
// A page that comes back from the browser's memory must be usable again.
addEventListener('pageshow', () => {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button')) button.disabled = false
})

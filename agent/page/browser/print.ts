/** Shows the button that opens the print dialog; without script a sentence points at the browser's menu. */
for (const button of document.querySelectorAll<HTMLElement>('[data-print]')) {
  button.hidden = false
  button.addEventListener('click', () => print())
}
for (const sentence of document.querySelectorAll<HTMLElement>('[data-print-menu]')) sentence.hidden = true

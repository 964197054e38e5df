import { drawRegions } from './draw-regions.ts'

/** The page of one finding: drawing, and the answer that a label or a word belongs to is chosen with it. */
drawRegions()

const BELONGS_TO = { label: 'corrected', words: 'other' }

for (const [id, decision] of Object.entries(BELONGS_TO))
  document.getElementById(id)?.addEventListener('input', (event) => {
    const answer = document.querySelector<HTMLInputElement>(`input[name="decision"][value="${decision}"]`)
    if (answer && (event.target as HTMLInputElement).value !== '') answer.checked = true
  })

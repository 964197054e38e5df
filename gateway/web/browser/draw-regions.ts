/**
 * Boxes and polygons drawn on the photo of a finding, by finger, pen or mouse. What is drawn stands in the form's hidden
 * field as shares of the photo's width and height; without script the form saves what was there before.
 */
type Point = [x: number, y: number]
interface Region {
  readonly shape: 'box' | 'polygon'
  readonly points: Point[]
}

const SVG = 'http://www.w3.org/2000/svg'
// In pixels of the screen: a finger that touches the first corner again closes the polygon.
const CLOSES_WITHIN_PX = 18
// A tap is no box.
const SMALLEST_SHARE = 0.01

export function drawRegions(): void {
  const drawing = document.querySelector<SVGSVGElement>('#drawing')
  const field = document.querySelector<HTMLInputElement>('#regions')
  const tools = document.getElementById('draw-tools')
  const count = document.getElementById('drawn')
  if (drawing && field && tools && count) begin(drawing, field, tools, count)
}

function begin(
  drawing: SVGSVGElement,
  field: HTMLInputElement,
  tools: HTMLElement,
  count: HTMLElement,
): void {
  const { width, height } = drawing.viewBox.baseVal
  const maxRegions = Number(tools.dataset['maxRegions'])
  const maxPoints = Number(tools.dataset['maxPoints'])
  const regions = JSON.parse(field.value || '[]') as Region[]
  let tool: Region['shape'] | null = null
  let draft: Region | null = null
  tools.hidden = false
  show()

  for (const button of tools.querySelectorAll<HTMLButtonElement>('[data-tool]'))
    button.addEventListener('click', () => {
      const named = button.dataset['tool'] as Region['shape']
      choose(tool === named ? null : named)
    })
  const acts: Readonly<Record<string, () => void>> = {
    close,
    undo() {
      if (draft) draft = null
      else regions.pop()
    },
    clear() {
      draft = null
      regions.length = 0
    },
  }
  for (const button of tools.querySelectorAll<HTMLButtonElement>('[data-act]'))
    button.addEventListener('click', () => {
      acts[button.dataset['act'] ?? '']?.()
      show()
    })

  drawing.addEventListener('pointerdown', (event) => {
    if (tool === null || event.button !== 0) return
    event.preventDefault()
    if (regions.length >= maxRegions || pointsUsed() + 2 > maxPoints) return
    const at = pointOf(event)
    if (tool === 'box') {
      drawing.setPointerCapture(event.pointerId)
      draft = { shape: 'box', points: [at, at] }
    } else if (draft && draft.points.length >= 3 && isNear(draft.points[0] as Point, event)) close()
    else draft = { shape: 'polygon', points: [...(draft?.points ?? []), at] }
    show()
  })
  drawing.addEventListener('pointermove', (event) => {
    if (draft?.shape !== 'box') return
    draft = { shape: 'box', points: [draft.points[0] as Point, pointOf(event)] }
    show()
  })
  drawing.addEventListener('pointerup', () => {
    if (draft?.shape !== 'box') return
    const [[x0, y0], [x1, y1]] = draft.points as [Point, Point]
    if (Math.abs(x1 - x0) >= SMALLEST_SHARE && Math.abs(y1 - y0) >= SMALLEST_SHARE) regions.push(draft)
    draft = null
    show()
  })
  // The page took the finger for scrolling, or a call came in.
  drawing.addEventListener('pointercancel', () => {
    if (draft?.shape === 'box') draft = null
    show()
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !draft) return
    draft = null
    show()
  })
  // A polygon that was not closed is meant all the same.
  field.form?.addEventListener('submit', close)

  function choose(next: Region['shape'] | null): void {
    close()
    tool = next
    for (const button of tools.querySelectorAll('[data-tool]'))
      button.setAttribute('aria-pressed', String(button.getAttribute('data-tool') === next))
    drawing.classList.toggle('drawing', next !== null)
    show()
  }

  function close(): void {
    if (draft?.shape === 'polygon' && draft.points.length >= 3) regions.push(draft)
    draft = null
    show()
  }

  function pointsUsed(): number {
    return [...regions, ...(draft ? [draft] : [])].reduce((sum, { points }) => sum + points.length, 0)
  }

  function pointOf(event: PointerEvent): Point {
    const box = drawing.getBoundingClientRect()
    const share = (value: number): number => Number(Math.min(1, Math.max(0, value)).toFixed(4))
    return [share((event.clientX - box.left) / box.width), share((event.clientY - box.top) / box.height)]
  }

  function isNear([x, y]: Point, event: PointerEvent): boolean {
    const box = drawing.getBoundingClientRect()
    const [dx, dy] = [event.clientX - box.left - x * box.width, event.clientY - box.top - y * box.height]
    return Math.hypot(dx, dy) <= CLOSES_WITHIN_PX
  }

  function show(): void {
    field.value = JSON.stringify(regions)
    count.textContent = (tools.dataset['count'] ?? '').replace('{count}', String(regions.length))
    drawing.replaceChildren(
      ...regions.map((region) => shapeOf(region, region.shape === 'box' ? 'rect' : 'polygon')),
      ...(draft ? [shapeOf(draft, draft.shape === 'box' ? 'rect' : 'polyline')] : []),
      ...(draft?.shape === 'polygon' ? draft.points.map(cornerOf) : []),
    )
  }

  function shapeOf({ points }: Region, name: 'rect' | 'polygon' | 'polyline'): SVGElement {
    const element = document.createElementNS(SVG, name)
    const inPx = points.map(([x, y]) => [Math.round(x * width), Math.round(y * height)] as const)
    const [first, second] = inPx
    const facts =
      name === 'rect' && first && second
        ? {
            x: Math.min(first[0], second[0]),
            y: Math.min(first[1], second[1]),
            width: Math.abs(second[0] - first[0]),
            height: Math.abs(second[1] - first[1]),
          }
        : { points: inPx.map((point) => point.join(',')).join(' ') }
    for (const [key, value] of Object.entries(facts)) element.setAttribute(key, String(value))
    return element
  }

  function cornerOf([x, y]: Point): SVGElement {
    const corner = document.createElementNS(SVG, 'circle')
    const facts = { cx: x * width, cy: y * height, r: Math.max(width, height) / 120 }
    for (const [key, value] of Object.entries(facts)) corner.setAttribute(key, String(value))
    return corner
  }
}

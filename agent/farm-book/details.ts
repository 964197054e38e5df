import { isCset82, isGln, isGtin } from '#contract/trace/digital-link.ts'
import { MAX_PHI_DAYS } from '#contract/trace/pre-harvest.ts'
import { isSscc } from '#contract/trace/sscc.ts'
import {
  ACTIVITY_DETAILS,
  type ActivityType,
  type DetailShape,
  MAX_ACTIVITY_PHOTOS,
} from '#contract/wire/farm-book.ts'
import { Refusal } from './refusal.ts'

export type Details = Readonly<Record<string, string | number>>

/** Of these the rules ask everything: an entry that says too little is not taken. Of others it is kept, and shown as such. */
const STRICT: ReadonlySet<ActivityType> = new Set(['sprayed', 'tested', 'harvested', 'packed', 'dispatched'])

// As the province takes it (entry-shapes.ts there): what is longer would be counted as unknown.
const MAX_TEXT = 300
const MAX_DETAILS = 40

/** Lowest and highest of each unit; beyond it is a slip of the comma. Zero is none unless it is a count or a loss. */
const BOUNDS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  // Doses: a millilitre in a thousand litres, up to a tonne of lime on a hectare.
  '': [0.001, 100_000],
  ha: [0.0001, 10_000],
  // A tank wagon.
  l: [0.001, 1_000_000],
  'm³': [0.001, 100_000],
  // Half a metre of water at once floods an orchard.
  mm: [0.01, 500],
  // A truck carries thirty tonnes.
  kg: [0, 30_000],
  h: [0.01, 24],
  // Lights of fifty hectares in a night.
  kWh: [0, 100_000],
  min: [1, 2880],
  '%': [0, 100],
  d: [0, MAX_PHI_DAYS],
  '1': [0, 1_000_000],
}
const WHOLE: ReadonlySet<string> = new Set(['d', '1'])

/**
 * The details of an activity, clean: texts trimmed and composed, empty ones left out, numbers within what can be. A
 * detail that no list names is kept as it is. Throws Refusal with the field.
 */
export function checkedDetails(type: ActivityType, details: Details): Details {
  const shapes = ACTIVITY_DETAILS[type]
  const entries = Object.entries(details)
  if (entries.length > MAX_DETAILS)
    throw new Refusal('', 'too-many', `More than ${MAX_DETAILS} details.`, { count: MAX_DETAILS })
  const clean: Record<string, string | number> = {}
  for (const [name, value] of entries) {
    if (!/^[A-Za-z][A-Za-z0-9]{0,39}$/.test(name))
      throw new Refusal(name.slice(0, 40), 'unknown-detail', 'This is no name of a detail.')
    const shape: DetailShape = Object.hasOwn(shapes, name)
      ? (shapes[name] as DetailShape)
      : { is: typeof value === 'number' ? 'number' : 'text', unit: 'any' }
    const checked =
      shape.is === 'number' ? checkedNumber(name, value, shape) : checkedText(name, value, shape)
    if (checked !== '') clean[name] = checked
  }
  checkKeys(clean)
  if (STRICT.has(type)) {
    const [missing] = missingDetails(type, clean)
    if (missing !== undefined)
      throw new Refusal(missing, 'missing', `${missing} is missing; the rules ask for it.`)
  }
  return clean
}

/** What the rules ask for and the entry does not say. */
export const missingDetails = (type: ActivityType, details: Details): string[] =>
  Object.entries(ACTIVITY_DETAILS[type])
    .filter(([name, { isNeeded }]) => isNeeded && !Object.hasOwn(details, name))
    .map(([name]) => name)

/** One line of text. Throws Refusal. */
export function checkedText(name: string, value: unknown, shape: Pick<DetailShape, 'of'> = {}): string {
  if (typeof value !== 'string') throw new Refusal(name, 'not-text', `${name} is not a text.`)
  // No line break and no NUL stands in a detail.
  const text = value
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
  if (text.length > MAX_TEXT)
    throw new Refusal(name, 'too-long', `${name} is longer than ${MAX_TEXT} characters.`, { count: MAX_TEXT })
  if (text !== '' && shape.of && !shape.of.includes(text))
    throw new Refusal(name, 'not-one-of', `${name} is none of ${shape.of.join(', ')}.`, {
      choices: shape.of.join(', '),
    })
  return text
}

function checkedNumber(name: string, value: unknown, { unit = '' }: DetailShape): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new Refusal(name, 'not-number', `${name} is not a number.`)
  const bounds = BOUNDS[unit]
  if (bounds && (value < bounds[0] || value > bounds[1])) {
    const [low, high] = bounds
    throw new Refusal(name, 'out-of-bounds', `${name} must be from ${low} to ${high}.`, { low, high })
  }
  if (WHOLE.has(unit) && !Number.isInteger(value))
    throw new Refusal(name, 'not-whole', `${name} must be a whole number.`)
  return value
}

/** GS1 keys among the details have a check digit. */
function checkKeys({ gtin, lot, sscc, ...details }: Details): void {
  if (lot !== undefined && !isCset82(String(lot), 20))
    throw new Refusal('lot', 'wrong-lot', 'This is no lot number; look at the label again.', {
      lot: String(lot).slice(0, 20),
    })
  if (gtin !== undefined && !isGtin(String(gtin)))
    throw new Refusal('gtin', 'wrong-gtin', 'This is no GTIN of fourteen digits; look at the check digit.')
  if (sscc !== undefined && !isSscc(String(sscc)))
    throw new Refusal('sscc', 'wrong-sscc', 'This is no SSCC of eighteen digits; look at the check digit.')
  for (const name of ['consigneeGln', 'fromGln'])
    if (details[name] !== undefined && !isGln(String(details[name])))
      throw new Refusal(name, 'wrong-gln', 'This is no GLN of thirteen digits; look at the check digit.')
}

/** Photos by the sha256 of their bytes, hex. `isKept`: whether the box has it. */
export function checkedPhotos(photos: readonly string[], isKept: (sha256: string) => boolean): string[] {
  if (photos.length > MAX_ACTIVITY_PHOTOS)
    throw new Refusal('photos', 'too-many', `More than ${MAX_ACTIVITY_PHOTOS} photos.`, {
      count: MAX_ACTIVITY_PHOTOS,
    })
  for (const photo of photos)
    if (!/^[0-9a-f]{64}$/.test(photo) || !isKept(photo))
      throw new Refusal('photos', 'unknown-photo', 'The box has no such photo.')
  return [...new Set(photos)]
}

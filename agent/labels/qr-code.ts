import { createRequire } from 'node:module'
import { LabelRefusal } from './label-refusal.ts'

type BarcodeWriter = typeof import('bwip-js/node')

/** Level M mends 15 % of the code, L 7 %. */
export type Correction = 'M' | 'L'

// GS1 General Specifications: at a shop's till a module is 0.396 to 0.990 mm, with four modules of white around.
export const MODULE_AT_LEAST_MM = 0.396
export const MODULE_AT_MOST_MM = 0.99
export const QUIET_MODULES = 4

/**
 * The modules of a GS1 Digital Link, row by row, true for black. The address stays as it is: in capitals the code would
 * be smaller, but some phones don't open it then. bwip-js checks the AIs too: a wrong check digit does not get on a
 * label. Throws LabelRefusal.
 */
export function qrModules(uri: string, correction: Correction): readonly (readonly boolean[])[] {
  const key = `${correction} ${uri}`
  const known = kept.get(key)
  if (known) return known
  const [drawn] = encode(uri, correction)
  const modules = Array.from({ length: drawn.pixy }, (_, row) =>
    Array.from({ length: drawn.pixx }, (_, column) => drawn.pixs[row * drawn.pixx + column] === 1),
  )
  if (kept.size >= MOST_KEPT) kept.clear()
  kept.set(key, modules)
  return modules
}

// A page shows one lot in several sizes; a Pi needs a tenth of a second for a code.
const MOST_KEPT = 20
const kept = new Map<string, readonly (readonly boolean[])[]>()

/** Five megabytes that a box has no use for before its first label. */
const writer = (): BarcodeWriter => createRequire(import.meta.url)('bwip-js/node') as BarcodeWriter

type Encoded = [{ pixs: number[]; pixx: number; pixy: number }]

function encode(uri: string, correction: Correction): Encoded {
  try {
    return writer().raw({
      bcid: 'gs1dlqrcode',
      text: uri,
      eclevel: correction,
    } as never) as unknown as Encoded
  } catch (cause) {
    throw new LabelRefusal('link', `The link can not be a QR code: ${(cause as Error).message}`, {
      cause,
      hint: 'Check the GTIN, the lot number and the public address that the province gave.',
    })
  }
}

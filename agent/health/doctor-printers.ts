import type { Check } from './doctor.ts'
import type { say } from './messages.ts'

/** A printer of the config, as it was found from this box. */
export interface PrinterFacts {
  readonly name: string
  /** Its address, or its file in /dev. */
  readonly way: string
  /** Why a job could not begin now; null when it could. */
  readonly reason: PrinterTrouble | null
  readonly detail: string
}

export type PrinterTrouble = 'unreachable' | 'refused' | 'absent' | 'forbidden' | 'in-use' | 'wrong-device'

type Say = (key: Parameters<typeof say>[1], parameters?: Parameters<typeof say>[2]) => string

// What only somebody at the keyboard mends; a printer that is switched off for the night is none of these.
const WRONG: ReadonlySet<PrinterTrouble> = new Set(['forbidden', 'wrong-device'])

/** The way to each printer; of paper, ribbon and an open cover only a person sees. */
export function printerChecks(printers: readonly PrinterFacts[], t: Say): Check[] {
  return printers.map(({ name, way, reason, detail }): Check => {
    const about = { name, way, detail }
    if (reason === null) return { name: `printer ${name}`, state: 'ok', sentence: t('printer', about) }
    const state = WRONG.has(reason) ? 'problem' : 'warning'
    const sentence = t(`printer-${reason}`, about)
    return { name: `printer ${name}`, state, sentence, hint: t(`printer-${reason}-hint`, about) }
  })
}

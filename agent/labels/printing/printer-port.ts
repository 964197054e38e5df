/**
 * The way to one printer. A job is sent at most once: whatever happens, nothing here sends it again, and the outcome
 * says whether paper may have come out, so that a person decides.
 */
export interface PrinterPort {
  /** Never throws: what goes wrong is an outcome. */
  send(job: Uint8Array): Promise<PrintOutcome>
}

export type PrintOutcome =
  /** The printer took every byte. That there was paper, only a person sees. */
  | { readonly kind: 'taken'; readonly bytes: number }
  /** Not one byte left: nothing is printed, and printing again is safe. */
  | { readonly kind: 'not-sent'; readonly reason: NotSent; readonly detail: string }
  /** Some or all bytes left, and then no word: look at the printer before printing again. */
  | {
      readonly kind: 'unsure'
      readonly reason: Unsure
      readonly sentBytes: number
      readonly bytes: number
      readonly detail: string
    }

/**
 * `printing`: with another job; `unreachable`: no answer at its address; `refused`: it answered and takes no connection;
 * `absent`: no such device, so it is off or unplugged; `forbidden`: this user may not; `in-use`: another program prints;
 * `wrong-device`: a file, not a printer; `blocked`: open, but it takes nothing.
 */
export type NotSent =
  | 'printing'
  | 'unreachable'
  | 'refused'
  | 'absent'
  | 'forbidden'
  | 'in-use'
  | 'wrong-device'
  | 'blocked'

/** `blocked`: it stopped taking bytes; `cut-off`: it hung up; `unconfirmed`: all is sent, but it does not hang up. */
export type Unsure = 'blocked' | 'cut-off' | 'unconfirmed'

/** A printer that can be looked at without printing anything. */
export interface VisiblePrinter {
  /** Whether a job could begin now. Never throws; not one byte is sent. Of paper and ribbon it knows nothing. */
  look(): Promise<PrinterSight>
}

export type PrinterSight =
  | { readonly isReady: true }
  | { readonly isReady: false; readonly reason: NotReached; readonly detail: string }

/** Why nothing could even begin. */
export type NotReached = Exclude<NotSent, 'printing' | 'blocked'>

export interface Patience {
  readonly connectMs: number
  /** Without a byte taken. */
  readonly stallMs: number
  /** For the printer to hang up when all is sent. */
  readonly confirmMs: number
  /** For the whole job. */
  readonly jobMs: number
}

/**
 * A person stands before the page: a printer on the farm's own network answers within a few seconds. A label printer
 * feeds and heats for a second or two between bytes; twelve are paper or ribbon. Copies of a large label over a slow
 * line take a minute.
 */
export const PATIENCE: Patience = { connectMs: 5000, stallMs: 12_000, confirmMs: 6000, jobMs: 100_000 }

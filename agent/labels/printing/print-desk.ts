import type { PrinterPort, PrintOutcome } from './printer-port.ts'

// A phone that sends a form again does so within minutes; a hundred jobs are a long day's.
const MOST_KEPT = 100

interface Kept {
  readonly content: string
  readonly outcome: Promise<PrintOutcome>
}

/**
 * One job at a time for each printer, and each order once: a double tap, a reload, or a phone that sends again after a
 * dead spot gets the outcome of the first time. Orders are forgotten with the agent, as are the sessions they need.
 */
export class PrintDesk {
  readonly #busy = new Set<string>()
  readonly #orders = new Map<string, Kept>()

  /**
   * `order` names what a person asked for once, `content` what it was: the same order with other content is not
   * printed, and the answer is undefined.
   */
  async print(
    order: string,
    content: string,
    printer: { readonly name: string; readonly port: PrinterPort },
    job: Uint8Array,
  ): Promise<PrintOutcome | undefined> {
    const before = this.#orders.get(order)
    if (before) return before.content === content ? before.outcome : undefined
    if (this.#busy.has(printer.name))
      return { kind: 'not-sent', reason: 'printing', detail: `${printer.name} prints another job` }
    this.#busy.add(printer.name)
    const outcome = printer.port.send(job).finally(() => this.#busy.delete(printer.name))
    this.#keep(order, { content, outcome })
    const said = await outcome
    // Not one byte left: the same paper may be sent in again.
    if (said.kind === 'not-sent') this.#orders.delete(order)
    return said
  }

  /** What became of an order; undefined when nobody remembers. */
  outcomeOf(order: string): Promise<PrintOutcome> | undefined {
    return this.#orders.get(order)?.outcome
  }

  #keep(order: string, kept: Kept): void {
    this.#orders.set(order, kept)
    const [oldest] = this.#orders.keys()
    if (this.#orders.size > MOST_KEPT && oldest !== undefined) this.#orders.delete(oldest)
  }
}

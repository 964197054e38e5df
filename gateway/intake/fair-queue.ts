/**
 * Turns among senders: each gives one thing at a time, however many it has waiting. What is urgent goes before what is
 * not, by the same turns.
 */
export class FairQueue<T> {
  readonly #urgent = new Turns<T>()
  readonly #other = new Turns<T>()
  readonly #waiting = new Map<string, number>()
  #size = 0

  get size(): number {
    return this.#size
  }

  waitingOf(sender: string): number {
    return this.#waiting.get(sender) ?? 0
  }

  add(sender: string, item: T, isUrgent: boolean): void {
    const turns = isUrgent ? this.#urgent : this.#other
    turns.add(sender, item)
    this.#waiting.set(sender, this.waitingOf(sender) + 1)
    this.#size++
  }

  next(): T | undefined {
    const turn = this.#urgent.next() ?? this.#other.next()
    if (!turn) return undefined
    const left = this.waitingOf(turn.sender) - 1
    if (left > 0) this.#waiting.set(turn.sender, left)
    else this.#waiting.delete(turn.sender)
    this.#size--
    return turn.item
  }
}

class Turns<T> {
  /** A map keeps its order: who had a turn goes to the end of it. */
  readonly #lines = new Map<string, T[]>()

  add(sender: string, item: T): void {
    const line = this.#lines.get(sender)
    if (line) line.push(item)
    else this.#lines.set(sender, [item])
  }

  next(): { sender: string; item: T } | undefined {
    const first = this.#lines.entries().next().value
    if (!first) return undefined
    const [sender, line] = first
    this.#lines.delete(sender)
    const item = line.shift() as T
    if (line.length > 0) this.#lines.set(sender, line)
    return { sender, item }
  }
}

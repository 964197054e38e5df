import type { MessageOrder } from './message-order.ts'
import type { Meaning } from './metric-meaning.ts'

/** What a birth said of one metric, for the messages that name it by its alias. */
export interface Declared {
  readonly name: string
  readonly datatype: number | undefined
  meaning: Meaning | undefined
}

/** The metrics of one birth: of the node itself or of one device. */
export class BirthScope {
  readonly byName = new Map<string, Declared>()
  readonly byAlias = new Map<bigint, Declared>()
  isOnline = true

  get size(): number {
    // One for itself: a birth without metrics takes room too.
    return 1 + this.byName.size
  }
}

/** One edge node between its NBIRTH and its NDEATH; the whole of it is made anew by each NBIRTH. */
export class EdgeSession {
  readonly order: MessageOrder
  readonly bdSeq: number | undefined
  readonly node: BirthScope
  readonly devices = new Map<string, BirthScope>()
  /** Told with the node's next message: nothing else comes out of a decoder. */
  readonly toTell: { code: string; detail: string }[] = []
  stopWaiting = (): void => {}

  constructor(order: MessageOrder, bdSeq: number | undefined, node: BirthScope) {
    this.order = order
    this.bdSeq = bdSeq
    this.node = node
  }

  get size(): number {
    let size = this.node.size
    for (const device of this.devices.values()) size += device.size
    return size
  }

  scopeOf(device: string | undefined): BirthScope | undefined {
    return device === undefined ? this.node : this.devices.get(device)
  }

  /** Aliases are unique over the node and all its devices (payloads-alias-uniqueness). */
  hasAlias(alias: bigint, except: BirthScope): boolean {
    return [this.node, ...this.devices.values()].some((scope) => scope !== except && scope.byAlias.has(alias))
  }
}

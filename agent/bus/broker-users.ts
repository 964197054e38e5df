import { toHex } from '#contract/ground/bytes.ts'
import { digest, isPassword } from './password-hash.ts'
import { topicMatches } from './topic-filter.ts'

/** Who may use the broker inside the agent, and which topics each may write and read. */
export interface BrokerUser {
  readonly name: string
  /** A hash of password-hash.ts, or the password itself. */
  readonly password: string
  /** Filters with + and #. */
  readonly topics: readonly string[]
}

export type SignIn = { readonly kind: 'in'; readonly user: BrokerUser } | { readonly kind: 'wrong' | 'busy' }

// Each check takes 16 MiB for a tenth of a second; a whole shed that comes back at once waits, a flood is turned away.
const MAX_CHECKS_WAITING = 100
const MAX_KNOWN = 1000

export class BrokerUsers {
  readonly #users: ReadonlyMap<string, BrokerUser>
  /** Name and password that were right before, as a digest: nodes come back often. */
  readonly #known = new Set<string>()
  #waiting = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(users: readonly BrokerUser[]) {
    this.#users = new Map(users.map((user) => [user.name, user]))
  }

  /** True when nobody is asked who he is. */
  get isOpen(): boolean {
    return this.#users.size === 0
  }

  async signIn(name: string, password: string): Promise<SignIn> {
    const user = this.#users.get(name)
    const known = toHex(digest(JSON.stringify([name, password])))
    if (user && this.#known.has(known)) return { kind: 'in', user }
    if (this.#waiting >= MAX_CHECKS_WAITING) return { kind: 'busy' }
    this.#waiting++
    // A name that there is not takes as long as a wrong password.
    const stored = (user ?? [...this.#users.values()][0])?.password ?? ''
    const check = this.#turn.then(() => isPassword(password, stored))
    this.#turn = check.catch(() => {}).finally(() => this.#waiting--)
    if (!(await check) || !user) return { kind: 'wrong' }
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.add(known)
    return { kind: 'in', user }
  }
}

export const mayUse = ({ topics }: BrokerUser, topic: string): boolean =>
  topics.some((filter) => topicMatches(filter, topic))

/** Whether everything that `wanted` matches is allowed: `farm/a/#` covers `farm/a/+/temp`, `farm/+` does not. */
export const maySubscribe = ({ topics }: BrokerUser, wanted: string): boolean =>
  topics.some((filter) => covers(filter.split('/'), wanted.split('/')))

function covers(allowed: readonly string[], wanted: readonly string[]): boolean {
  for (let index = 0; index < allowed.length; index++) {
    const [level, asked] = [allowed[index], wanted[index]]
    if (level === '#') return true
    if (asked === undefined || asked === '#') return false
    if (level !== '+' && level !== asked) return false
  }
  return allowed.length === wanted.length
}

import { scrypt, timingSafeEqual } from 'node:crypto'
import { fromBase64, toBase64 } from '#contract/ground/bytes.ts'
import type { RandomBytes } from '#contract/ground/random.ts'

export const isPinShaped = (pin: string): boolean => /^\d{4,8}$/.test(pin)

// 2^15 × r 8 is 32 MiB and some 0.2 s on a Raspberry Pi: the box has 1 GB, so one at a time (below).
const COST = { r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
/** N of scrypt (RFC 7914): a power of two. */
export const PIN_COST = 2 ** 15
const STORED = /^scrypt\$(\d{4,5})\$8\$1\$([A-Za-z0-9+/]{22}==)\$([A-Za-z0-9+/]{43}=)$/

/** One of another cost is none of ours: who guesses would pay less, or the box has no memory for it. */
export const isStoredPin = (text: string, cost = PIN_COST): boolean => Number(STORED.exec(text)?.[1]) === cost

/** `cost`: a lower one only where nobody guesses, as in a test. */
export async function hashPin(pin: string, randomBytes: RandomBytes, cost = PIN_COST): Promise<string> {
  const salt = randomBytes(16)
  return `scrypt$${cost}$${COST.r}$${COST.p}$${toBase64(salt)}$${toBase64(await derive(pin, salt, cost))}`
}

export async function isPin(pin: string, stored: string): Promise<boolean> {
  const [, cost = PIN_COST, salt64 = '', hash64 = ''] = STORED.exec(stored) ?? []
  const hash = fromBase64(hash64)
  const derived = await derive(pin, fromBase64(salt64), Number(cost))
  return hash.length === derived.length && timingSafeEqual(hash, derived)
}

// Eight phones at once are a whole shed; a flood is turned away and not queued up in memory.
const MAX_WAITING = 8
let waiting = 0
let turn: Promise<unknown> = Promise.resolve()

/** Whether another PIN can be looked at now. */
export const isPinDoorBusy = (): boolean => waiting >= MAX_WAITING

function derive(pin: string, salt: Uint8Array, cost: number): Promise<Uint8Array> {
  waiting += 1
  const result = turn.then(
    () =>
      new Promise<Uint8Array>((resolve, reject) => {
        scrypt(pin, salt, 32, { N: cost, ...COST }, (error, key) =>
          error ? reject(error) : resolve(new Uint8Array(key)),
        )
      }),
  )
  turn = result.catch(() => undefined).finally(() => (waiting -= 1))
  return result
}

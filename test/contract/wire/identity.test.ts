import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import {
  AGENT_BYTES,
  agentBytes,
  agentIdOf,
  agentOfBytes,
  isAgentId,
  keyIdOf,
} from '#contract/wire/identity.ts'

const ten = fc.uint8Array({ minLength: AGENT_BYTES, maxLength: AGENT_BYTES })

describe('the id of an agent', () => {
  test('is sixteen characters that come back as the same ten bytes', () => {
    fc.assert(
      fc.property(ten, (bytes) => {
        const id = agentOfBytes(bytes)
        expect(isAgentId(id)).toBe(true)
        expect(agentBytes(id)).toEqual(bytes)
      }),
      { numRuns: 1000 },
    )
  })

  test('comes from the public key alone, and so does the name of the key', () => {
    const raw = new Uint8Array(32).fill(9)
    const hash = Buffer.from(sha256(raw)).toString('hex')
    expect(Buffer.from(agentBytes(agentIdOf(raw, sha256))).toString('hex')).toBe(hash.slice(0, 20))
    expect(keyIdOf(raw, sha256)).toBe(hash.slice(0, 16))
  })

  test('is nothing else: other lengths, capitals, and the letters that a person confuses are refused', () => {
    for (const text of [
      '',
      'a'.repeat(15),
      'a'.repeat(17),
      'A'.repeat(16),
      'aaaaaaaaaaaaaaai',
      'aaaaaaaaaaaaaaao',
      'aaaaaaaaaaaaaaau',
      'aaaaaaaaaaaaaaal',
      `${'a'.repeat(15)}\n`,
    ])
      expect(() => agentBytes(text), JSON.stringify(text)).toThrow(RangeError)
  })
})

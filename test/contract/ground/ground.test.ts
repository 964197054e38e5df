import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Backoff } from '#contract/ground/backoff.ts'
import { fromBase64, fromHex, toBase32, toBase64, toBase64Url, toHex } from '#contract/ground/bytes.ts'
import { isRetryable, problemOf, VuonError } from '#contract/ground/errors.ts'
import { html, rawHtml } from '#contract/ground/html.ts'
import { chooseLanguage, defineMessages } from '#contract/ground/messages.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { newSeed, publicKeyFromRaw, secretKeyFromSeed } from '#contract/ground/node/crypto.ts'

describe('bytes', () => {
  test('hex and base64 give back what went in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes)
        expect(fromBase64(toBase64(bytes))).toEqual(bytes)
        expect(fromBase64(toBase64Url(bytes))).toEqual(bytes)
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      }),
    )
  })

  test('what is neither hex nor base64 is a RangeError', () => {
    for (const text of ['0', 'zz', '01 0']) expect(() => fromHex(text)).toThrow(RangeError)
    for (const text of ['a', '****', 'ab=c']) expect(() => fromBase64(text)).toThrow(RangeError)
  })

  test('base32 is the known text of known bytes', () => {
    expect(toBase32(Uint8Array.of(0xff, 0x00, 0x10))).toBe('ZW010')
  })
})

describe('html', () => {
  test('every value is escaped, whatever it is, and text stays the same to a reader', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const made = html`<p title="${text}">${text}</p>`.text
        expect(made.slice(3, -4)).not.toMatch(/[<](?!\/?p)/)
        expect(made.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code))).toBe(
          `<p title="${text}">${text}</p>`,
        )
      }),
    )
  })

  test('lists are joined, false and null vanish, raw text stays', () => {
    expect(html`${[1, html`<b>${'&'}</b>`]}${false}${null}${rawHtml('<i>')}`.text).toBe('1<b>&#38;</b><i>')
  })
})

describe('messages', () => {
  const say = defineMessages({ vi: { hello: 'Chào {name}' }, en: { hello: 'Hello {name}' } })

  test('a sentence is filled in the language asked for', () => {
    expect(say('vi', 'hello', { name: 'Lan' })).toBe('Chào Lan')
    expect(say('en', 'hello', {})).toBe('Hello {name}')
  })

  test('the language is the one asked for, else the browser’s, else Vietnamese', () => {
    expect(chooseLanguage('en', 'vi')).toBe('en')
    expect(chooseLanguage(undefined, 'fr, en;q=0.8, vi;q=0.3')).toBe('en')
    expect(chooseLanguage(undefined, 'vi-VN,en;q=0.9')).toBe('vi')
    expect(chooseLanguage('zz', ';;q=,')).toBe('vi')
  })
})

describe('backoff', () => {
  test('waits grow up to the longest, never reach zero, and honour Retry-After', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(40),
        (chance, failures) => {
          const backoff = new Backoff({ firstMs: 1000, longestMs: 60_000, random: () => chance })
          for (let index = 0; index < failures; index++) backoff.failed()
          expect(backoff.failed()).toBeLessThanOrEqual(60_000)
          expect(backoff.failed()).toBeGreaterThanOrEqual(500)
          expect(backoff.failed(120_000)).toBeGreaterThanOrEqual(120_000)
        },
      ),
    )
  })

  test('a success starts it again from the first wait', () => {
    const backoff = new Backoff({ firstMs: 1000, longestMs: 60_000, random: () => 1 })
    for (let index = 0; index < 5; index++) backoff.failed()
    backoff.succeeded()
    expect(backoff.failed()).toBe(1000)
  })
})

describe('errors', () => {
  test('a problem carries type, status and hint, and an unknown error tells nothing of its inside', () => {
    expect(problemOf(new VuonError('batch-bomb'))).toMatchObject({
      status: 413,
      type: 'urn:vuon:error:batch-bomb',
    })
    expect(JSON.stringify(problemOf(new Error('secret path')))).not.toContain('secret path')
    expect(isRetryable(new VuonError('link-down'))).toBe(true)
    expect(isRetryable(new VuonError('signature-wrong'))).toBe(false)
  })
})

describe('keys', () => {
  test('what one key signs, only its public half verifies', () => {
    const secret = secretKeyFromSeed(newSeed())
    const other = secretKeyFromSeed(newSeed())
    const message = new TextEncoder().encode('thanh long')
    const signature = secret.sign(message)
    expect(publicKeyFromRaw(secret.publicRaw).verify(message, signature)).toBe(true)
    expect(publicKeyFromRaw(other.publicRaw).verify(message, signature)).toBe(false)
    expect(publicKeyFromRaw(secret.publicRaw).verify(message, signature.slice(1))).toBe(false)
  })
})

describe('compression', () => {
  test('gives back what went in, and stops at the bound', () => {
    const zeros = new Uint8Array(1_000_000)
    const small = compression.deflate(zeros)
    expect(compression.inflate(small, 1_000_000)).toEqual(zeros)
    expect(() => compression.inflate(small, 999_999)).toThrow(expect.objectContaining({ code: 'batch-bomb' }))
    expect(() => compression.inflate(Uint8Array.of(7, 7, 7), 99)).toThrow(
      expect.objectContaining({ code: 'batch-malformed' }),
    )
  })
})

test('a file written atomically is whole, and leaves nothing beside it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-write-'))
  const path = join(folder, 'deep', 'state.json')
  writeFileAtomically(path, 'one')
  writeFileAtomically(path, 'two', 0o600)
  expect(readFileSync(path, 'utf8')).toBe('two')
  expect(readdirSync(join(folder, 'deep'))).toEqual(['state.json'])
  rmSync(folder, { recursive: true })
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { OWN_CODECS, ownCodecNames, readCodec } from '../../../../agent/devices/lorawan/codec-file.ts'
import { parseUplink } from '../../../../agent/devices/lorawan/uplink.ts'
import { codecRoom } from './codec-room.ts'
import { near } from './near.ts'

/** firmware-config/lorawan: every codec of ours answers every case in its folder. */
interface Case {
  readonly uplink: Record<string, unknown>
  /** What must be in the answer; more may be. */
  readonly data: unknown
  readonly warnings?: readonly string[]
  readonly errors?: readonly string[]
}

const { ask } = codecRoom()

describe.each(ownCodecNames())('%s', (name) => {
  const folder = join(OWN_CODECS, name)
  const codec = readCodec(join(folder, 'codec.js'), name)
  const cases = readdirSync(join(folder, 'cases')).map((file) => ({
    file,
    stated: JSON.parse(readFileSync(join(folder, 'cases', file), 'utf8')) as Case,
  }))

  test('has a README with its source, and a case', () => {
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toMatch(/^# .+\n[\s\S]+Source: /)
    expect(cases.length).toBeGreaterThan(0)
  })

  test.each(cases)('$file', async ({ stated }) => {
    const uplink = parseUplink(stated.uplink)
    if ('problem' in uplink) throw new Error(uplink.problem)
    const { data, warnings, errors } = await ask(codec, uplink, name)
    expect({ warnings, errors }).toEqual({ warnings: stated.warnings ?? [], errors: stated.errors ?? [] })
    expect(near(data, stated.data)).toEqual([])
  })

  test('a payload that stops anywhere is answered, never with a value that is no number', async () => {
    for (const { stated } of cases) {
      const whole = parseUplink(stated.uplink)
      if ('problem' in whole) throw new Error(whole.problem)
      for (let length = 0; length < whole.bytes.length; length++) {
        const answer = await ask(codec, { ...whole, bytes: whole.bytes.slice(0, length) }, name)
        expect(answer.fault).toBeUndefined()
        expect(JSON.stringify(answer.data)).not.toContain('null')
      }
    }
  })
})

// A codec is one file that also works elsewhere, so what a maker's nodes have in common stands in each of them.
test.each([
  ['decentlab', 'function decodeUplink('],
  ['milesight', 'function byteName('],
])('the codecs of %s read the payload in the very same words', (maker, from) => {
  const shared = ownCodecNames()
    .filter((name) => name.startsWith(`${maker}-`))
    .map((name) => {
      const text = readFileSync(join(OWN_CODECS, name, 'codec.js'), 'utf8')
      expect(text, name).toContain(`\n${from}`)
      return text.slice(text.indexOf(`\n${from}`))
    })
  expect(shared.length).toBeGreaterThan(1)
  expect(new Set(shared).size).toBe(1)
})

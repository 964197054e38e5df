import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Random } from '#contract/ground/random.ts'
import { OWN_CODECS, ownCodecNames, readCodec } from '../../../../agent/devices/lorawan/codec-file.ts'
import type { CodecAnswer } from '../../../../agent/devices/lorawan/uplink.ts'
import { parseUplink } from '../../../../agent/devices/lorawan/uplink.ts'
import { seededRandom, seedFromEnvironment } from '../../../world/seeded.ts'
import { codecRoom } from './codec-room.ts'

const UPLINKS = 20_000
const LINES = 5000
const FILES = 100
const seed = seedFromEnvironment()
console.log(
  `fuzz: ${UPLINKS} uplinks, ${LINES} lines, ${FILES} codec files, seed ${seed} (VUON_SEED takes it back)`,
)
const random = seededRandom(seed)
const { ask, worker } = codecRoom({ limits: { loadMs: 200 }, queueBound: UPLINKS })
const below = (bound: number, chance: Random = random) => Math.floor(chance() * bound)
const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item

const codecs = ownCodecNames().map((name) => readCodec(join(OWN_CODECS, name, 'codec.js'), name))

/** Plain looks: `expect` takes longer than a decoding. */
function isAnswer({ warnings, errors, ...answer }: CodecAnswer): boolean {
  const isList = (list: unknown) => Array.isArray(list) && list.every((each) => typeof each === 'string')
  return 'data' in answer && isList(warnings) && isList(errors)
}

describe('whatever comes', () => {
  test('any bytes on any port are answered by every codec of ours, and never with no number', async () => {
    const sent = Array.from({ length: UPLINKS }, () => {
      const codec = pick(codecs)
      const starts = [[], [2], [1, 0x75], [3, 0x67], [0x01], [0x0c]]
      const bytes = [...pick(starts), ...Array.from({ length: below(40) }, () => below(256))]
      return { codec, bytes, fPort: pick([1, 2, 5, 85, below(256)]) }
    })
    const answers = await Promise.all(sent.map(({ codec, ...uplink }) => ask(codec, uplink, codec.name)))
    for (const [index, answer] of answers.entries()) {
      const { codec, bytes } = sent[index]!
      const isFine = isAnswer(answer) && !answer.fault && !JSON.stringify(answer.data).includes('null')
      if (!isFine) expect.fail(`${codec.name} ${bytes}: ${JSON.stringify(answer)}`)
    }
    expect(worker.state.replaced).toEqual({ timeout: 0, memory: 0, crash: 0 })
  })

  test('any stated uplink is taken or refused with a reason', () => {
    const strange = [
      null,
      undefined,
      '',
      'AQ==',
      'zz',
      [],
      [1],
      [256],
      {},
      -1,
      1.5,
      1e300,
      true,
      'ff'.repeat(9000),
    ]
    for (let index = 0; index < LINES; index++) {
      const stated = Object.fromEntries(
        ['fPort', 'bytes', 'recvTime', 'variables', '__proto__', 'more']
          .filter(() => random() < 0.8)
          .map((key) => [key, random() < 0.3 ? below(300) : pick(strange)]),
      )
      const uplink = parseUplink(stated)
      if ('problem' in uplink) expect(uplink.problem).toMatch(/^`/)
      else expect(uplink.bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)).toBe(true)
    }
  })

  test('any damaged codec file is answered, and its neighbours go on', async () => {
    const pieces = [
      '(',
      '}',
      '`',
      '/*',
      '\0',
      'while(1);',
      'await ',
      'export ',
      'import ',
      '\u2028',
      'this.',
      '=>',
      '0n',
      '/(a+)+$/',
    ]
    const outcomes = new Map<string, number>()
    for (let index = 0; index < FILES; index++) {
      let { source } = pick(codecs)
      for (let change = below(4) + 1; change > 0; change--) {
        const at = below(source.length)
        source = source.slice(0, at) + (random() < 0.7 ? pick(pieces) : '') + source.slice(at + below(6))
      }
      const answer = await ask(
        { name: 'damaged.js', source },
        { fPort: 2, bytes: [2, 0, 1, 0, 3, 9, 9, 9, 9, 9, 9, 12, 96] },
        'd',
      )
      if (!isAnswer(answer)) expect.fail(source)
      const outcome = answer.fault ?? (answer.errors.length > 0 ? 'errors' : 'data')
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect(outcomes.size, JSON.stringify([...outcomes])).toBeGreaterThan(1)
    expect(
      await ask(readCodec(join(OWN_CODECS, 'elsys', 'codec.js')), { bytes: [2, 50] }, 'e'),
    ).toMatchObject({
      data: { humidity: 50 },
    })
  })
})

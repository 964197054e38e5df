import { concatBytes, utf8 } from '#contract/ground/bytes.ts'
import type { Random } from '#contract/ground/random.ts'

// What programs that read JSON, topics, lines of text and names have stumbled over.
const TOKENS = [
  ...[
    'null',
    '1e999',
    '-0',
    '""',
    '{}',
    '[]',
    '[[[[',
    '}}',
    '"',
    '\\u0000',
    '\\ud800',
    '\u2028',
    'NaN',
    'true',
  ],
  ...['"__proto__":{"a":1},', '"constructor":', '"temperature":', '"Temperature":', '"ZbReceived":{'],
  ...[
    '9007199254740993',
    '9'.repeat(40),
    ' '.repeat(40),
    '\u00b0',
    ',,,,',
    '*',
    '$',
    '=',
    ':',
    '\t',
    '-',
    '.',
  ],
  ...[
    '/set',
    '/availability',
    '/',
    '//',
    '+',
    '#',
    'tele/',
    'stat/',
    'bridge/devices',
    '_l1',
    '\u0000',
    '/config',
  ],
  ...['{{', '}}', '{{ value_json.', '|float', '(((', '%}', '\r\n', 'LOO', 'TotalAcc '],
].map(utf8)

/**
 * One to `atMost` small mishaps: a bit, a byte, a piece lost, doubled, moved, or something foreign in between. What is
 * guarded by a check sum wants fewer of them, so that some inputs still come through.
 */
export function mutated(
  bytes: Uint8Array,
  random: Random,
  { atMost = 6, foreign = TOKENS }: { atMost?: number; foreign?: readonly Uint8Array[] } = {},
): Uint8Array {
  const any = (below: number) => Math.floor(random() * below)
  let result = bytes
  for (let times = 1 + any(atMost); times > 0; times--) {
    const at = any(result.length + 1)
    const length = any(12)
    const [before, piece, after] = [
      result.subarray(0, at),
      result.subarray(at, at + length),
      result.subarray(at + length),
    ]
    switch (any(7)) {
      case 0:
        result = result.slice()
        if (at < result.length) result[at] = result[at]! ^ (1 << any(8))
        break
      case 1:
        result = concatBytes(before, Uint8Array.of(any(256)), result.subarray(at))
        break
      case 2:
        result = concatBytes(before, after)
        break
      case 3:
        result = concatBytes(before, piece, piece, piece, after)
        break
      case 4:
        result = concatBytes(after, before, piece)
        break
      case 5:
        result = concatBytes(before, foreign[any(foreign.length)]!, result.subarray(at))
        break
      default:
        result = before.slice()
    }
  }
  return result
}

const ODD_VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1e308, 5e-324, 2 ** 53, 'NaN', '', ' ', '1,5', '0x10', '12 %', 'ON', [], {}, [[]]],
  ...[
    'x'.repeat(300),
    '\u0000',
    '\ud800',
    '1e5',
    -273.15,
    65_535,
    { value: 1 },
    '2026-02-30T25:61:00Z',
    4_102_444_800,
  ],
]
const ODD_KEYS = [
  '__proto__',
  'constructor',
  'temperature',
  '',
  'a/b',
  '0',
  'toString',
  'unit',
  'name',
  'é'.repeat(80),
]

/**
 * A text of JSON that is still one, with one to four of its values, keys or branches changed: so that more than
 * the parser is tried. Undefined when the bytes are none.
 */
export function mutatedJson(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  const any = (below: number) => Math.floor(random() * below)
  let root: { value: unknown }
  try {
    root = { value: JSON.parse(lenient.decode(bytes)) }
  } catch {
    return undefined
  }
  for (let times = 1 + any(4); times > 0; times--) {
    let [parent, key]: [Record<string, unknown>, string] = [root, 'value']
    // Down a random way; shallow places are met as often as deep ones.
    while (random() < 0.8) {
      const child = parent[key]
      const keys = typeof child === 'object' && child !== null ? Object.keys(child) : []
      if (keys.length === 0) break
      ;[parent, key] = [child as Record<string, unknown>, keys[any(keys.length)]!]
    }
    const old = parent[key]
    switch (any(5)) {
      case 0:
        if (parent !== root) delete parent[key]
        break
      case 1:
        if (parent !== root && !Array.isArray(parent)) {
          delete parent[key]
          Object.defineProperty(parent, ODD_KEYS[any(ODD_KEYS.length)]!, { value: old, ...PLAIN })
        }
        break
      case 2:
        parent[key] = random() < 0.5 ? [old, old] : { [ODD_KEYS[2 + any(7)]!]: old }
        break
      case 3:
        if (typeof old === 'string') parent[key] = lenient.decode(mutated(utf8(old), random))
        else if (typeof old === 'number')
          parent[key] = random() < 0.5 ? old * 10 ** (any(40) - 20) : String(old)
        break
      default:
        parent[key] = oddValue(any(ODD_VALUES.length))
    }
  }
  return utf8(JSON.stringify(root.value) ?? 'null')
}

/** One of its own, since the next mishap may change it. */
function oddValue(at: number): unknown {
  const value = ODD_VALUES[at]
  return typeof value === 'object' ? structuredClone(value) : value
}

const PLAIN = { enumerable: true, configurable: true, writable: true }
const lenient = new TextDecoder()

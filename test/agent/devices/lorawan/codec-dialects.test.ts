import { describe, expect, test } from 'vitest'
import { codecRoom, said } from './codec-room.ts'

const { ask } = codecRoom()

describe('a file as its vendor wrote it', () => {
  const COUNT = '{ data: { count: input.bytes.length } }'
  test.each([
    ['TTN and ChirpStack v4', `function decodeUplink(input) { return ${COUNT} }`],
    ['a variable', `var decodeUplink = function (input) { return ${COUNT} }`],
    ['an arrow function at the top', `const decodeUplink = (input) => (${COUNT})`],
    ['a name that nobody declared', `decodeUplink = function (input) { return ${COUNT} }`],
    ['old TTN', 'function Decoder(bytes, port) { return port === 2 ? { count: bytes.length } : {} }'],
    ['ChirpStack v3', 'function Decode(fPort, bytes, variables) { return { count: bytes.length } }'],
    ['strict', `'use strict'; function decodeUplink(input) { return ${COUNT} }`],
    [
      'a byte-order mark and Windows lines',
      `\ufeffvar a = 1;\r\nfunction decodeUplink(input) {\r\n return ${COUNT}\r\n}\r\n`,
    ],
    ['a line for a shell', `#!/usr/bin/env node\nfunction decodeUplink(input) { return ${COUNT} }`],
    ['padding at its end', `function decodeUplink(input) { return ${COUNT} }\0\0`],
    [
      'a guard',
      `function decodeUplink(input) { return ${COUNT} }\nif (typeof module !== 'undefined') module.exports = { decodeUplink }`,
    ],
    [
      'CommonJS',
      `const { Buffer } = require('buffer')\nexports.decodeUplink = (input) => ({ data: { count: Buffer.from(input.bytes).length } })`,
    ],
    ['CommonJS, all at once', `module.exports = { decodeUplink: (input) => (${COUNT}) }`],
    [
      'a bundle',
      `(function (root, make) { if (typeof exports === 'object') module.exports = make(); else root.decodeUplink = make().decodeUplink })(this, function () { return { decodeUplink: function (input) { return ${COUNT} } } })`,
    ],
    ['an ES module', `export function decodeUplink(input) { return ${COUNT} }`],
    [
      'an ES module with a default',
      `const decodeUplink = (input) => (${COUNT})\nexport default { decodeUplink }`,
    ],
    [
      'sloppy ES3',
      'function Decoder(b) { var n = 010; x = b.length; with ({ y: x }) { return b[0] == 01 ? { count: y } : n } }',
    ],
    [
      'ES2020',
      'class Reader { #n; constructor(b) { this.#n = b?.length ?? 0 } get n() { return this.#n } }\nconst decodeUplink = ({ bytes, ...rest }) => ({ data: { count: new Reader(bytes).n } })',
    ],
    [
      'a polyfill',
      `if (!Object.assign || true) Object.defineProperty(Object, 'assign', { value: function (a, b) { for (var k in b) a[k] = b[k]; return a }, writable: true, configurable: true });\nfunction decodeUplink(input) { return Object.assign({}, ${COUNT}) }`,
    ],
    ['a promise', `async function decodeUplink(input) { await null; return ${COUNT} }`],
    [
      'it talks',
      `console.log('loading');\nfunction decodeUplink(input) { console.debug(input); return ${COUNT} }`,
    ],
    [
      'its own console',
      `const console = { log() {} }; let Buffer = 1;\nfunction decodeUplink(input) { console.log(1); return ${COUNT} }`,
    ],
    [
      'all three',
      `function Decode() { return {} } function Decoder() { return {} } function decodeUplink(input) { return ${COUNT} }`,
    ],
  ])('%s', async (_name, source) => {
    expect(await ask(source)).toEqual(said({ count: 3 }))
  })

  test('bytes are a plain list of numbers, its own each time', async () => {
    const source = `function decodeUplink(input) {
      var b = input.bytes
      var isPlain = Array.isArray(b) && b.constructor === Array
      return { data: { isPlain, sum: b.reduce((a, c) => a + c, 0), part: b.slice(1).map((x) => x * 2), taken: b.shift() } }
    }`
    const answer = said({ isPlain: true, sum: 258, part: [4, 510], taken: 1 })
    expect(await ask(source)).toEqual(answer)
    expect(await ask(source)).toEqual(answer)
  })

  test('time and variables are there in each dialect', async () => {
    const uplink = { recvTimeMs: 1_770_000_000_000, variables: { depth: '30' } }
    const modern =
      'function decodeUplink(i) { return { data: { at: i.recvTime.getTime(), depth: i.variables.depth } } }'
    expect(await ask(modern, uplink)).toEqual(said({ at: 1_770_000_000_000, depth: '30' }))
    const old = 'function Decode(fPort, bytes, variables) { return { depth: +variables.depth, fPort } }'
    expect(await ask(old, uplink)).toEqual(said({ depth: 30, fPort: 2 }))
    const without =
      'function decodeUplink(i) { return { data: [typeof i.recvTime, Object.keys(i.variables).length] } }'
    expect(await ask(without)).toEqual(said(['undefined', 0]))
  })

  test('what node has and codecs use: Buffer, base64, text', async () => {
    const source = `function decodeUplink({ bytes }) {
      const b = Buffer.from([0x01, 0x02, 0xff, 0xfe, 0x41, 0xc8, 0, 0])
      const out = Buffer.alloc(4); out.writeInt16BE(-2, 1)
      return { data: {
        hex: b.toString('hex'), base64: b.toString('base64'), u16: b.readUInt16LE(0), s16: b.readInt16BE(2),
        float: b.readFloatBE(4), three: b.readUIntBE(0, 3), minus: b.readIntLE(1, 3), part: b.slice(1, 3).readUint8(0),
        back: [...Buffer.from('AQL/', 'base64')], text: Buffer.from('°C').length, is: Buffer.isBuffer(b),
        joined: Buffer.concat([b.subarray(0, 1), Buffer.from('ff', 'hex')]).toString('hex'), out: out.toJSON().data,
        btoa: btoa('vuon'), atob: atob('aGk='),
        decoded: new TextDecoder().decode(new Uint8Array([0xc2, 0xb0, 0xff, 0x43])), old: new Buffer('0a', 'hex')[0],
      } }
    }`
    expect(await ask(source)).toEqual(
      said({
        hex: '0102fffe41c80000',
        base64: 'AQL//kHIAAA=',
        u16: 0x0201,
        s16: -2,
        float: 25,
        three: 0x0102ff,
        minus: 0xfeff02 - 0x1000000,
        part: 2,
        back: [1, 2, 255],
        text: 3,
        is: true,
        joined: '01ff',
        out: [0, 0xff, 0xfe, 0],
        btoa: 'dnVvbg==',
        atob: 'hi',
        decoded: '°\ufffdC',
        old: 10,
      }),
    )
  })

  test('globals are kept between the uplinks of one device, and no other sees them', async () => {
    const source = 'let seen = 0; function decodeUplink() { return { data: { seen: ++seen } } }'
    expect((await ask(source, {}, 'a')).data).toEqual({ seen: 1 })
    expect((await ask(source, {}, 'a')).data).toEqual({ seen: 2 })
    expect((await ask(source, {}, 'b')).data).toEqual({ seen: 1 })
  })
})

describe('what a codec gives back', () => {
  const returns = (text: string) => `function decodeUplink() { return ${text} }`

  test.each([
    ['{ data: { a: 1 }, warnings: ["low"], errors: [] }', said({ a: 1 }, ['low'])],
    ['{ errors: ["unknown FPort"] }', said({}, [], ['unknown FPort'])],
    ['{ data: { a: 1 }, errors: ["half"] }', said({ a: 1 }, [], ['half'])],
    ['{ errors: "one", warnings: "two" }', said({}, ['two'], ['one'])],
    [
      '{ errors: [new TypeError("x"), 5, { code: 1 }, null] }',
      said({}, [], [expect.stringMatching(/^TypeError: x/), '5', '{"code":1}', 'null'] as string[]),
    ],
    ['{ data: { n: NaN, i: -Infinity, u: undefined, f() {}, z: -0 } }', said({ n: null, i: null, z: 0 })],
    [
      '{ data: { d: new Date(0), t: new Uint8Array([1, 2]), m: new Map([[1, 2]]) } }',
      said({ d: '1970-01-01T00:00:00.000Z', t: { 0: 1, 1: 2 }, m: {} }),
    ],
    ['{ data: { small: 12n, large: 2n ** 70n } }', said({ small: 12, large: '1180591620717411303424' })],
    ['{ data: "text" }', said('text')],
    ['{ data: { u: "°C \\ud800 \\0" } }', said({ u: '°C \ud800 \0' })],
    ['{}', said({})],
    [
      '{ data: JSON.parse(\'{"__proto__":{"polluted":1}}\') }',
      said(JSON.parse('{"__proto__":{"polluted":1}}')),
    ],
    ['undefined', said({}, [], ['the codec returned undefined instead of an object'])],
    ['{ temperature: 1 }', said({}, [], ['the codec returned an object without `data`'])],
  ])('%s', async (text, answer) => {
    expect(await ask(returns(text))).toEqual(answer)
  })

  test.each([
    ['throw new Error("no such port")', 'no such port'],
    ['throw "text"', 'the codec threw "text"'],
    ['throw null', 'the codec threw null'],
    ['return input.nothing.at.all', "TypeError: cannot read property 'at' of undefined (line 1)"],
    ['return Promise.reject(new RangeError("late"))', 'RangeError: late (line 1)'],
    ['return new Promise(() => {})', 'the codec returned a promise that does not settle by itself'],
    ['return undeclared', "ReferenceError: 'undeclared' is not defined (line 1)"],
  ])('%s is an error and no data', async (body, error) => {
    expect(await ask(`function decodeUplink(input) { ${body} }`)).toEqual(said({}, [], [error]))
  })

  test('an old codec that returns nothing is an error', async () => {
    expect(await ask('function Decoder() {}')).toEqual(said({}, [], ['the codec returned nothing']))
  })

  test.each([
    ['function decodeDownlink() {}', 'vendor.js: no decodeUplink, Decoder, Decode in it'],
    [
      'function decodeUplink() {\n  return }}',
      "vendor.js:2: SyntaxError: unexpected token in expression: '}'",
    ],
    ['const fs = require("fs")', 'vendor.js:1: Error: a codec can\'t load "fs"'],
    ['', 'vendor.js: no decodeUplink, Decoder, Decode in it'],
  ])('a file that is no codec says why: %s', async (source, error) => {
    expect(await ask(source)).toMatchObject({
      data: {},
      errors: [expect.stringContaining(error)],
      fault: 'codec-failed',
    })
  })
})

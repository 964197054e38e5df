import { describe, expect, test } from 'vitest'
import { codecRoom, said } from './codec-room.ts'

const { ask, worker } = codecRoom({ limits: { decodeMs: 250, loadMs: 300 }, hardMs: 1500 })
const HONEST =
  'let n = 0; function decodeUplink(i) { return { data: { sum: i.bytes.reduce((a, b) => a + b, 0), n: ++n } } }'

describe('a codec that goes wrong', () => {
  test.each([
    [
      'an endless loop that catches what it can',
      'function decodeUplink() { for (;;) try { for (;;) ; } catch (e) {} }',
      'codec-timeout',
    ],
    ['an endless loop in the file itself', 'while (true) ;', 'codec-timeout'],
    [
      'a regular expression that explodes',
      `function decodeUplink() { return { data: /^(a+)+$/.test('a'.repeat(40) + 'b') } }`,
      'codec-timeout',
    ],
    [
      'ever more promises',
      'function decodeUplink() { (function f() { Promise.resolve().then(f) })(); return { data: 1 } }',
      'codec-timeout',
    ],
    [
      'a memory bomb',
      `function decodeUplink() { const a = []; for (;;) a.push(new Uint8Array(100000)) }`,
      'codec-memory',
    ],
    ['one long text', `function decodeUplink() { let s = 'x'; for (;;) s += s }`, 'codec-memory'],
  ])('%s', async (_name, source, fault) => {
    expect(await ask(source)).toMatchObject({ data: {}, warnings: [], errors: [expect.any(String)], fault })
    expect((await ask(HONEST, {}, 'honest')).data).toMatchObject({ sum: 258 })
  })

  test.each([
    [
      'deep recursion',
      'function decodeUplink(i) { return decodeUplink(i) }',
      'InternalError: stack overflow',
    ],
    [
      'something deep',
      'function decodeUplink() { let o = {}; for (let i = 0; i < 2000; i++) o = { o }; return { data: o } }',
      'nested deeper than 22',
    ],
    [
      'a circle',
      'function decodeUplink() { const o = {}; o.o = o; return { data: o } }',
      'nested deeper than 22',
    ],
    [
      'a huge answer',
      `function decodeUplink() { return { data: 'x'.repeat(1000000) } }`,
      'returned 1000037 characters',
    ],
    [
      'JSON that never ends',
      'function decodeUplink() { const o = { toJSON() { return { o } } }; return { data: o } }',
      '',
    ],
  ])('%s is an error of its own', async (_name, source, error) => {
    const answer = await ask(source)
    expect(answer).toMatchObject({ data: {}, errors: [expect.stringContaining(error)] })
  })

  test('a loop inside of the engine: the thread is replaced, and the others of the batch are answered', async () => {
    const stuck = `function decodeUplink() { return { data: Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1) } }`
    const before = worker.state.replaced.timeout
    const [first, hung, last] = await Promise.all([
      ask(HONEST, {}, 'before'),
      ask(stuck, {}, 'stuck'),
      ask(HONEST, {}, 'after'),
    ])
    expect(hung).toMatchObject({
      data: {},
      fault: 'codec-timeout',
      errors: ['did not come back within 1500 ms'],
    })
    expect([first.data, last.data]).toEqual([
      { sum: 258, n: 1 },
      { sum: 258, n: 1 },
    ])
    expect(worker.state).toMatchObject({ waiting: 0, replaced: { timeout: before + 1, crash: 0 } })
  })

  test('one that meets a limit three times in a row is set aside, on that device only', async () => {
    const source = 'function decodeUplink(i) { if (i.bytes[0] === 9) for (;;) ; return { data: {} } }'
    for (let time = 0; time < 3; time++)
      expect((await ask(source, { bytes: [9] }, 'bad')).errors).toEqual(['took longer than 250 ms'])
    const begun = performance.now()
    expect(await ask(source, { bytes: [9] }, 'bad')).toMatchObject({
      fault: 'codec-timeout',
      errors: [expect.stringContaining('(set aside for ten minutes: 3 times in a row)')],
    })
    expect(performance.now() - begun).toBeLessThan(240)
    expect(await ask(source, { bytes: [1] }, 'good')).toEqual(said({}))
  })
})

describe('what a codec can reach', () => {
  test('nothing of the machine', async () => {
    const names = [
      'process',
      'require',
      'fetch',
      'setTimeout',
      'os',
      'std',
      'WebAssembly',
      'Worker',
      'performance',
      'Deno',
    ]
    const source = `function decodeUplink() { return { data: [${names.map((name) => `typeof ${name}`)}, Object.keys(globalThis).filter((k) => k !== 'decodeUplink').length] } }`
    expect((await ask(source)).data).toEqual([...names.map(() => 'undefined'), 0])
    const wayOut = `function decodeUplink() { return { data: [].constructor.constructor('return typeof process')() } }`
    expect((await ask(wayOut)).data).toBe('undefined')
    expect(await ask(`import fs from 'fs'; export function decodeUplink() {}`)).toMatchObject({
      fault: 'codec-failed',
    })
  })

  test('polluting every built-in harms nobody else, nor the form of its own answers', async () => {
    const wicked = `
      Object.prototype.polluted = 1; Array.prototype.toJSON = () => 'gone'; Array.prototype.push = null
      JSON.stringify = () => '{"data":"forged"}'; JSON.parse = () => 0; Array.isArray = () => true
      String.prototype.slice = () => 'x'; globalThis.Error = null
      function decodeUplink() { return { data: { a: 1 }, warnings: ['w'] } }`
    expect(await ask(wicked, {}, 'wicked')).toMatchObject({ warnings: ['w'], errors: [] })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    const other = `function decodeUplink(i) { return { data: { p: typeof ({}).polluted, l: [i.bytes.slice(0, 1)] } } }`
    expect(await ask(other, {}, 'other')).toEqual(said({ p: 'undefined', l: [[1]] }))
  })

  test('more devices than are kept ready only lose what they remember', async () => {
    const room = codecRoom({ limits: { contexts: 3 } })
    const seen = async (device: string) => ((await room.ask(HONEST, {}, device)).data as { n: number }).n
    for (const device of ['a', 'b', 'c', 'd', 'e']) expect(await seen(device)).toBe(1)
    expect([await seen('e'), await seen('d'), await seen('a'), await seen('e')]).toEqual([2, 2, 1, 3])
  })

  test('an engine that takes too much memory is replaced', async () => {
    const bomb = 'function decodeUplink() { const a = []; for (;;) a.push(`${a.length}`.repeat(100000)) }'
    const room = codecRoom({ limits: { memoryBytes: 64 * 1024 * 1024, decodeMs: 4000 } })
    const [bombed, honest] = await Promise.all([room.ask(bomb, {}, 'bomb'), room.ask(HONEST, {}, 'honest')])
    expect(bombed).toMatchObject({ fault: 'codec-memory' })
    expect(honest.data).toMatchObject({ sum: 258 })
    expect(room.worker.state.replaced.memory).toBe(1)
  })

  test('a queue that is full refuses, and a stopped one too', async () => {
    const room = codecRoom({ queueBound: 2 })
    const answers = await Promise.all([1, 2, 3].map((n) => room.ask(HONEST, {}, `${n}`)))
    expect(answers.map(({ fault }) => fault)).toEqual([undefined, undefined, 'codec-busy'])
    await room.worker.stop()
    expect(await room.ask(HONEST)).toMatchObject({ fault: 'codec-busy', errors: ['the agent is stopping'] })
  })
})

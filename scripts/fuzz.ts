import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from '../test/bench/machine.ts'
import { FUZZ_TARGETS, LONGEST_MS } from '../test/world/fuzz-targets.ts'
import type { FuzzFailure, FuzzMessage, FuzzResult } from './fuzz-child.ts'

/**
 * `npm run fuzz -- [--inputs 1000000] [--decoder NAME]… [--seed N]`: broken messages through every decoder and framing,
 * one after the other. Each must answer every one of them, within 2 s, without filling the memory. A JSON line each;
 * --out keeps them in test/bench/results/fuzz.jsonl, where those of other decoders stay as they are.
 */
const { values: options } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    decoder: { type: 'string', multiple: true },
    seed: { type: 'string' },
    out: { type: 'boolean', default: false },
  },
})

// What a farm's busiest decoder may keep of what it heard; the tables that are bounded are below it together.
const MAX_GROWTH_MB = 48
const MAX_HEAP_MB = 512
// Nothing is heard of a child so long only when one input takes that long.
const SILENCE_MS = 20_000
const FILE = fileURLToPath(new URL('../test/bench/results/fuzz.jsonl', import.meta.url))

type Line = {
  readonly decoder: string
  readonly isSound: boolean
  readonly why?: string
} & Partial<FuzzResult>

const inputs = Number(options.inputs)
const seed = options.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(options.seed)
const names = options.decoder ?? FUZZ_TARGETS.map(({ name }) => name)
const unknown = names.filter((name) => !FUZZ_TARGETS.some((target) => target.name === name))
if (unknown.length > 0 || !Number.isInteger(inputs) || inputs < 1 || !Number.isInteger(seed)) {
  console.error(
    unknown.length > 0
      ? `There is no decoder ${unknown.join(', ')}.\n  → One of: ${FUZZ_TARGETS.map(({ name }) => name).join(', ')}`
      : '--inputs and --seed are whole numbers.',
  )
  process.exit(2)
}

console.error(`${inputs} inputs each, seed ${seed}; at most ${LONGEST_MS} ms an input`)
let unsound = 0
for (const name of names) {
  const line = { ...(await fuzzed(name)), seed, limitMs: LONGEST_MS, ...machine() }
  if (!line.isSound) unsound++
  console.log(JSON.stringify(line))
  if (options.out) keep(line)
}
process.exit(unsound > 0 ? 1 : 0)

function fuzzed(decoder: string): Promise<Line> {
  const child = fork(
    fileURLToPath(new URL('./fuzz-child.ts', import.meta.url)),
    [decoder, String(inputs), String(seed)],
    { execArgv: ['--expose-gc', `--max-old-space-size=${MAX_HEAP_MB}`] },
  )
  const started = performance.now()
  let done = 0
  let result: FuzzResult | undefined
  let hung: string | undefined
  let watch = setTimeout(giveUp, SILENCE_MS)
  function giveUp(): void {
    hung = `an input after the ${done}th takes more than ${SILENCE_MS / 1000} s`
    child.kill('SIGKILL')
  }
  return new Promise((resolve) => {
    child.on('message', (message: FuzzMessage) => {
      clearTimeout(watch)
      watch = setTimeout(giveUp, SILENCE_MS)
      if (message.kind === 'end') {
        result = message.result
        return
      }
      done = message.done
      for (const failure of message.failures) console.error(told(decoder, failure))
      showProgress(decoder, done, performance.now() - started)
    })
    child.on('exit', (code, signal) => {
      clearTimeout(watch)
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
      const why = hung ?? (result ? faultOf(result) : `ended by ${signal ?? code} after ${done} inputs`)
      resolve({ decoder, isSound: why === undefined, ...(why === undefined ? {} : { why }), ...result })
    })
  })
}

function faultOf({ crashes, slow, heapMb: [atTenth, atEnd] }: FuzzResult): string | undefined {
  if (crashes > 0) return `${crashes} inputs were not answered`
  if (slow > 0) return `${slow} inputs took longer than ${LONGEST_MS} ms`
  if (atEnd - atTenth > MAX_GROWTH_MB) return `the heap grew from ${atTenth} to ${atEnd} MB`
  return undefined
}

function told(decoder: string, { at, what, input }: FuzzFailure): string {
  return `\n${decoder}, input ${at} (--seed ${seed} --decoder ${decoder} --inputs ${at + 1}): ${input}\n${what}`
}

function showProgress(decoder: string, done: number, ms: number): void {
  if (!process.stderr.isTTY) return
  const left = Math.round(((inputs - done) * ms) / done / 1000)
  process.stderr.write(`\r${decoder}: ${done} of ${inputs}, ${left} s left\u001b[K`)
}

/** In the place of the line that the decoder had before. */
function keep(line: Line): void {
  const before = readLines(FILE).filter(({ decoder }) => decoder !== line.decoder)
  const order = FUZZ_TARGETS.map(({ name }) => name)
  const lines = [...before, line].toSorted((a, b) => order.indexOf(a.decoder) - order.indexOf(b.decoder))
  writeFileSync(FILE, lines.map((each) => `${JSON.stringify(each)}\n`).join(''))
}

function readLines(file: string): Line[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line)
  } catch {
    return []
  }
}

import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { machine } from '../test/bench/machine.ts'

/**
 * `npm run bench -- NAME [--out] [WORD..]`: every bench of test/bench that is called NAME or NAME-something, one after
 * the other; the words are handed on to it. JSON lines, each with the machine and the versions that it was measured
 * with. --out writes them to test/bench/results/, a file for each bench, in the place of what was there.
 */
const folder = fileURLToPath(new URL('../test/bench', import.meta.url))
const benches = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length))
  .toSorted()

const [wanted, ...rest] = process.argv
  .slice(2)
  .toSorted((a, b) => Number(a === '--out') - Number(b === '--out'))
const isKept = rest.at(-1) === '--out'
const words = isKept ? rest.slice(0, -1) : rest
const chosen = benches.filter((name) => name === wanted || name.startsWith(`${wanted}-`))
if (chosen.length === 0) {
  console.error(
    `${wanted ? `There is no bench ${wanted}.` : 'Which bench?'}\n  → One of: ${benches.join(', ')}`,
  )
  process.exit(2)
}

let failed = 0
for (const name of chosen) {
  const { lines, code } = await measured(name)
  if (code !== 0) {
    failed++
    console.error(`${name} ended with ${code}`)
  } else if (isKept)
    writeFileSync(join(folder, 'results', `${name}.jsonl`), lines.map((line) => `${line}\n`).join(''))
}
process.exit(failed > 0 ? 1 : 0)

async function measured(name: string): Promise<{ lines: string[]; code: number | null }> {
  const child = spawn(process.execPath, [join(folder, `${name}.bench.ts`), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  for await (const said of createInterface(child.stdout)) {
    const figure = parsed(said)
    if (!figure) {
      console.error(said)
      continue
    }
    const line = JSON.stringify({ ...figure, ...machine() })
    console.log(line)
    lines.push(line)
  }
  return { lines, code: await ended }
}

function parsed(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

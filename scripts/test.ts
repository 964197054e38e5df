import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installTools } from './debian-tools.ts'

/** `npm test`: format and lint, types, every test. `npm test -- test/contract` runs a part of the tests only. */
const root = fileURLToPath(new URL('..', import.meta.url))
const only = process.argv.slice(2)
const counts = { passed: 0, failed: 0, skipped: 0 }
const notRun: string[] = []
const done: string[] = []

const tools = installTools(['socat', 'mosquitto', 'chromium', 'pymodbus', 'pyserial'], (line) =>
  console.log(line),
)
if (tools.missing.length > 0)
  notRun.push(`Suites that need ${tools.missing.join(', ')} did not run. To run them: ${tools.command}`)

if (only.length === 0) {
  step('format and lint', 'biome', ['check', '.'])
  step('types', 'tsc', ['--noEmit'])
}
runTests()

console.log('')
for (const line of [...done, ...notRun]) console.log(line)
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 ? 1 : 0)

function step(name: string, command: string, words: string[]): void {
  const started = performance.now()
  const { status } = spawnSync(join(root, 'node_modules/.bin', command), words, {
    cwd: root,
    stdio: 'inherit',
  })
  if (status === 0) counts.passed++
  else counts.failed++
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds(started)})`)
}

function runTests(): void {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-test-'))
  const file = join(folder, 'report.json')
  const started = performance.now()
  const { status } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', ...only, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    // What the tests leave behind goes with the folder.
    { cwd: root, stdio: 'inherit', env: { ...process.env, VUON_SOURCE_SEED: sourceSeed(), TMPDIR: folder } },
  )
  if (existsSync(file)) {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report
    counts.passed += report.numPassedTests
    counts.failed += report.numFailedTests
    counts.skipped += report.numPendingTests
    for (const { assertionResults } of report.testResults) {
      const skipped = assertionResults.filter(
        (result) => result.status === 'skipped' || result.status === 'pending',
      )
      for (const { fullName } of skipped) notRun.push(`did not run: ${fullName}`)
      for (const { meta } of assertionResults) if (meta?.done !== undefined) done.push(meta.done)
    }
  }
  // A suite that broke while it was loaded has no test to count, but it failed.
  if (status !== 0 && counts.failed === 0) counts.failed++
  rmSync(folder, { recursive: true, force: true })
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} tests (${seconds(started)})`)
}

/** The same sources are judged by the same chance each time, changed ones by another. */
function sourceSeed(): string {
  const sum = createHash('sha256')
  const files = globSync(['*.ts', '{agent,contract,gateway,scripts,test}/**/*.ts'], { cwd: root }).sort()
  for (const file of files) sum.update(file).update(readFileSync(join(root, file)))
  return String(sum.digest().readUInt32LE() % 2 ** 31)
}

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  /** `meta.done`: how much of it fitted into the time, where that differs from run to run. */
  testResults: { assertionResults: { fullName: string; status: string; meta?: { done?: string } }[] }[]
}

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`
}

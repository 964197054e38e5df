import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

/** What a program says that is loaded so, and whether it needed Node's own stripper for that. */
async function started(cache: string): Promise<{ said: string; hasStripper: boolean }> {
  const tell = `process.on('exit', () => console.error(process.moduleLoadList.includes('NativeModule internal/deps/amaro/dist/index')))`
  const { stdout, stderr } = await run(
    process.execPath,
    [
      ...['--import', pathOf('bin/without-types.mjs'), '--import', `data:text/javascript,${tell}`],
      ...[pathOf('agent/main.ts'), '--version'],
    ],
    { env: { ...process.env, NODE_COMPILE_CACHE: cache, NODE_DISABLE_COMPILE_CACHE: '1' } },
  )
  return { said: stdout.trim(), hasStripper: stderr.includes('true') }
}

describe('the modules of a program that runs for months', () => {
  const version = (JSON.parse(readFileSync(pathOf('package.json'), 'utf8')) as { version: string }).version

  it('are stripped once, by another process, and again where the power cut one off', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'vuon-stripped-'))
    onTestFinished(() => rmSync(cache, { recursive: true, force: true }))
    expect(await started(cache)).toEqual({ said: version, hasStripper: false })
    const source = readFileSync(pathOf('agent/main.ts'), 'utf8')
    const name = createHash('sha256').update(`${process.version}\n${source}`).digest('hex')
    const file = join(cache, 'stripped', name)
    const whole = readFileSync(file, 'utf8')
    truncateSync(file, whole.length / 2)
    expect(await started(cache)).toEqual({ said: version, hasStripper: false })
    expect(readFileSync(file, 'utf8')).toBe(whole)
    expect(readdirSync(join(cache, 'stripped')).every((each) => /^[0-9a-f]{64}$/.test(each))).toBe(true)
  })

  it('load as they ever did where nothing can be kept', async () => {
    expect(await started(join(pathOf('package.json'), 'nowhere'))).toEqual({
      said: version,
      hasStripper: true,
    })
  })
})

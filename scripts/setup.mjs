// The one plain-JavaScript file: it runs on whatever Node the machine has (from 20), installs what the lock file
// says, and goes on with the Node 24 of this repository:  node scripts/setup.mjs [SCRIPT.ts ARGUMENTS..]
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const stamp = join(modules, '.vuon-lock')
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('Installing what package-lock.json names (about 20 s, 500 MB) …')
  const started = Date.now()
  // `npm run` says which npm it is; without that, the one in PATH.
  const npm = process.env['npm_execpath']
  const [command, before] = npm ? [process.execPath, [npm]] : ['npm', []]
  // Packages ask for Node 24, which this very step brings: the warnings about the machine's own Node say nothing.
  const done = spawnSync(command, [...before, 'ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (done.status !== 0) {
    console.error(
      'npm ci failed.\n  → Is the registry reachable? Mend what npm says above and run the command again.',
    )
    process.exit(done.status ?? 1)
  }
  writeFileSync(stamp, lock)
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`)
}

const [script, ...rest] = process.argv.slice(2)
if (script) {
  const own = join(modules, '.bin', 'node')
  const node = existsSync(own) ? own : process.execPath
  const version = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout?.trim() ?? ''
  if (Number(version.split('.')[0]) < 24) {
    console.error(
      `Vuon runs on Node 24 or newer; this machine has ${version || 'none'}, and no Node 24 is packaged for ${process.platform}-${process.arch}.\n` +
        '  → Install Node 24 (nodejs.org, brew install node@24) and run the command again.',
    )
    process.exit(1)
  }
  const child = spawn(node, [join(root, script), ...rest], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${join(modules, '.bin')}:${process.env['PATH'] ?? ''}` },
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}

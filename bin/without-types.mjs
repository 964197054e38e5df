/**
 * What `vuon-agent run` loads: its modules without their types, from files that were stripped before.
 *
 *   node --import ./bin/without-types.mjs agent/main.ts …     loads them so; strips what is new in a process of its own
 *   node ./bin/without-types.mjs                              strips every module of the agent
 *
 * A box starts in seconds and runs for months. Node's stripper stays in memory for as long as the program runs that used it
 * (12 MB), and so does every entry of the compile cache that spares it (11 MB); without both a start takes an eighth longer.
 * Types become blanks: lines and columns of errors are those of the files that people read. In plain JavaScript, since
 * nothing strips the stripper.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const self = fileURLToPath(import.meta.url)
const root = fileURLToPath(new URL('../', import.meta.url))
const rooms = ['agent', 'contract'].map((name) => join(root, name))
const folder = join(process.env['NODE_COMPILE_CACHE'] ?? join(root, 'node_modules/.cache/vuon'), 'stripped')

// A second on a server, and some ten on a board with a worn card. A start waits for it.
const PATIENCE_MS = 60_000

/** Once a start, when the first module is met that was changed since. */
let isAsked = false

// zod brings what it says in 63 languages, and speaks English unless it is asked: 0.7 MB that nobody asks for.
const FOREIGN_WORDS = /\/node_modules\/zod\/v4\/locales\/(?!en\.js|index\.js)[\w-]+\.js$/

function load(url, context, nextLoad) {
  if (FOREIGN_WORDS.test(url))
    return { format: 'module', source: 'export default undefined', shortCircuit: true }
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context)
  const path = fileURLToPath(url)
  if (!rooms.some((room) => path.startsWith(room))) return nextLoad(url, context)
  const name = nameOf(readFileSync(path, 'utf8'))
  const source = kept(name) ?? (askForAll() ? kept(name) : undefined)
  // With no folder to write to, Node strips as it does without us.
  return source === undefined ? nextLoad(url, context) : { format: 'module', source, shortCircuit: true }
}

function askForAll() {
  if (isAsked) return false
  isAsked = true
  try {
    execFileSync(process.execPath, ['--no-warnings', self], { stdio: 'ignore', timeout: PATIENCE_MS })
    return true
  } catch {
    return false
  }
}

/** What does not have the checksum that it begins with was being written when the power went. */
function kept(name) {
  try {
    const [, checksum, text] = /^(\w+)\n(.*)$/s.exec(readFileSync(join(folder, name), 'utf8')) ?? []
    return text !== undefined && checksum === sha256(text) ? text : undefined
  } catch {
    return undefined
  }
}

function stripAll() {
  mkdirSync(folder, { recursive: true })
  const sources = rooms.flatMap(modulesIn).map((path) => readFileSync(path, 'utf8'))
  const names = new Set(sources.map(nameOf))
  for (const source of sources) {
    const name = nameOf(source)
    if (kept(name) !== undefined) continue
    const text = stripTypeScriptTypes(source)
    const written = join(folder, `${name}.${process.pid}`)
    writeFileSync(written, `${sha256(text)}\n${text}`)
    renameSync(written, join(folder, name))
  }
  // What an update left behind; not what another start is writing just now.
  for (const name of readdirSync(folder))
    if (!name.includes('.') && !names.has(name)) rmSync(join(folder, name), { force: true })
}

const modulesIn = (room) =>
  readdirSync(room, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(room, name))

/** Another Node may strip in another way. */
const nameOf = (source) => sha256(`${process.version}\n${source}`)

function sha256(text) {
  return createHash('sha256').update(text).digest('hex')
}

if (process.argv[1] === self) stripAll()
else registerHooks({ load })

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LANGUAGES } from '#contract/ground/messages.ts'

/** The conventions of the repository, as a test: who may import whom, banned calls, unused files, translations. */
const root = resolve(import.meta.dirname, '..')
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file && existsSync(join(root, file)))
const sources = tracked.filter((file) => /\.(ts|mjs)$/.test(file))
const textOf = new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

interface Import {
  readonly from: string
  readonly to: string
  readonly what: string
}

const imports: Import[] = sources.flatMap((file) =>
  [...(textOf.get(file) ?? '').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(([, what = '']) => ({
    from: file,
    what,
    to: what.startsWith('#contract/')
      ? what.slice(1)
      : what.startsWith('.')
        ? relative(root, resolve(root, dirname(file), what))
        : what,
  })),
)

const roomOf = (file: string): string => file.split('/').slice(0, 2).join('/')
const isIn = (file: string, ...folders: string[]): boolean =>
  folders.some((folder) => file === folder || file.startsWith(`${folder}/`))
const AGENT_ROOMS = [
  'bus',
  'devices',
  'readings',
  'journal',
  'vision',
  'crop',
  'advice',
  'farm-book',
  'labels',
  'page',
  'sync',
  'health',
  'notices',
  'announce',
]
// What a room of the gateway may import beside itself and contract.
const GATEWAY_WALLS: Record<string, readonly string[]> = {
  store: [],
  log: ['store'],
  projections: ['store', 'log'],
  intake: ['log', 'store'],
  trace: ['log', 'store', 'accounts'],
  accounts: ['log', 'store'],
  insight: ['log', 'store', 'accounts'],
  'open-data': ['log', 'store'],
  api: ['insight', 'trace', 'accounts'],
  web: ['insight', 'trace', 'accounts'],
}
const CONTRACT_ORDER = ['ground', 'wire', 'trace']

/** Why an import is not allowed; undefined when it is. */
function breach({ from, to }: Import): string | undefined {
  if (isIn(from, 'scripts', 'test')) return undefined
  if (isIn(to, 'scripts', 'test')) return 'nothing imports scripts or test'
  if (isIn(from, 'agent') && isIn(to, 'gateway')) return 'the agent never imports the gateway'
  if (isIn(from, 'gateway') && isIn(to, 'agent')) return 'the gateway never imports the agent'
  if (isIn(from, 'contract')) {
    if (isIn(to, 'agent', 'gateway')) return 'contract imports neither program'
    if (to.startsWith('node:') && !isIn(from, 'contract/ground/node'))
      return 'node: only in contract/ground/node'
    const [own, other] = [from, to].map((file) => CONTRACT_ORDER.indexOf(file.split('/')[1] ?? ''))
    if (isIn(to, 'contract') && own! >= 0 && other! > own!) return 'trace → wire → ground, never back'
    if (isIn(to, 'contract/ground/node') && !isIn(from, 'contract/ground/node')) return 'browsers run this'
  }
  const room = from.split('/')[1] ?? ''
  if (isIn(from, 'agent') && AGENT_ROOMS.includes(room) && from.split('/').length > 2 && isIn(to, 'agent')) {
    if (roomOf(to) === roomOf(from)) return undefined
    if (room === 'devices' && isIn(to, 'agent/bus')) return undefined
    return 'siblings of the agent do not import each other; agent.ts hands them what they need'
  }
  if (isIn(from, 'agent/vision/worker') && isIn(to, 'agent') && !isIn(to, 'agent/vision/worker'))
    return 'the vision worker is a process of its own'
  if (
    isIn(from, 'gateway') &&
    from.split('/').length > 2 &&
    isIn(to, 'gateway') &&
    roomOf(to) !== roomOf(from)
  ) {
    const allowed = GATEWAY_WALLS[room] ?? []
    if (!allowed.includes(to.split('/')[1] ?? ''))
      return `gateway/${room} may import ${allowed.join(', ') || 'nothing'}`
  }
  if (/\/config\.ts$/.test(to) && isIn(to, 'agent', 'gateway') && to.split('/').length === 2) {
    const isComposer = from.split('/').length === 2 || isIn(from, 'agent/command')
    if (!isComposer) return 'config.ts is imported by what composes the program only'
  }
  return undefined
}

describe('who may import whom', () => {
  test('no import crosses a wall', () => {
    const breaches = imports.flatMap((each) => {
      const why = breach(each)
      return why ? [`${each.from} → ${each.to}: ${why}`] : []
    })
    expect(breaches).toEqual([])
  })

  test('every import of ours leads to a file', () => {
    const ours = imports.filter(({ what }) => what.startsWith('.') || what.startsWith('#contract/'))
    expect(
      ours.filter(({ to }) => !existsSync(join(root, to))).map(({ from, to }) => `${from} → ${to}`),
    ).toEqual([])
  })

  test('the check sees a breach', () => {
    const example = (from: string, to: string) => breach({ from, to, what: to })
    expect(example('agent/page/home.ts', 'agent/journal/journal.ts')).toContain('siblings')
    expect(example('gateway/web/farm.ts', 'gateway/store/open-store.ts')).toContain('may import')
    expect(example('contract/wire/batch.ts', 'node:fs')).toContain('node:')
    expect(example('contract/ground/bytes.ts', 'contract/wire/batch.ts')).toContain('never back')
    expect(example('agent/devices/x.ts', 'agent/bus/byte-line.ts')).toBeUndefined()
  })
})

describe('banned calls', () => {
  const BANNED: readonly { what: RegExp; instead: string; except: readonly string[] }[] = [
    {
      what: /\bDate\.now\(|\bnew Date\(\)/,
      instead: 'take a Clock: clock.wallMs()',
      except: [
        'contract/ground/node/system-clock.ts',
        'scripts',
        'test',
        'agent/page/browser',
        'gateway/web/browser',
      ],
    },
    {
      what: /\bset(?:Timeout|Interval)\(/,
      instead: 'clock.after or every(clock, …)',
      except: [
        'contract/ground/node/system-clock.ts',
        'scripts',
        'test',
        'agent/command/run.ts',
        'agent/vision/worker',
        'agent/page/browser',
        'gateway/web/browser',
      ],
    },
    {
      what: /\bMath\.random\b/,
      instead: 'take a Random',
      except: ['scripts', 'test', 'agent/command', 'gateway/main.ts'],
    },
    {
      what: /\bprocess\.exit\(/,
      instead: 'process.exitCode, or throw',
      except: [
        'scripts',
        'test',
        'agent/main.ts',
        'agent/command/run.ts',
        'gateway/main.ts',
        'agent/vision/worker',
      ],
    },
    {
      what: /\bconsole\.log\(/,
      instead: 'the logger, or an answer',
      except: ['scripts', 'test', 'agent/main.ts', 'gateway/main.ts'],
    },
    { what: /\bvi\.mock\(/, instead: 'hand in what the code needs', except: ['test/tidy.test.ts'] },
    { what: /\.innerHTML\s*=/, instead: 'textContent, or replaceWith of parsed nodes', except: ['test'] },
  ]

  test.each(BANNED)('$what is not called ($instead)', ({ what, except }) => {
    const found = sources
      .filter((file) => !isIn(file, ...except))
      .flatMap((file) =>
        (textOf.get(file) ?? '')
          .split('\n')
          .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
          .filter(({ line }) => what.test(line) && !/^\s*(\/\/|\*)/.test(line))
          .map(({ at, line }) => `${at} ${line.trim()}`),
      )
    expect(found).toEqual([])
  })
})

describe('files', () => {
  // What a person, a tool, the browser or another process starts, rather than an import.
  const ENTRIES = [
    /^(agent|gateway)\/main\.ts$/,
    /^scripts\/[^/]+\.(ts|mjs)$/,
    /^bin\/[^/]+\.mjs$/,
    /\.(test|soak)\.ts$/,
    /^test\/bench\//,
    /^test\/world\/slaves\//,
    /\/browser\/[^/]+\.ts$/,
    /-(worker|child)\.ts$/,
    /\/worker\/main\.ts$/,
    /^vitest(\.soak)?\.config\.ts$/,
    /^test\/world\/properties\.ts$/,
    /^models\/training\//,
  ]

  test('every file is imported by something, or started by somebody', () => {
    const imported = new Set(imports.map(({ to }) => to))
    const unused = sources.filter((file) => !imported.has(file) && !ENTRIES.some((entry) => entry.test(file)))
    expect(unused).toEqual([])
  })

  test('names are in kebab-case', () => {
    const odd = sources.filter((file) => !/^[a-z0-9.-]+$/.test(file.split('/').at(-1) ?? ''))
    expect(odd).toEqual([])
  })

  test('no file is called after nothing', () => {
    const empty = /(^|[-/])(utils?|helpers?|common|manager|services?|misc)([-.]|$)/
    expect(sources.filter((file) => empty.test(file) && file !== 'test/world/real-services.ts')).toEqual([])
  })

  test('nothing is left unfinished', () => {
    const marks = new RegExp(['TO', 'DO\\b|FIX', 'ME\\b|\\bX', 'XX\\b|\\.only\\('].join(''))
    const found = sources.filter((file) => file !== 'test/tidy.test.ts' && marks.test(textOf.get(file) ?? ''))
    expect(found).toEqual([])
  })

  test('no path of one machine and no registry is named', () => {
    const texts = tracked.filter((file) => /\.(ts|mjs|md|json|ya?ml|sh|css)$|^\.ci\/|^bin\//.test(file))
    const found = texts.filter((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      return (
        text.includes(`${dirname(root)}/`) ||
        /registry\.npmjs|"resolved":/.test(file === 'test/tidy.test.ts' ? '' : text)
      )
    })
    expect(found).toEqual([])
  })

  test('the lock file names every optional package that its packages list, so that npm ci takes it', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>
    }
    const absent = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
      ),
    )
    expect(absent).toEqual([])
  })
})

describe('sentences for people', () => {
  const rooms = sources.filter((file) => /messages\.ts$/.test(file) && !isIn(file, 'contract', 'test'))

  test('there are some', () => expect(rooms.length).toBeGreaterThan(2))

  test.each(rooms)('%s says the same in each language', async (file) => {
    const room = (await import(join(root, file))) as Record<string, unknown>
    for (const [name, said] of Object.entries(room)) {
      const tables = (said as { tables?: Record<string, Record<string, string>> } | null)?.tables
      if (!tables) continue
      for (const language of LANGUAGES)
        expect(Object.keys(tables[language] ?? {}), name).toEqual(Object.keys(tables['vi'] ?? {}))
      for (const key of Object.keys(tables['vi'] ?? {})) {
        const holes = Object.values(tables).map((table) =>
          [...(table[key] ?? '').matchAll(/\{\w+\}/g)].map(String).sort(),
        )
        for (const each of holes) expect(each, `${file} ${key}`).toEqual(holes[0])
        for (const table of Object.values(tables)) expect(table[key], `${file} ${key}`).not.toBe('')
      }
      const vi = Object.values(tables['vi'] ?? {}).join('')
      expect(vi, `${file}: Vietnamese is written composed (NFC)`).toBe(vi.normalize('NFC'))
    }
  })
})

import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VuonError } from '#contract/ground/errors.ts'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/**
 * A browser module together with what it uses of the modules that it imports, as one file: a dozen small modules stand
 * behind what checks a lot, each of which would be a request on a bad link, and whoever saves a proof wants one file
 * beside it. Each module becomes a function that runs once and gives out what others use of it; nothing is renamed.
 *
 * `instead` names modules of which the browser needs less. An `import()` stays as it is. Throws VuonError `internal` for
 * a form of import or export that our modules do not have.
 */
export function linkedModule(path: string, instead: Readonly<Record<string, string>> = {}): string {
  const modules = new Map<string, Module>()
  const order: Module[] = []
  const load = (file: string): Module => {
    const known = modules.get(file)
    if (known) return known
    const module = readModule(file, instead)
    modules.set(file, module)
    for (const { from } of module.imports.values()) load(from)
    order.push(module)
    return module
  }
  const entry = load(resolve(ROOT, path))
  const need = (module: Module, name: string): void => {
    const parts = module.parts.filter((part) => part.name === name && !part.isNeeded)
    for (const part of parts) {
      part.isNeeded = true
      for (const [word] of part.text.matchAll(/[A-Za-z_$][\w$]*/g)) {
        const imported = module.imports.get(word)
        if (imported) need(load(imported.from), imported.name)
        else if (word !== name) need(module, word)
      }
    }
  }
  for (const { name } of entry.parts.filter(({ name, isExported }) => name === '' || isExported))
    need(entry, name)
  const used = order.filter(({ parts }) => parts.some(({ isNeeded }) => isNeeded))
  const nameOf = (module: Module): string => `m${used.indexOf(module)}`
  return used
    .map((module) => {
      const body = bodyOf(module, (file) => nameOf(load(file)))
      const given = module.parts.filter(({ isNeeded, isExported }) => isNeeded && isExported)
      const names = given.map(({ name }) => name).join(',')
      return module === entry
        ? `${body}\nexport{${names}};\n`
        : `const ${nameOf(module)}=(()=>{\n${body}\nreturn{${names}}})();`
    })
    .join('\n')
}

/** The text of a module and of all that it imports, types too: what says whether a linked file is still the same. */
export function sourcesOf(path: string, known = new Set<string>()): string {
  const file = resolve(ROOT, path)
  if (known.has(file)) return ''
  known.add(file)
  const text = readFileSync(file, 'utf8')
  const imported = [...text.matchAll(/(?:\bfrom |\bimport\()'([#.][^']+)'/g)]
  return text + imported.map(([, what = '']) => sourcesOf(fileOf(file, what), known)).join('')
}

const fileOf = (file: string, what: string): string =>
  what.startsWith('#') ? join(ROOT, what.slice(1)) : resolve(dirname(file), what)

interface Module {
  /** By the name that it has in this module. */
  readonly imports: ReadonlyMap<string, { readonly from: string; readonly name: string }>
  /** In the order of the source. */
  readonly parts: Part[]
}

/** A declaration of the module, or (without a name) a statement that does something. */
interface Part {
  readonly name: string
  readonly isExported: boolean
  readonly text: string
  isNeeded: boolean
}

const IMPORT = /^import\s+\{([^}]*)\}\s+from\s+'([^']+)';?$/gm
const DECLARATION = /^(export )?((?:async )?function|const|let|class) (\w+)/

function readModule(file: string, instead: Readonly<Record<string, string>>): Module {
  const imports = new Map<string, { from: string; name: string }>()
  const text = stripTypeScriptTypes(readFileSync(file, 'utf8'), { mode: 'transform' })
  const rest = text.replaceAll(IMPORT, (_, names: string, what: string) => {
    if (!/^(#contract\/|\.)/.test(what))
      throw new VuonError('internal', `${file} imports ${what}, which no browser has.`)
    const from = fileOf(file, what)
    const other = instead[from.slice(ROOT.length + 1)]
    for (const each of names.split(',')) {
      const [name = '', local = name] = each.trim().split(/\s+as\s+/)
      if (name) imports.set(local, { from: other ? join(ROOT, other) : from, name })
    }
    return ''
  })
  // What is declared at the top begins at the margin; what belongs to it is indented, or closes it.
  const parts = rest.split(/\n(?=[^\s})\]])/).map((part): Part => {
    const match = DECLARATION.exec(part)
    const isNamed = match !== null
    const plain = part
      .split('\n')
      .filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line))
      .map((line) => line.trim())
      .filter(Boolean)
      .join('\n')
    return {
      name: match?.[3] ?? '',
      isExported: match?.[1] !== undefined,
      text: isNamed ? plain.replace(/^export /, '') : plain,
      isNeeded: false,
    }
  })
  for (const { text: part } of parts)
    if (/^(import|export)\b(?!\s*\()/.test(part))
      throw new VuonError('internal', `${file} imports or exports in a way that cannot be linked.`)
  return { imports, parts: parts.filter(({ text: part }) => part !== '') }
}

function bodyOf({ imports, parts }: Module, nameOf: (file: string) => string): string {
  const kept = parts.filter(({ isNeeded }) => isNeeded).map(({ text }) => text)
  const words = new Set(kept.flatMap((text) => text.match(/[A-Za-z_$][\w$]*/g) ?? []))
  const taken = Map.groupBy(
    [...imports].filter(([local]) => words.has(local)),
    ([, { from }]) => from,
  )
  const lines = [...taken].map(([from, names]) => {
    const each = names.map(([local, { name }]) => (name === local ? name : `${name}:${local}`))
    return `const {${each.join(',')}}=${nameOf(from)};`
  })
  return [...lines, ...kept].join('\n')
}

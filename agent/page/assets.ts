import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'

const SCRIPTS = ['refresh', 'keypad', 'print'] as const
export type ScriptName = (typeof SCRIPTS)[number]

export interface LabelPaper {
  readonly widthMm: number
  readonly heightMm: number
}

interface Asset {
  readonly path: string
  readonly type: string
  readonly text: () => string | Promise<string>
}

/**
 * One stylesheet, one for the charts of the orchard and one for the farm book, three small scripts, a page rule for each label size; named by their hash, so a phone keeps them
 * until they change. Scripts are TypeScript that is stripped when somebody first wants it; a box with stripped files has
 * them as .js.
 */
export class Assets {
  readonly style: string
  readonly orchardStyle: string
  readonly bookStyle: string
  readonly #scripts = new Map<ScriptName, string>()
  readonly #papers = new Map<string, string>()
  readonly #all: Asset[] = []

  constructor(labelSizes: readonly LabelPaper[]) {
    this.style = this.#addStyle('box', 'style.css')
    this.orchardStyle = this.#addStyle('orchard', 'orchard.css')
    this.bookStyle = this.#addStyle('book', 'book.css')
    for (const name of SCRIPTS) this.#scripts.set(name, this.#addScript(name))
    // A label is a page of its own: @page can't be set in an attribute, and no style may stand in the page.
    for (const { widthMm, heightMm } of labelSizes) {
      const size = paperName({ widthMm, heightMm })
      const text = `@page{size:${widthMm}mm ${heightMm}mm;margin:0}\n`
      this.#papers.set(size, this.#add(`label-${size}`, 'css', 'text/css; charset=utf-8', text))
    }
  }

  script(name: ScriptName): string {
    return this.#scripts.get(name) as string
  }

  paper(size: LabelPaper): string {
    return this.#papers.get(paperName(size)) as string
  }

  routes(app: FastifyInstance): void {
    for (const { path, type, text } of this.#all)
      app.get(path, async (_request, reply) =>
        reply
          .header('cache-control', 'public, max-age=31536000, immutable')
          .type(type)
          .send(await text()),
      )
  }

  #addStyle(name: string, file: string): string {
    // Indentation is for us; a phone in a far corner of the orchard need not fetch it.
    const text = readFileSync(fileOf(file), 'utf8').replaceAll(/\n\s+/g, '\n')
    return this.#add(name, 'css', 'text/css; charset=utf-8', text)
  }

  #addScript(name: ScriptName): string {
    const typescript = fileOf(`browser/${name}.ts`)
    const isStripped = !existsSync(typescript)
    const source = readFileSync(isStripped ? fileOf(`browser/${name}.js`) : typescript, 'utf8')
    let text: Promise<string> | undefined
    const wanted = () => {
      text ??= isStripped ? Promise.resolve(source) : stripped(fileURLToPath(typescript))
      // One that failed is tried again by who asks next.
      text.catch(() => {
        text = undefined
      })
      return text
    }
    return this.#add(name, 'js', 'text/javascript; charset=utf-8', source, wanted)
  }

  /** Named by what it is made of. */
  #add(
    name: string,
    ending: string,
    type: string,
    source: string,
    text: Asset['text'] = () => source,
  ): string {
    const hash = createHash('sha256').update(source).digest('hex').slice(0, 12)
    const path = `/assets/${name}-${hash}.${ending}`
    this.#all.push({ path, type, text })
    return path
  }
}

/** 50x30, as in addresses. */
export const paperName = ({ widthMm, heightMm }: LabelPaper): string => `${widthMm}x${heightMm}`

/**
 * In a process of its own, which takes half a second once: Node's stripper is twenty megabytes, and they would stay for
 * as long as the box runs.
 */
async function stripped(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', '-e', STRIP, file])
  return stdout
}

const STRIP = `process.stdout.write(require('node:module').stripTypeScriptTypes(
  require('node:fs').readFileSync(process.argv[1], 'utf8')))`

const fileOf = (name: string): URL => new URL(name, import.meta.url)

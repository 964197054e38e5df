import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { linkedModule, sourcesOf } from './linked-module.ts'

/**
 * Stylesheets and browser modules, read once at start. Each is served under the hash of its content, so that a
 * browser keeps it for a year and never a stale one. TypeScript is stripped of its types, nothing is bundled.
 */
export interface Assets {
  readonly style: string
  readonly chartStyle: string
  readonly icon: string
  /** Refreshes ages and numbers; a module. */
  readonly live: string
  /** Draws the chart; a module. */
  readonly chart: string
  /** Lets a person draw on the photo of a finding; a module. */
  readonly judgeFinding: string
  /** Checks the proof of a lot in the reader's browser; a module, for pages with an element `[data-verify]`. */
  readonly verifyLot: string
  /** uPlot's classic script, which defines the global `uPlot`. */
  readonly plot: string
}

interface Served {
  readonly body: string
  readonly type: string
}

/** What a browser needs less of than a program does. */
const LIGHTER = {
  'contract/ground/errors.ts': 'gateway/web/browser/small-errors.ts',
  'contract/trace/check-details.ts': 'gateway/web/browser/no-details.ts',
}

const HERE = dirname(fileURLToPath(import.meta.url))
const JAVASCRIPT = 'text/javascript; charset=utf-8'
const CSS = 'text/css; charset=utf-8'

export function assetRoutes(app: FastifyInstance): Assets {
  const files = new Map<string, Served>()
  const add = (name: string, extension: string, body: string, type: string): string => {
    const path = `/assets/${name}.${hashOf(body)}.${extension}`
    files.set(path, { body, type })
    return path
  }
  const module = (name: string): string => {
    const stripped = stripTypeScriptTypes(readFileSync(join(HERE, 'browser', `${name}.ts`), 'utf8'))
    // A module's own imports must name the hashed files, so they are read first.
    const body = stripped.replaceAll(
      /(from\s+')\.\/([\w-]+)\.ts(')/g,
      (_, before, imported, after) => before + module(imported) + after,
    )
    return add(name, 'js', body, JAVASCRIPT)
  }
  // What checks a lot has many small modules behind it: one file, and the two that it asks for when it needs them. They
  // are named by their sources, and linked, which takes a few tenths of a second, when a browser first asks.
  const waiting = new Map<string, () => string>()
  const linked = (name: string): string => {
    const source = `gateway/web/browser/${name}.ts`
    const path = `/assets/${name}.${hashOf(sourcesOf(source))}.js`
    waiting.set(path, () =>
      linkedModule(source, LIGHTER).replaceAll(
        /(import\('\.\/)([\w-]+)\.ts/g,
        (_, before, asked) => before + basename(linked(asked)),
      ),
    )
    return path
  }
  const plotFolder = dirname(fileURLToPath(import.meta.resolve('uplot')))
  const assets = {
    style: add('style', 'css', readFileSync(join(HERE, 'style.css'), 'utf8'), CSS),
    chartStyle: add('uplot', 'css', readFileSync(join(plotFolder, 'uPlot.min.css'), 'utf8'), CSS),
    icon: add('icon', 'svg', readFileSync(join(HERE, 'icon.svg'), 'utf8'), 'image/svg+xml'),
    live: module('live'),
    chart: module('chart'),
    judgeFinding: module('judge-finding'),
    verifyLot: linked('verify-lot'),
    plot: add('uplot', 'js', readFileSync(join(plotFolder, 'uPlot.iife.min.js'), 'utf8'), JAVASCRIPT),
  }
  app.get<{ Params: { file: string } }>('/assets/:file', async (request, reply) => {
    const path = `/assets/${request.params.file}`
    const link = waiting.get(path)
    if (link && !files.has(path)) files.set(path, { body: link(), type: JAVASCRIPT })
    const found = files.get(path)
    if (!found) return reply.callNotFound()
    return reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('cross-origin-resource-policy', 'same-origin')
      .type(found.type)
      .send(found.body)
  })
  app.get('/favicon.ico', async (_request, reply) => reply.redirect(assets.icon, 302))
  return assets
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16)

export const readText = (name: string): string => readFileSync(join(HERE, name), 'utf8')

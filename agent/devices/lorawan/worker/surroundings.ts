import { installBuffer } from './byte-buffer.ts'
import { installText } from './text-coding.ts'

/**
 * What a codec finds around it beside the language itself. Each function's text is run inside of the sandbox, so it
 * may use nothing from this file. `console` is always there (and says nothing); the others where the codec's text
 * names them, because a device's context should stay small.
 */
export function surroundingsOf(source: string): string[] {
  const isNamed = (...names: string[]) => names.some((name) => new RegExp(`\\b${name}\\b`).test(source))
  const buffer = isNamed('Buffer')
  return [
    installConsole,
    ...(buffer || isNamed('atob', 'btoa', 'TextDecoder', 'TextEncoder') ? [installText] : []),
    ...(buffer ? [installBuffer] : []),
  ].map((install) => `(${install})()`)
}

/** For files that are written as CommonJS modules; tried when a file does not run without. */
export function installCommonJs() {
  const module = { exports: {} }
  const require = (name: string) => {
    if (/^(node:)?buffer$/.test(name)) return globalThis
    throw new Error(`a codec can't load "${name}"`)
  }
  Object.assign(globalThis, { module, exports: module.exports, require })
  for (const name of ['global', 'self', 'window'])
    if (!(name in globalThis)) Object.assign(globalThis, { [name]: globalThis })
}

function installConsole() {
  const silent = () => undefined
  const names = [
    'log',
    'info',
    'warn',
    'error',
    'debug',
    'trace',
    'dir',
    'table',
    'assert',
    'time',
    'timeEnd',
  ]
  const console = Object.fromEntries(names.map((name) => [name, silent]))
  Object.defineProperty(globalThis, 'console', { value: console, writable: true, configurable: true })
}

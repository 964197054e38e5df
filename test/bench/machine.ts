import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** What a figure was measured on, and with: it means nothing without. */
export const machine = () => ({
  machine: {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    // Of the last minute: more than the cores, and the figures are those of a machine that is shared.
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
  },
  versions: { node: process.version, vuon: packageVersion() },
})

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

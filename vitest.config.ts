import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Half a minute each where nothing else runs (2026-11-27), then a quarter.
const LONGEST = [
  'crash/sigkill',
  'gateway/main',
  'simulation/simulation',
  'browser/box-page',
  'agent/devices/fuzz',
  'walks/soil-reading',
  'browser/gateway-app',
  'agent/command-line',
  'agent/bus/mqtt-client',
  'agent/bus/lines',
  'agent/vision/model-commands',
  'crash/sigkill-load',
  'agent/journal/power-cut',
]

/** What takes longest begins first, so that no worker is left alone with it at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return at < 0 ? LONGEST.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/world/properties.ts'],
    // Two cores on the reference machine, and several suites start real processes: a third worker saved 3 % of the time.
    maxWorkers: 2,
    // Files of one worker share its modules: loading the gateway anew for each of a hundred files took a third of all
    // the time. What a module keeps for the whole process (statements, formats, a verified key) must bear that.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Programs that tests start keep their stripped and compiled modules, as bin/ has it: a start is half as dear.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/vuon', import.meta.url)) },
    // Of what hangs, not of what is slow: a busy machine is no fault of the code.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

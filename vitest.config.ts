import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/world/properties.ts'],
    // Two cores on the reference machine, and several suites start real processes: a third worker saved 3 % of the time.
    maxWorkers: 2,
    // Files of one worker share its modules: loading the gateway anew for each of a hundred files took a third of all
    // the time. What a module keeps for the whole process (statements, formats, a verified key) must bear that.
    isolate: false,
    // Of what hangs, not of what is slow: a busy machine is no fault of the code.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

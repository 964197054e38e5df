import { defineConfig } from 'vitest/config'

/** `npm run soak`: what takes long, or what a loaded machine may upset, and people start by hand. */
export default defineConfig({
  test: { include: ['test/**/*.soak.ts'], maxWorkers: 1, testTimeout: 120_000, hookTimeout: 60_000 },
})

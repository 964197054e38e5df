import { enableCompileCache } from 'node:module'
import type { Season } from './live-seeds.ts'

/** A process that lives the seasons it is sent, one at a time, and sends back what became of each. */
enableCompileCache()
// After that, so that both programs come from the cache.
const { liveSeason } = await import('./live-seeds.ts')

// Ctrl-C is for the process that counts: what has begun is lived to its end.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit())
process.on('message', (season: Season) => {
  liveSeason(season).then(
    (report) => process.send?.({ report }),
    (error: Error) => process.send?.({ error: error.stack ?? error.message }),
  )
})

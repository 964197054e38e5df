import fc from 'fast-check'
import { seedFromEnvironment } from './seeded.ts'

/** Properties take their examples from the seed that everything else here takes. */
fc.configureGlobal({ seed: seedFromEnvironment() })

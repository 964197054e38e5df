import { writeSync } from 'node:fs'
import { ModelLife } from '../../../agent/vision/model-life.ts'
import { checkModel } from '../../../agent/vision/worker/check-model.ts'
import { trustProvince } from './bundles.ts'

/** Installs one bundle after the other for as long as it lives, and says each version when it is in. */
const [base = '', folder = '', ...bundles] = process.argv.slice(2)
const life = new ModelLife({
  ...{ base, folder, promoteAfter: 0, log: null, check: checkModel },
  now: () => Date.now(),
  trust: () => trustProvince,
  onChange: () => {},
  onFault: (detail) => writeSync(2, detail),
  freeBytes: () => null,
})
await life.open()
writeSync(1, 'open\n')
for (const bundle of bundles) writeSync(1, `${(await life.install(bundle, 'person')).version}\n`)

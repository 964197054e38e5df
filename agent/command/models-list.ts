import { SHIPPED_MODELS } from '../vision/shipped-models.ts'
import { installedModels } from '../vision/worker/model-folder.ts'
import type { ConsoleAnswer } from './console-answer.ts'

/** `models list`. Returns whether every model there can be used. */
export function listModels(folder = SHIPPED_MODELS, say: ConsoleAnswer['say']): boolean {
  const { models, faults } = installedModels(folder)
  const listed = models.map(({ manifest, path }) => {
    const { id, version, sha256, organ, crops, screen, heads } = manifest
    const labels = heads.map(({ crop, labels: words }) => ({ crop, labels: words }))
    return { id, version, sha256, organ, crops, screen, labels, path }
  })
  const sentences = [
    ...listed.map(
      ({ id, version, organ, crops, sha256 }) =>
        `${id} ${version}  ${organ} of ${crops.join(', ')}  sha256 ${sha256.slice(0, 16)}…`,
    ),
    ...faults.map((fault) => `${fault.folder} can't be used: ${fault.detail}`),
  ]
  say({ models: listed, faults }, sentences.join('\n') || `There is no model in ${folder}.`)
  return faults.length === 0
}

import type { Eyes } from '../../../agent/photo-desk.ts'
import { checkModel } from '../../../agent/vision/worker/check-model.ts'
import { OpenModels } from '../../../agent/vision/worker/disease-model.ts'
import { examinePhoto } from '../../../agent/vision/worker/examine-photo.ts'
import { type Lineup, modelFor, modelsOf } from '../../../agent/vision/worker/model-folder.ts'
import type { PhotoAnswer, PhotoRequest } from '../../../agent/vision/worker/photo-answer.ts'

/** What the vision process does, in this one: to start processes for every photo would take most of a test's time. */
export class InlineEyes implements Eyes {
  #lineup: Lineup = { folder: '', active: [], shadow: [] }
  #open = new OpenModels()

  readonly state: Eyes['state'] = {
    ...{ pid: null, waiting: 0, examined: 0, kills: { timeout: 0, memory: 0, crash: 0 } },
    heat: { tempC: null, isTooHot: false },
  }

  lineUp(lineup: Lineup): void {
    this.#lineup = lineup
    this.#open = new OpenModels()
  }

  examine(request: PhotoRequest): Promise<PhotoAnswer> {
    return examinePhoto(request, async (crop, organ) => {
      const { models, shadows } = modelsOf(this.#lineup)
      const found = modelFor(request.isForShadow ? shadows : models, crop, organ)
      return found && this.#open.model(found, crop)
    })
  }

  examineBehind(request: PhotoRequest): Promise<PhotoAnswer> {
    return this.examine({ ...request, isForShadow: true })
  }

  check = checkModel

  async stop(): Promise<void> {}
}

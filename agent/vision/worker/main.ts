import { writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { checkModel } from './check-model.ts'
import { OpenModels } from './disease-model.ts'
import { examinePhoto } from './examine-photo.ts'
import { type InstalledModel, type Lineup, modelFor, modelsOf } from './model-folder.ts'
import type { CheckRequest, PhotoRequest } from './photo-answer.ts'
import type { ModelShelf } from './photo-model.ts'

/**
 * The process that decodes what strangers send: one request {file path, crop, organ} in, one JSON answer out. It has
 * no database, no bus and no network, and is killed and started again when it takes too long or too much memory.
 */

// Of all that libvips can read, only what cameras write: no SVG, PDF, TIFF, or ImageMagick behind it.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegFile',
    'VipsForeignLoadPngFile',
    'VipsForeignLoadWebpFile',
    'VipsForeignLoadHeifFile',
  ],
})
// One photo at a time on a box that has other things to do; nothing is asked for twice.
sharp.concurrency(1)
sharp.cache(false)

try {
  // When the memory ends, the kernel should take this process and not the one that holds the journal.
  writeFileSync('/proc/self/oom_score_adj', '1000')
} catch {
  // Not Linux, or not allowed: the agent watches our memory too.
}

// Where the models lie is the only word that the agent gives this process; without it nothing is judged.
const [, , lineup = '{"folder":"","active":[],"shadow":[]}'] = process.argv
const { models, shadows } = modelsOf(JSON.parse(lineup) as Lineup)
const shelfOf =
  (from: readonly InstalledModel[], open: OpenModels): ModelShelf =>
  async (crop, organ) => {
    const found = modelFor(from, crop, organ)
    if (found && from === shadows) await open.ready(found)
    return found && open.model(found, crop)
  }
const shown = shelfOf(models, new OpenModels())
// Closed after each look: those that answer stay open, and beside them is room for one.
const openBehind = new OpenModels()
const behind = shelfOf(shadows, openBehind)

process.on('message', (request: PhotoRequest | CheckRequest) => {
  const answer =
    'check' in request
      ? checkModel(request.check)
      : request.isForShadow
        ? examinePhoto(request, behind).finally(() => openBehind.close())
        : examinePhoto(request, shown)
  void answer.then((each) => process.send?.(each))
})
// Without the agent nobody waits for an answer.
process.on('disconnect', () => process.exit(0))

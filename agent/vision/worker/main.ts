import { writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { OpenModels } from './disease-model.ts'
import { examinePhoto } from './examine-photo.ts'
import { installedModels, modelFor } from './model-folder.ts'
import type { PhotoRequest } from './photo-answer.ts'
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

// The folder of the models is the only word that the agent gives this process; without it nothing is judged.
const [, , folder = ''] = process.argv
const { models } = installedModels(folder)
const open = new OpenModels()
const shelf: ModelShelf = async (crop, organ) => {
  const found = modelFor(models, crop, organ)
  return found && open.model(found, crop)
}

process.on('message', (request: PhotoRequest) => {
  void examinePhoto(request, shelf).then((answer) => process.send?.(answer))
})
// Without the agent nobody waits for an answer.
process.on('disconnect', () => process.exit(0))

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { OpenModels } from '../../agent/vision/worker/disease-model.ts'
import { type DrawnPhoto, draw } from '../../agent/vision/worker/drawn-photo.ts'
import { examinePhoto } from '../../agent/vision/worker/examine-photo.ts'
import { type InstalledModel, installedModels } from '../../agent/vision/worker/model-folder.ts'
import { openSession } from '../../agent/vision/worker/model-session.ts'

/**
 * What this processor makes of the models: a JSON line for each case (logits) and for each photo of the folder that is
 * given, decoded, measured and judged as the box does it. Started on two processors, and the lines compared.
 */
const [photos = ''] = process.argv.slice(2)
const say = (line: object): void => console.log(JSON.stringify(line))
sharp.concurrency(1)
sharp.cache(false)
say({ what: 'runs', node: process.version, arch: process.arch })
const { models } = installedModels(join(import.meta.dirname, '../../models'))
const open = new OpenModels()
for (const installed of models) {
  await sayCases(installed)
  for (const name of readdirSync(photos).toSorted()) await sayPhoto(installed, name)
}

async function sayCases(installed: InstalledModel): Promise<void> {
  const folder = join(installed.path, '..', 'cases')
  const session = await openSession(installed)
  for (const file of readdirSync(folder).toSorted()) {
    const { photo, expected, tolerance } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
      photo: DrawnPhoto
      expected: Record<string, number[]>
      tolerance: number
    }
    const { widthPx, heightPx } = photo
    const said = await session.run({ widthPx, heightPx, rgb: draw(photo) })
    const logits = Object.fromEntries(
      Object.keys(expected).map((each) => [each, [...(said[each]?.values ?? [])]]),
    )
    say({ what: 'case', model: installed.manifest.id, file, tolerance, expected, logits })
  }
  await session.close()
}

async function sayPhoto(installed: InstalledModel, name: string): Promise<void> {
  const { organ, crops, id } = installed.manifest
  for (const crop of crops) {
    const request = { path: join(photos, name), crop, organ, keep: false }
    const answer = await examinePhoto(request, async () => open.model(installed, crop))
    if (answer.kind !== 'photo')
      say({ what: 'photo', model: id, crop, name, verdict: answer.reason, labels: [] })
    else {
      const { verdict, abstained, labels } = answer.diagnosis
      say({ what: 'photo', model: id, crop, name, verdict: verdict ?? abstained, labels })
    }
  }
}

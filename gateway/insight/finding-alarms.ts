import { sql } from 'kysely'
import { labelWords } from '#contract/wire/model-words.ts'
import type { Db } from '../store/open-store.ts'
import type { AlarmCard } from './answers.ts'
import { modelsOf } from './finding-card.ts'

/**
 * Alarms of what a model saw, with what the model calls it: boxes say it beside the alarm; of an older one it is looked
 * up by the photo that the alarm names.
 */
export async function namedFindings(
  db: Db,
  agents: readonly string[],
  alarms: AlarmCard[],
): Promise<AlarmCard[]> {
  const nameless = alarms.filter(({ rule, facts }) => rule === 'finding' && facts['nameVi'] === undefined)
  const photos = [...new Set(nameless.map(({ facts }) => String(facts['photo'] ?? '')))]
  if (nameless.length === 0) return alarms
  const { rows } = await sql<{
    agent: string
    photo: string
    crop: string
    model_sha256: string | null
  }>`SELECT
      agent, photo, crop, model_sha256 FROM finding
    WHERE agent IN (${sql.join([...agents])}) AND photo IN (${sql.join(photos)}) ORDER BY t`.execute(db)
  const found = new Map(rows.map((row) => [row.photo, row]))
  const models = await modelsOf(db, agents)
  return alarms.map((alarm) => {
    const of = nameless.includes(alarm) ? found.get(String(alarm.facts['photo'])) : undefined
    const labels = of && models.get(`${of.agent} ${of.model_sha256}`)?.labels
    const words = labels && labelWords(labels, of.crop, alarm.name)
    return words ? { ...alarm, facts: { ...alarm.facts, nameVi: words.vi, nameEn: words.en } } : alarm
  })
}

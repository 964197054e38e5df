import { VuonError } from '#contract/ground/errors.ts'
import type { ShadowFigures } from '#contract/wire/model-life.ts'
import type { AgentConfig } from '../config.ts'
import { inForceAt } from '../config-trial.ts'
import type { ModelsAnswer } from '../model-desk.ts'
import { modelsFolder } from '../photo-desk.ts'
import type { ModelLine } from '../vision/model-life.ts'
import { SHIPPED_MODELS } from '../vision/shipped-models.ts'
import { type InstalledModel, installedModels, type Lineup, modelAt } from '../vision/worker/model-folder.ts'
import { askAgent } from './ask-agent.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { beside } from './model-steps.ts'

/** `models list --models FOLDER`. Returns whether every model there can be used. */
export function listModels(folder = SHIPPED_MODELS, say: ConsoleAnswer['say']): boolean {
  const { models, faults } = installedModels(folder)
  const listed = models.map(shown)
  const sentences = [...listed.map(lineOf), ...faults.map(faultOf)]
  say({ models: listed, faults }, sentences.join('\n') || `There is no model in ${folder}.`)
  return faults.length === 0
}

/**
 * `models list` on a box: every model with what it is there, since when, and what one in the shadow has shown. Without a
 * readable config, those that came with the program.
 */
export async function listBoxModels({ loadConfig, say }: ConsoleAnswer): Promise<boolean> {
  const config = readConfig(loadConfig)
  const base = config ? modelsFolder(config.photos.models) : SHIPPED_MODELS
  if (!config || base === '') return listModels(base || SHIPPED_MODELS, say)
  const { models: shipped, faults } = installedModels(base)
  const answer =
    (await askAgent<ModelsAnswer>(config, 'GET', '/doctor/models')) ??
    (await beside(config, 'look', async (life) => ({ models: life.lines })))
  const listed = answer.models.flatMap((line) => {
    const found =
      line.from === 'program' ? shipped.find(({ manifest }) => manifest.id === line.id) : readAt(line)
    if (!found) return []
    const { state, from, since, isRejected, figures, waitsFor } = line
    const more = { state, from, since, isRejected, ...(figures ? { figures, waitsFor } : {}) }
    return [{ ...shown(found), ...more }]
  })
  const sentences = [
    ...listed.map((each) => {
      const what = `${lineOf(each)}\n    ${each.state} since ${new Date(each.since).toISOString()}, from the ${each.from}`
      const taken = each.isRejected ? '; was taken back once' : ''
      return `${what}${taken}${each.figures ? `\n    ${figuresText(each.figures, each.waitsFor ?? [])}` : ''}`
    }),
    ...faults.map(faultOf),
  ]
  say({ models: listed, faults }, sentences.join('\n') || `There is no model in ${base}.`)
  return faults.length === 0
}

/** Which models look at photos here; undefined where nothing but those of the program can. */
export async function boxLineup({ loadConfig }: ConsoleAnswer): Promise<Lineup | undefined> {
  const config = readConfig(loadConfig)
  if (!config || modelsFolder(config.photos.models) === '') return undefined
  return beside(config, 'look', async ({ lineup }) => lineup)
}

/** The command answers on a machine that is no box too. */
function readConfig(loadConfig: () => AgentConfig): AgentConfig | undefined {
  try {
    return inForceAt(loadConfig()).config
  } catch (error) {
    if (error instanceof VuonError && error.code === 'file-unreadable') return undefined
    throw error
  }
}

function readAt({ path }: ModelLine): InstalledModel | undefined {
  try {
    return modelAt(path)
  } catch {
    return undefined
  }
}

function shown({ manifest, path }: InstalledModel) {
  const { id, version, sha256, organ, crops, screen, heads } = manifest
  const labels = heads.map(({ crop, labels: words }) => ({ crop, labels: words }))
  return { id, version, sha256, organ, crops, screen, labels, path }
}

const lineOf = ({ id, version, organ, crops, sha256 }: ReturnType<typeof shown>): string =>
  `${id} ${version}  ${organ} of ${crops.join(', ')}  sha256 ${sha256.slice(0, 16)}…`

const faultOf = ({ folder, detail }: { readonly folder: string; readonly detail: string }): string =>
  `${folder} can't be used: ${detail}`

function figuresText(figures: ShadowFigures, waitsFor: readonly string[]): string {
  const { photos, judged, answered, activeAnswered, refused, bothAnswered, agreed } = figures
  const { ms, activeMs, failures, confirmed, confirmedAgreed } = figures
  const parts = [
    `${photos} photos, ${judged} judged`,
    `named something on ${answered} (the other on ${activeAnswered}), refused ${refused}`,
    `the same on ${agreed} of ${bothAnswered}`,
    `${ms ?? '–'} ms (the other ${activeMs ?? '–'} ms)`,
    ...(confirmed > 0 ? [`${confirmedAgreed} of ${confirmed} that people confirmed`] : []),
    ...(failures > 0 ? [`${failures} failures`] : []),
  ]
  return `${parts.join('; ')}${waitsFor.length > 0 ? `\n    waits for: ${waitsFor.join(', ')}` : ''}`
}

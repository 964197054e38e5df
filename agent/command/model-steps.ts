import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type ErrorCode, VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { MAX_BUNDLE_BYTES } from '#contract/trace/model-bundle.ts'
import type { AgentConfig } from '../config.ts'
import { inForceAt } from '../config-trial.ts'
import { journalPath, modelsPath } from '../data-folder.ts'
import { InlineThread } from '../journal/journal-thread.ts'
import { lifeSettings, type ModelStep, type StepAnswer, takeStep } from '../model-desk.ts'
import { modelsFolder } from '../photo-desk.ts'
import { GIVEN, ModelLife } from '../vision/model-life.ts'
import { VisionWorker } from '../vision/vision-worker.ts'
import { askAgent } from './ask-agent.ts'
import type { ConsoleAnswer } from './console-answer.ts'

/**
 * `models install|promote|rollback`. The running agent does it, so that one program decides; where none runs it is done
 * here, and the agent tells the province at its next start.
 */
export async function installModel(file: string, { loadConfig, say }: ConsoleAnswer): Promise<void> {
  const config = inForceAt(loadConfig()).config
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) throw new VuonError('file-unreadable', `There is no file ${file}.`)
  if (size > MAX_BUNDLE_BYTES)
    throw new VuonError(
      'bundle-malformed',
      `${file} has ${size} bytes; a bundle has at most ${MAX_BUNDLE_BYTES}.`,
    )
  const folder = modelsPath(config.dataDir)
  mkdirSync(folder, { recursive: true })
  // The agent runs as a user of its own, who may not read where the file lies.
  const given = join(folder, `${GIVEN}${randomBytes(6).toString('hex')}`)
  try {
    copyFileSync(file, given)
    const answer = await step(config, { kind: 'install', name: basename(given) })
    if (!('taken' in answer)) throw refusal(answer)
    const { id, version, state, cases } = answer.taken
    say(answer.taken, TAKEN[state](`${id} ${version}`, cases))
  } finally {
    rmSync(given, { force: true })
  }
}

export async function chooseModel(
  wanted: Exclude<ModelStep, { readonly kind: 'install' }>,
  { loadConfig, say }: ConsoleAnswer,
): Promise<void> {
  const answer = await step(inForceAt(loadConfig()).config, wanted)
  if (!('answers' in answer)) throw refusal(answer)
  const { id, version } = answer.answers
  say(answer.answers, `${id} ${version} looks at photos from now on.`)
}

const TAKEN: Readonly<Record<'active' | 'shadow' | 'already', (what: string, cases: number) => string>> = {
  active: (what, cases) => `${what} is installed (${cases} cases right) and looks at photos from now on.`,
  shadow: (what, cases) =>
    `${what} is installed (${cases} cases right) and runs in the shadow. Next: vuon-agent models list`,
  already: (what) => `${what} is here already; nothing was changed.`,
}

async function step(config: AgentConfig, wanted: ModelStep): Promise<StepAnswer> {
  const version = 'version' in wanted && wanted.version !== undefined ? wanted.version : ''
  const query = version === '' ? '' : `?version=${encodeURIComponent(version)}`
  const path = `/doctor/models/${encodeURIComponent(wanted.name)}/${wanted.kind}${query}`
  const answer = await askAgent<StepAnswer>(config, 'POST', path)
  if (answer) return answer
  if (isRunning(config.dataDir))
    throw new VuonError(
      'link-down',
      `The agent runs, but its page does not answer on port ${config.page.port}.`,
      {
        hint: 'Try again in a minute; see vuon-agent doctor.',
      },
    )
  return beside(config, 'command', async (life) => takeStep(life, modelsPath(config.dataDir), wanted))
}

/** Opens what was chosen while no agent runs; `look`: changes nothing, and reads the figures in the journal. */
export async function beside<T>(
  config: AgentConfig,
  why: 'command' | 'look',
  work: (life: ModelLife) => Promise<T>,
): Promise<T> {
  const journal = journalPath(config.dataDir)
  const reader = why === 'look' && existsSync(journal) ? new InlineThread(journal, { isReader: true }) : null
  const base = modelsFolder(config.photos.models)
  const worker = new VisionWorker({ clock: systemClock, models: base })
  const life = new ModelLife({
    ...lifeSettings(config),
    ...{ base, now: () => systemClock.wallMs(), onChange: () => {} },
    log: reader && {
      appendRecords: async () => {},
      records: (kind, { limit }) => reader.call('records', kind, limit),
    },
    check: (folder) => worker.check(folder),
    onFault: (detail) => console.error(detail),
  })
  try {
    await life.open(why)
    return await work(life)
  } finally {
    await worker.stop()
    await reader?.stop()
  }
}

function refusal(answer: StepAnswer): VuonError {
  if (!('refused' in answer)) return new VuonError('internal')
  const { code, message, hint } = answer.refused
  return new VuonError(code as ErrorCode, message, { hint })
}

/** Whether the process that the lock of the data folder names is there. */
function isRunning(dataDir: string): boolean {
  const path = join(dataDir, 'agent.pid')
  if (!existsSync(path)) return false
  try {
    return process.kill(Number(readFileSync(path, 'utf8')), 0)
  } catch {
    return false
  }
}

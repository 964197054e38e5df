import { basename, join } from 'node:path'
import { fromBase64 } from '#contract/ground/bytes.ts'
import { isRetryable, VuonError } from '#contract/ground/errors.ts'
import { publicKeyFromRaw } from '#contract/ground/node/crypto.ts'
import type { PublicKey } from '#contract/ground/signing.ts'
import { type Trust, trustIn } from '#contract/trace/model-bundle.ts'
import type { AgentConfig } from './config.ts'
import { enrolmentPath, modelsPath } from './data-folder.ts'
import { freeBytesOf } from './disk-share.ts'
import { readEnrolment } from './enrolment.ts'
import {
  GIVEN,
  type ModelLife,
  type ModelLifeOptions,
  type ModelLine,
  type Taken,
} from './vision/model-life.ts'

/** What people and commands ask of the box's models, in the running agent or beside a stopped one. */
export interface ModelsAnswer {
  readonly models: readonly ModelLine[]
}

export type StepAnswer =
  | { readonly taken: Taken }
  | { readonly answers: { readonly id: string; readonly version: string } }
  | { readonly refused: { readonly code: string; readonly message: string; readonly hint: string } }

export type ModelStep =
  /** `name` is that of a file in the models' folder; see `GIVEN`. */
  | { readonly kind: 'install'; readonly name: string }
  | { readonly kind: 'promote'; readonly name: string; readonly version: string | undefined }
  | { readonly kind: 'rollback'; readonly name: string }

/** What is refused is an answer here: it has to go over the page's port with its code and remedy. */
export async function takeStep(life: ModelLife, folder: string, step: ModelStep): Promise<StepAnswer> {
  try {
    switch (step.kind) {
      case 'install':
        if (!step.name.startsWith(GIVEN) || basename(step.name) !== step.name)
          throw new VuonError('input-invalid', 'Only a file in the folder of the models is taken.')
        return { taken: await life.install(join(folder, step.name), 'person') }
      case 'promote':
        return {
          answers: { id: step.name, version: (await life.promote(step.name, step.version)).version },
        }
      case 'rollback':
        return { answers: { id: step.name, version: (await life.rollBack(step.name)).version } }
    }
  } catch (error) {
    if (!(error instanceof VuonError)) throw error
    return { refused: { code: error.code, message: error.message, hint: error.hint } }
  }
}

/** A bundle that the province offered. Rejects where trying again may help. */
export async function takeOffered(
  life: ModelLife,
  file: string,
): Promise<{ readonly isIn: boolean; readonly reason: string }> {
  try {
    const { id, version, state } = await life.install(file, 'province')
    return { isIn: true, reason: `${id} ${version}: ${OFFERED[state]}` }
  } catch (error) {
    if (isRetryable(error)) throw error
    const { code, message } = error as VuonError
    return { isIn: false, reason: `${code}: ${message}` }
  }
}

const OFFERED: Readonly<Record<Taken['state'], string>> = {
  active: 'looks at photos',
  shadow: 'runs in the shadow',
  already: 'was here already',
}

/** What the life of the models is given by the config and the claim. */
export function lifeSettings(
  config: AgentConfig,
): Pick<ModelLifeOptions, 'folder' | 'trust' | 'promoteAfter' | 'freeBytes'> {
  return {
    folder: modelsPath(config.dataDir),
    trust: () => trustOf(config),
    promoteAfter: config.photos.promoteAfter,
    freeBytes: freeBytesOf,
  }
}

/** The province's key, as the box learned it when it was claimed, and the release keys of the config. */
function trustOf({ dataDir, photos }: AgentConfig): Trust | null {
  const province = readEnrolment(enrolmentPath(dataDir))?.province.publicKey
  const keys = [...(province === undefined ? [] : [province]), ...photos.releaseKeys].flatMap(
    (text): PublicKey[] => {
      try {
        return [publicKeyFromRaw(fromBase64(text))]
      } catch {
        // Of an enrolment that somebody edited; the config's were checked when it was read.
        return []
      }
    },
  )
  return keys.length === 0 ? null : trustIn(keys)
}

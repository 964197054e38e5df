import { mkdirSync } from 'node:fs'
import { VuonError } from '#contract/ground/errors.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import type { AgentConfig } from '../config.ts'
import { enrolmentPath, keyPath } from '../data-folder.ts'
import { type Enrolment, writeEnrolment } from '../enrolment.ts'
import { FetchLink } from '../sync/fetch-link.ts'
import { claim } from '../sync/province.ts'

/** Enrols this box's key with a one-time code. A running agent takes it up by itself within seconds. */
export async function claimBox(
  config: AgentConfig,
  code: string,
  gateway: string,
  program: string,
): Promise<Enrolment> {
  if (!URL.canParse(gateway) || !/^https?:$/.test(new URL(gateway).protocol)) {
    throw new VuonError('input-invalid', `${gateway} is not the address of a gateway.`, {
      hint: 'It looks like https://vuon.example',
    })
  }
  mkdirSync(config.dataDir, { recursive: true })
  const key = openKeyFile(keyPath(config.dataDir))
  const answer = await claim(new FetchLink(gateway), key, code.trim(), program)
  const enrolment = { ...answer, gateway, allocations: [...answer.allocations] }
  writeEnrolment(enrolmentPath(config.dataDir), enrolment)
  return enrolment
}

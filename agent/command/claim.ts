import { mkdirSync } from 'node:fs'
import { VuonError } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import type { ClaimAnswer } from '#contract/wire/sync-protocol.ts'
import type { AgentConfig } from '../config.ts'
import { enrolmentPath, keyPath } from '../data-folder.ts'
import { type Enrolment, readEnrolment, writeEnrolment } from '../enrolment.ts'
import { adoptClaimKey, claimKeyPath, openKeyRing } from '../key-ring.ts'
import { FetchLink } from '../sync/fetch-link.ts'
import type { Link } from '../sync/link.ts'
import { claim } from '../sync/province.ts'

/**
 * Enrols this box's key with a one-time code. A running agent takes it up by itself within seconds. `isNewBox`: under a
 * new name, for a box whose keys were revoked or lost.
 */
export async function claimBox(
  config: AgentConfig,
  code: string,
  gateway: string,
  program: string,
  isNewBox = false,
): Promise<Enrolment> {
  if (!URL.canParse(gateway) || !/^https?:$/.test(new URL(gateway).protocol)) {
    throw new VuonError('input-invalid', `${gateway} is not the address of a gateway.`, {
      hint: 'It looks like https://vuon.example',
    })
  }
  mkdirSync(config.dataDir, { recursive: true })
  return claimThrough(new FetchLink(gateway), config.dataDir, {
    code: code.trim(),
    gateway,
    program,
    isNewBox,
  })
}

/**
 * A box that was claimed before goes on under its name with a new key, so that whoever has a copy of its card is left
 * behind. Cut at any point, the same command goes on: the new key is on the card before the province hears of it.
 */
export async function claimThrough(
  link: Link,
  dataDir: string,
  options: { code: string; gateway: string; program: string; isNewBox?: boolean },
): Promise<Enrolment> {
  const { code, gateway, program, isNewBox = false } = options
  const path = keyPath(dataDir)
  const before = readEnrolment(enrolmentPath(dataDir))
  if (before?.key) adoptClaimKey(path, before.key)
  const ring = openKeyRing(path)
  const isFirst = before === null && !isNewBox
  const key = isFirst ? (ring[0] as SecretKey) : openKeyFile(claimKeyPath(path))
  const answer = await claimAs(link, { key, code, program, before: isNewBox ? null : before, ring })
  const enrolment = {
    ...answer,
    gateway,
    allocations: [...answer.allocations],
    ...(isFirst ? {} : { key: keyIdOf(key.publicRaw, sha256) }),
  }
  writeEnrolment(enrolmentPath(dataDir), enrolment)
  if (!isFirst) adoptClaimKey(path, keyIdOf(key.publicRaw, sha256))
  return enrolment
}

/** By its old name, for which one of its keys vouches; by a new one where nobody has heard of it. */
async function claimAs(
  link: Link,
  options: {
    key: SecretKey
    code: string
    program: string
    before: Enrolment | null
    ring: readonly SecretKey[]
  },
): Promise<ClaimAnswer> {
  const { key, code, program, before, ring } = options
  // The newest first: of a key that waits the province may not have heard yet, and then the one before it speaks.
  for (const voucher of before ? [...ring].reverse() : []) {
    try {
      return await claim(link, key, code, program, { agent: before?.agent ?? '', key: voucher })
    } catch (error) {
      const codeOfError = error instanceof VuonError ? error.code : undefined
      if (codeOfError === 'agent-unknown') break
      if (codeOfError !== 'signature-wrong' || voucher === ring[0]) throw error
    }
  }
  return claim(link, key, code, program)
}

import { concatBytes, fromUtf8, toHex, utf8 } from '../ground/bytes.ts'
import { VuonError } from '../ground/errors.ts'
import type { PublicKey, SecretKey, Sha256 } from '../ground/signing.ts'
import { isTarPath, readTar, type TarMember, writeTar } from '../wire/tar.ts'
import { canonicalJson } from './canonical-json.ts'

/**
 * A disease model as it travels to a box, one file:
 *
 *   index.json      id, version, and path, size and sha256 of each member; RFC 8785 JSON, nothing else in it
 *   index.sig       Ed25519 over "vuon/model-bundle/1\0" ‖ index.json, 64 bytes
 *   manifest.json   model.onnx   card.md   cases/*.json      in the order of the index
 *
 * It is a tar that any tar program opens, in the one writing that `wire/tar.ts` takes: change a byte anywhere and it is
 * no bundle any more.
 */
export interface ModelBundle {
  readonly index: BundleIndex
  /** The members that the index names, checked against it. */
  readonly members: readonly TarMember[]
  /** With these two lying beside the members a folder can be checked again. */
  readonly seal: readonly TarMember[]
}

export interface BundleIndex {
  readonly format: 'vuon/model-bundle/1'
  /** Of the model: what its manifest says. */
  readonly id: string
  readonly version: string
  readonly members: readonly BundleMember[]
}

export interface BundleMember {
  readonly path: string
  /** Hex. */
  readonly sha256: string
  readonly sizeBytes: number
}

/** 12 MB of models are what a box can fetch over a rural line; and what stands beside the weights. */
export const MAX_BUNDLE_BYTES = 13_000_000
export const MAX_BUNDLE_MEMBERS = 64
const MAX_INDEX_BYTES = 64 * 1024
const INDEX = 'index.json'
const SEAL = 'index.sig'
const PREFIX = utf8('vuon/model-bundle/1\0')
const MEMBER = /^(manifest\.json|card\.md|[\w-][\w.-]{0,60}\.onnx|cases\/[\w-][\w.-]{0,80}\.json)$/

/** What every bundle has; beside it the model itself and at least one case. */
const NEEDED = ['manifest.json', 'card.md']

/** Throws `input-invalid` for what a box would not take. */
export function sealModelBundle(
  { id, version }: { readonly id: string; readonly version: string },
  members: readonly TarMember[],
  by: { readonly key: SecretKey; readonly sha256: Sha256 },
): Uint8Array {
  const index: BundleIndex = {
    format: 'vuon/model-bundle/1',
    id,
    version,
    members: members.map(({ path, bytes }) => ({
      ...{ path, sizeBytes: bytes.length },
      sha256: toHex(by.sha256(bytes)),
    })),
  }
  const written = utf8(canonicalJson(index))
  const signature = by.key.sign(concatBytes(PREFIX, written))
  let bundle: Uint8Array
  try {
    bundle = writeTar([{ path: INDEX, bytes: written }, { path: SEAL, bytes: signature }, ...members])
    openModelBundle(bundle, { sha256: by.sha256, isTrusted: () => true })
  } catch (error) {
    throw new VuonError('input-invalid', `A box would not take this bundle: ${(error as Error).message}`, {
      cause: error,
      hint: 'The folder needs manifest.json, card.md, the .onnx file and cases/*.json, together at most 13 MB.',
    })
  }
  return bundle
}

/**
 * Checks form, signature, and every hash, in this order. Throws `bundle-malformed`, or `bundle-untrusted` when none of
 * the keys signed it.
 */
export function openModelBundle(
  bytes: Uint8Array,
  { sha256, isTrusted }: { readonly sha256: Sha256; readonly isTrusted: Trust },
): ModelBundle {
  if (bytes.length > MAX_BUNDLE_BYTES)
    throw malformed(`it has ${bytes.length} bytes; at most ${MAX_BUNDLE_BYTES}`)
  let all: TarMember[]
  try {
    all = readTar(bytes, MAX_BUNDLE_MEMBERS)
  } catch (cause) {
    throw malformed((cause as Error).message, cause)
  }
  const [first, second, ...members] = all
  if (first?.path !== INDEX || second?.path !== SEAL) throw malformed(`it does not begin with ${INDEX}`)
  const index = indexOf(first.bytes)
  if (!isTrusted(concatBytes(PREFIX, first.bytes), second.bytes)) throw new VuonError('bundle-untrusted')
  checkMembers(index, members, sha256)
  return { index, members, seal: [first, second] }
}

/** Whether a key that the box trusts made this signature over this message. */
export type Trust = (message: Uint8Array, signature: Uint8Array) => boolean

export const trustIn =
  (keys: readonly PublicKey[]): Trust =>
  (message, signature) =>
    keys.some((key) => key.verify(message, signature))

/** Whether a file begins as a bundle does: what else the province may offer is no business of a box's. */
export function looksLikeBundle(start: Uint8Array): boolean {
  return toHex(start.subarray(0, INDEX.length + 1)) === toHex(utf8(`${INDEX}\0`))
}

/** Throws `bundle-malformed` where the members are not exactly those of the index. */
export function checkMembers(index: BundleIndex, members: readonly TarMember[], sha256: Sha256): void {
  if (members.length !== index.members.length) throw malformed('its index names other members')
  for (const [at, { path, sizeBytes, sha256: named }] of index.members.entries()) {
    const member = members[at]
    if (member?.path !== path || member.bytes.length !== sizeBytes)
      throw malformed(`its index names other members than ${member?.path}`)
    if (toHex(sha256(member.bytes)) !== named) throw malformed(`${path} is not what its index says`)
  }
}

/** Reads an index; says nothing of who signed it. Throws `bundle-malformed`. */
export function indexOf(bytes: Uint8Array): BundleIndex {
  if (bytes.length > MAX_INDEX_BYTES) throw malformed('its index is too large')
  let index: BundleIndex
  try {
    const text = fromUtf8(bytes)
    index = JSON.parse(text) as BundleIndex
    if (canonicalJson(index) !== text) throw new Error('not in its one writing')
  } catch (cause) {
    throw malformed('its index can not be read', cause)
  }
  if (!hasFields(index, 'format', 'id', 'members', 'version') || index.format !== 'vuon/model-bundle/1')
    throw malformed('its index is of no kind that is known here')
  const { id, version, members } = index
  if (typeof id !== 'string' || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id) || id.length > 64)
    throw malformed('it names no model')
  if (typeof version !== 'string' || !isModelVersion(version))
    throw malformed('its version is not numbers with dots between, such as 1.2.0')
  if (!Array.isArray(members) || members.length > MAX_BUNDLE_MEMBERS) throw malformed('it names no members')
  for (const member of members) {
    if (!hasFields(member, 'path', 'sha256', 'sizeBytes')) throw malformed('a member of its index is none')
    const { path, sha256, sizeBytes } = member
    if (typeof path !== 'string' || !isTarPath(path) || !MEMBER.test(path))
      throw malformed('it has a member that no model needs')
    if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256) || !Number.isSafeInteger(sizeBytes))
      throw malformed(`${path} is without hash or size`)
  }
  const paths = members.map(({ path }) => path)
  for (const needed of NEEDED) if (!paths.includes(needed)) throw malformed(`${needed} is missing`)
  if (paths.filter((path) => path.endsWith('.onnx')).length !== 1)
    throw malformed('it has not one .onnx file')
  if (!paths.some((path) => path.startsWith('cases/')))
    throw malformed('it has no cases to check the model by')
  return index
}

const hasFields = (value: unknown, ...names: readonly string[]): boolean =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.keys(value).toSorted().join() === names.join()

const VERSION = /^(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){1,3}$/

export const isModelVersion = (version: string): boolean => VERSION.test(version)

/** Below zero when `a` is the older one; 1.10 is newer than 1.9.0, 1.2 and 1.2.0 are one. What is no version is older than any. */
export function compareModelVersions(a: string, b: string): number {
  const [left = [], right = []] = [a, b].map((each) =>
    isModelVersion(each) ? each.split('.').map(Number) : [-1],
  )
  for (let at = 0; at < 4; at++) {
    const apart = (left[at] ?? 0) - (right[at] ?? 0)
    if (apart !== 0) return apart
  }
  return 0
}

const malformed = (why: string, cause?: unknown): VuonError =>
  new VuonError(
    'bundle-malformed',
    `This is no whole bundle of a model: ${why}.`,
    cause === undefined ? {} : { cause },
  )

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromBase64 } from '#contract/ground/bytes.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { isConsistent, isIncluded } from '#contract/trace/merkle.ts'
import { sha256InScript } from '#contract/trace/sha256.ts'
import { filesIn, jsonOf, vectors } from './vectors.ts'

interface Published {
  readonly desc: string
  readonly wantErr: boolean
  readonly proof: string[] | null
}
type Inclusion = Published & { leafIdx: number; treeSize: number; root: string; leafHash: string }
type Consistency = Published & { size1: number; size2: number; root1: string; root2: string }

const bytes = (base64: string | null): Uint8Array => fromBase64(base64 ?? '')
const hashes = (proof: string[] | null): Uint8Array[] => (proof ?? []).map(bytes)

describe.each([
  ["the machine's", sha256],
  ["the browser's", sha256InScript],
])('RFC 9162 Merkle proofs with %s SHA-256', (_, hash) => {
  const folder = vectors('merkle', 98)
  if (!folder) return
  test('inclusion is accepted and refused as published', () => {
    const cases = filesIn(join(folder, 'inclusion'), '.json')
    for (const name of cases) {
      const { leafIdx, treeSize, root, leafHash, proof, desc, wantErr } = jsonOf(
        join(folder, 'inclusion', name),
      ) as Inclusion
      const claim = {
        index: leafIdx,
        size: treeSize,
        root: bytes(root),
        leafHash: bytes(leafHash),
        proof: hashes(proof),
      }
      expect(isIncluded(claim, hash), `${name}: ${desc}`).toBe(!wantErr)
    }
    expect(cases.length).toBeGreaterThan(0)
  })

  test('consistency is accepted and refused as published', () => {
    const cases = filesIn(join(folder, 'consistency'), '.json')
    for (const name of cases) {
      const { size1, size2, root1, root2, proof, desc, wantErr } = jsonOf(
        join(folder, 'consistency', name),
      ) as Consistency
      const claim = { size1, size2, root1: bytes(root1), root2: bytes(root2), proof: hashes(proof) }
      expect(isConsistent(claim, hash), `${name}: ${desc}`).toBe(!wantErr)
    }
    expect(cases.length).toBeGreaterThan(0)
  })
})

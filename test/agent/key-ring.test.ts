import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { openKeyFile } from '#contract/ground/node/key-file.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import { registerKeyCommands } from '../../agent/command/key-commands.ts'
import { type AgentConfig, agentConfigSchema } from '../../agent/config.ts'
import { keyPath } from '../../agent/data-folder.ts'
import {
  adoptClaimKey,
  claimKeyPath,
  dropOldestKey,
  keyRingVersion,
  makeNextKey,
  openKeyRing,
} from '../../agent/key-ring.ts'

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const ids = (path: string) => openKeyRing(path).map(({ publicRaw }) => keyIdOf(publicRaw, sha256))
const mode = (path: string) => statSync(path).mode & 0o777

describe('the key ring', () => {
  it('of a new box has one key, which nobody else may read', () => {
    const path = keyPath(dataFolder())
    expect(ids(path)).toHaveLength(1)
    expect(ids(path)).toEqual(ids(path))
    expect(mode(path)).toBe(0o600)
  })

  it('holds the keys in the order in which they follow, each 0600', () => {
    const path = keyPath(dataFolder())
    const [first] = ids(path)
    const later = [makeNextKey(path), makeNextKey(path)].map(({ publicRaw }) => keyIdOf(publicRaw, sha256))
    expect(ids(path)).toEqual([first, ...later])
    for (const name of readdirSync(dirname(path))) expect(mode(join(dirname(path), name))).toBe(0o600)
    dropOldestKey(path)
    expect(ids(path)).toEqual(later)
    dropOldestKey(path)
    dropOldestKey(path)
    expect(ids(path)).toEqual([later[1]])
  })

  it('tells of a new key and of one that is gone by its version', () => {
    const path = keyPath(dataFolder())
    openKeyRing(path)
    const versions = [keyRingVersion(path)]
    expect(keyRingVersion(path)).toBe(versions[0])
    makeNextKey(path)
    versions.push(keyRingVersion(path))
    dropOldestKey(path)
    versions.push(keyRingVersion(path))
    expect(new Set(versions).size).toBe(3)
  })

  it('lets four keys wait and no fifth', () => {
    const path = keyPath(dataFolder())
    for (let count = 0; count < 4; count++) makeNextKey(path)
    expect(() => makeNextKey(path)).toThrow(/4 keys wait/)
    expect(ids(path)).toHaveLength(5)
  })

  it('does not open when others may read any of its keys, or when one is no key', () => {
    const path = keyPath(dataFolder())
    makeNextKey(path)
    writeFileSync(`${path}.2`, new Uint8Array(31), { mode: 0o600 })
    expect(() => openKeyRing(path)).toThrow(/is not a key/)
    rmSync(`${path}.2`)
    writeFileSync(`${path}.3`, new Uint8Array(32), { mode: 0o644 })
    expect(() => openKeyRing(path)).toThrow(/read by other users/)
  })

  it('leaves out what a power cut left half written, and what is no key of it', () => {
    const path = keyPath(dataFolder())
    const [first] = ids(path)
    for (const name of ['.agent.key.1.ab12cd34ef56', 'agent.key.x', 'agent.key.0', 'other.key.1'])
      writeFileSync(join(dirname(path), name), new Uint8Array(32), { mode: 0o600 })
    expect(ids(path)).toEqual([first])
  })

  it('gives way to the key that the province enrolled, and to no other', () => {
    const path = keyPath(dataFolder())
    const [first] = ids(path)
    makeNextKey(path)
    const claimed = keyIdOf(openKeyFile(claimKeyPath(path)).publicRaw, sha256)
    adoptClaimKey(path, '00000000000000aa')
    expect(ids(path)[0]).toBe(first)
    const seed = readFileSync(path)
    adoptClaimKey(path, claimed)
    expect(ids(path)).toEqual([claimed])
    expect(existsSync(claimKeyPath(path))).toBe(false)
    expect(readFileSync(path).equals(seed)).toBe(false)
    adoptClaimKey(path, claimed)
    expect(ids(path)).toEqual([claimed])
  })
})

describe('vuon-agent key', () => {
  async function run(dataDir: string, ...words: string[]) {
    const said: { value: unknown; sentence: string }[] = []
    const program = new Command().exitOverride()
    const config: AgentConfig = agentConfigSchema.parse({ dataDir })
    registerKeyCommands(program, {
      loadConfig: () => config,
      say: (value, sentence) => void said.push({ value, sentence }),
      sayLine: () => {},
    })
    await program.parseAsync(['key', ...words], { from: 'user' })
    return said[0]!
  }

  it('rotate makes a key beside the old one and names both', async () => {
    const folder = dataFolder()
    const path = keyPath(folder)
    const [first] = ids(path)
    const { value, sentence } = await run(folder, 'rotate')
    expect(value).toEqual({ old: first, next: ids(path)[1] })
    expect(sentence).toContain(first)
    expect((await run(folder, 'show')).value).toEqual({ agent: null, keys: ids(path) })
  })

  it('show makes no key where there is none', async () => {
    const folder = dataFolder()
    await expect(run(folder, 'show')).rejects.toMatchObject({ code: 'not-found' })
    expect(existsSync(keyPath(folder))).toBe(false)
  })
})

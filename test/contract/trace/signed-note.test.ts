import { describe, expect, test } from 'vitest'
import { concatBytes, toBase64, utf8 } from '#contract/ground/bytes.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { checkpointText, parseCheckpoint } from '#contract/trace/checkpoint.ts'
import { isEd25519Signed } from '#contract/trace/ed25519-verify.ts'
import {
  cosignedMessage,
  noteKey,
  noteKeyText,
  parseNote,
  parseNoteKey,
  signatureLine,
  signNote,
  standingOfKey,
} from '#contract/trace/signed-note.ts'

const NAME = 'vuon.example/log'
const key = secretKeyFromSeed(new Uint8Array(32).fill(3))
const root = sha256(utf8('root'))
const text = checkpointText({ origin: NAME, size: 12, root })
const note = signNote(text, NAME, key, sha256)
const plain = noteKey(NAME, 'plain', key.publicRaw, sha256)
const invalid = expect.objectContaining({ code: 'input-invalid' })

describe('a signed note', () => {
  test('opens to its text and holds under its key only', async () => {
    const opened = parseNote(note)
    expect(opened.text).toBe(text)
    expect(await standingOfKey(opened, plain, isEd25519Signed)).toEqual({ is: 'signed', timeS: null })
    const other = noteKey(NAME, 'plain', secretKeyFromSeed(new Uint8Array(32)).publicRaw, sha256)
    expect(await standingOfKey(opened, other, isEd25519Signed)).toEqual({ is: 'absent' })
    const changed = parseNote(note.replace('\n12\n', '\n13\n'))
    expect(await standingOfKey(changed, plain, isEd25519Signed)).toEqual({ is: 'forged' })
  })

  test('is a checkpoint of the log that its first line names', () => {
    expect(parseCheckpoint(note)).toMatchObject({ origin: NAME, size: 12, root })
    expect(parseCheckpoint(note.replace(text, `${text}another log's own line\n`)).size).toBe(12)
  })

  test('bears cosignatures with their time, and a wrong time does not hold', async () => {
    const witness = secretKeyFromSeed(new Uint8Array(32).fill(4))
    const known = noteKey('witness.example', 'cosignature', witness.publicRaw, sha256)
    const line = (timeS: number, signed = timeS) => {
      const time = new Uint8Array(8)
      new DataView(time.buffer).setBigUint64(0, BigInt(timeS))
      const bytes = concatBytes(time, witness.sign(cosignedMessage(text, signed)))
      return signatureLine({ name: known.name, keyHash: known.keyHash, bytes })
    }
    const standing = (more: string) => standingOfKey(parseNote(note + more), known, isEd25519Signed)
    expect(await standing(line(1_795_000_000))).toEqual({ is: 'signed', timeS: 1_795_000_000 })
    expect(await standing(line(1_795_000_001, 1_795_000_000))).toEqual({ is: 'forged' })
    expect(await standing(signatureLine({ ...known, bytes: new Uint8Array(3) }))).toEqual({ is: 'forged' })
    expect(await standing('')).toEqual({ is: 'absent' })
  })

  test("of the standard's example opens, and its key hashes are where they are said to be", () => {
    // C2SP tlog-checkpoint, the example of the document.
    const example =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n'
    const { origin, size, note: opened } = parseCheckpoint(example)
    expect([origin, size]).toEqual(['example.com/behind-the-sofa', 20852163])
    expect(opened.signatures.map(({ keyHash, bytes }) => [keyHash, bytes.length])).toEqual([
      ['033de0ae', 64],
      ['8d66cf3f', 72],
    ])
  })

  test.each([
    ['nothing', ''],
    ['no signature', text],
    ['an empty line and no signature', `${text}\n`],
    ['no newline at its end', note.slice(0, -1)],
    ['a tab', note.replace('vuon', 'vu\ton')],
    ['half of a surrogate pair', note.replace('vuon', 'vu\ud800on')],
    ['a dash for the em dash', note.replace('—', '-')],
    ['base64 with left-over bits', note.replace(/.=\n$/, '9=\n')],
    [
      'sixty-five signatures',
      note + signatureLine({ name: 'x', keyHash: '00000000', bytes: new Uint8Array(64) }).repeat(64),
    ],
    ['100 kB', `${'x\n'.repeat(50_000)}${note}`],
  ])('with %s is refused', (_, wrong) => {
    expect(() => parseNote(wrong)).toThrow(invalid)
  })

  test.each([
    ['-1', text.replace('\n12\n', '\n-1\n')],
    ['012', text.replace('\n12\n', '\n012\n')],
    ['more than can be counted', text.replace('\n12\n', '\n9007199254740993\n')],
    ['a root of 31 bytes', text.replace(toBase64(root), toBase64(root.slice(1)))],
    ['a root that is written otherwise', text.replace(/.=\n$/, '9=\n')],
    ['an empty line inside', text.replace('\n12\n', '\n\n12\n')],
    ['no name', text.slice(NAME.length)],
  ])('is no checkpoint with %s', (_, wrong) => {
    expect(() => parseCheckpoint(signNote(wrong, NAME, key, sha256))).toThrow(invalid)
  })
})

describe('a verifier key', () => {
  test('is read as it is written, and refused with another hash, kind or length', () => {
    const written = noteKeyText(plain)
    expect(parseNoteKey(written, sha256)).toEqual(plain)
    const [name, , bytes = ''] = written.split('+') as [string, string, string?]
    const other = (kind: number, raw = key.publicRaw) => toBase64(concatBytes(Uint8Array.of(kind), raw))
    for (const wrong of [
      `${name}+00000000+${bytes}`,
      `${name}+${plain.keyHash}+${other(2)}`,
      `${name}+${plain.keyHash}+${other(1, key.publicRaw.slice(1))}`,
      `+${plain.keyHash}+${bytes}`,
      'x',
      '',
    ])
      expect(() => parseNoteKey(wrong, sha256), wrong).toThrow(invalid)
    expect(() => noteKey('a b', 'plain', key.publicRaw, sha256)).toThrow(invalid)
  })
})

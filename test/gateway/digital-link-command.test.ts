import { Readable } from 'node:stream'
import { Command } from 'commander'
import { expect, it, onTestFinished } from 'vitest'
import { addDigitalLinkCommand, linkLine } from '../../gateway/digital-link-command.ts'

/** What the command answers to lines, and the exit code that it leaves. */
async function answer(args: readonly string[], input: string): Promise<{ lines: object[]; code: number }> {
  let written = ''
  const program = new Command().exitOverride()
  addDigitalLinkCommand(program, {
    input: Readable.from([input]) as NodeJS.ReadableStream,
    write: (text) => (written += text),
  })
  const before = process.exitCode
  onTestFinished(() => {
    process.exitCode = before
  })
  process.exitCode = 0
  await program.parseAsync(['node', 'vuon-gateway', 'digital-link', ...args])
  const lines = written
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  return { lines, code: Number(process.exitCode) }
}

it('a Digital Link is judged line by line, and one wrong line makes the answer no', async () => {
  const good = 'https://vuon.example/01/09521234567899/10/ABC?7007=261122'
  const judged = {
    uri: good,
    valid: true,
    ais: { '01': '09521234567899', '10': 'ABC', '7007': '261122' },
    canonical: 'https://id.gs1.org/01/09521234567899/10/ABC',
  }
  expect(await answer(['parse'], `${good}\n`)).toEqual({ lines: [judged], code: 0 })
  expect(await answer(['parse'], `${good}\r\n\nHttps://a/01/09521234567899\n`)).toEqual({
    lines: [
      judged,
      {
        uri: 'Https://a/01/09521234567899',
        valid: false,
        ais: {},
        canonical: 'https://id.gs1.org/01/09521234567899',
        errors: ['does not begin with http:// or https://, all small or all capital'],
      },
    ],
    code: 1,
  })
  const short = 'https://a/gtin/9521234567899'
  expect((await answer(['parse'], short)).code).toBe(1)
  expect((await answer(['parse', '--lenient'], short)).code).toBe(0)
})

it('a Digital Link is built of what stands on a label, or refused with the reason', async () => {
  const built = await answer(
    ['build', '--stem', 'https://vuon.example/'],
    '(01)09521234567899(10)A/1(7007)261122\n(10)A\n(01)09521234567890\nlot A\n',
  )
  expect(built.code).toBe(1)
  expect(built.lines).toMatchObject([
    { valid: true, uri: 'https://vuon.example/01/09521234567899/10/A%2F1?7007=261122' },
    { valid: false, uri: null, errors: [expect.stringContaining('needs')] },
    { valid: false, errors: ['makes no Digital Link'] },
    { valid: false, errors: [expect.stringContaining('(01)..(10)..')] },
  ])
})

it('an EPC URN is the thing that it names', () => {
  expect(linkLine('urn:epc:class:lgtin:9521234.056789.A1', {})).toMatchObject({
    valid: true,
    ais: { '01': expect.stringMatching(/^\d{14}$/), '10': 'A1' },
  })
  expect(linkLine('urn:epc:id:nonsense:1.2', {})).toMatchObject({ valid: false, canonical: null })
})

import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { canonicalLink } from '#contract/trace/canonical-link.ts'
import { CANONICAL_BASE } from '#contract/trace/digital-link.ts'
import {
  type AiValue,
  buildDigitalLink,
  canonicalForm,
  LENIENT,
  type Leniency,
  parseDigitalLink,
} from '#contract/trace/digital-link-parse.ts'
import { bracketed, togetherFault } from '#contract/trace/element-string.ts'

interface LinkLine {
  readonly uri: string
  readonly valid: boolean
  readonly ais: Readonly<Record<string, string>>
  /**
   * The one name of the thing (CBV 2.0 §8.9.2: at id.gs1.org, finest level only, no attributes), also of a link that is
   * written loosely; null when it names nothing.
   */
  readonly canonical: string | null
  /** What is wrong, when something is. */
  readonly errors?: readonly string[]
}

/** An EPC URN names the same things and is taken like a link; it is judged as the link that it stands for. */
export function linkLine(uri: string, leniency: Leniency): LinkLine {
  const canonical = canonicalLink(uri)
  const isUrn = uri.startsWith('urn:') && canonical !== undefined
  const parsed = parseDigitalLink(isUrn ? canonical : uri, leniency)
  if (parsed.kind === 'fault')
    return { uri, valid: false, ais: {}, canonical: canonical ?? null, errors: [parsed.fault] }
  const { path, attributes } = parsed.link
  const ais = Object.fromEntries([...path, ...attributes].map(({ ai, value }) => [ai, value]))
  return { uri, valid: true, ais, canonical: canonical ?? canonicalForm({ ...parsed.link, attributes: [] }) }
}

/** `(01)..(10)..` → the link at a stem, or what is wrong with it. */
function builtLine(text: string, stem: string): Record<string, unknown> {
  const ais: readonly AiValue[] | undefined = bracketed(text)
  if (!ais) return { ais: text, valid: false, uri: null, errors: ['is not written as (01)..(10)..'] }
  const uri = buildDigitalLink(stem, ais)
  const fault = togetherFault(ais)
  if (uri === undefined || fault !== undefined)
    return { ais: text, valid: false, uri: null, errors: [fault ?? 'makes no Digital Link'] }
  return { ais: text, valid: true, uri }
}

export interface LineOutside {
  readonly input: NodeJS.ReadableStream
  readonly write: (text: string) => void
}

const STANDARD: LineOutside = { input: process.stdin, write: (text) => void process.stdout.write(text) }

/** Lines in, JSON lines out; 1 when any line's answer is no. */
export function addDigitalLinkCommand(program: Command, outside = STANDARD): void {
  const link = program.command('digital-link').description('GS1 Digital Links, one a line')
  link
    .command('parse')
    .option(
      '--lenient',
      'also short GTINs, names such as gtin and lot, a slash at the end, AIs not given out yet',
    )
    .description('judge each URI of standard input: {"uri","valid","ais","canonical"}')
    .action(({ lenient }: { lenient?: boolean }) =>
      answerLines(outside, (line) => linkLine(line, lenient ? LENIENT : {})),
    )
  link
    .command('build')
    .option('--stem <url>', 'what stands before the key', CANONICAL_BASE)
    .description('make the link of each (01)..(10).. of standard input: {"ais","valid","uri"}')
    .action(({ stem }: { stem: string }) => answerLines(outside, (line) => builtLine(line, stem)))
}

async function answerLines({ input, write }: LineOutside, answer: (line: string) => object): Promise<void> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue
    const said = answer(line.trim())
    write(`${JSON.stringify(said)}\n`)
    if (!('valid' in said) || said.valid !== true) process.exitCode = 1
  }
}

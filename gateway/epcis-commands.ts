import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { documentMistakes } from '#contract/trace/epcis-document.ts'
import { eventHashes } from '#contract/trace/event-hash.ts'
import type { CommandOutside } from './register-commands.ts'

// A season's diary of a cooperative is some megabytes; what is larger is no document of events.
const MAX_FILE_BYTES = 64 * 1024 * 1024
const SHOWN_ERRORS = 100

/** EPCIS documents as files: are they right, and what are their events' hashes. A line for each file. */
export function addEpcisCommands(program: Command, { say }: Pick<CommandOutside, 'say'>): void {
  const epcis = program.command('epcis').description('EPCIS 2.0 documents')

  epcis
    .command('validate')
    .argument('<file...>')
    .description('check documents or single events against the standard; exit 1 if any is wrong')
    .action((files: string[]) => {
      for (const file of files) {
        const { errors, warnings } = judged(file)
        const valid = errors.length === 0
        if (!valid) process.exitCode = 1
        const lines = [...errors, ...warnings.map((each) => `(capture) ${each}`)].map((each) => `\n  ${each}`)
        say({ file, valid, errors, warnings }, `${file}: ${valid ? 'right' : 'wrong'}${lines.join('')}`)
      }
    })

  epcis
    .command('hash')
    .argument('<file...>')
    .description('the CBV 2.0 hash of every event, in order')
    .action((files: string[]) => {
      for (const file of files) {
        try {
          const hashes = eventHashes(read(file), sha256)
          say({ file, hashes }, `${file}\n${hashes.map((hash) => `  ${hash}`).join('\n')}`)
        } catch (error) {
          process.exitCode = 1
          const message = (error as Error).message
          say({ file, hashes: [], errors: [message] }, `${file}: ${message}`)
        }
      }
    })
}

/** `warnings`: what the file may say, and the capture interface refuses all the same (TCR-53 step 29, M122). */
function judged(file: string): { errors: string[]; warnings: string[] } {
  let document: unknown
  try {
    document = read(file)
  } catch (error) {
    return { errors: [(error as Error).message], warnings: [] }
  }
  const said = (isForCapture: boolean) =>
    documentMistakes(document, isForCapture)
      .slice(0, SHOWN_ERRORS)
      .map(({ path, rule }) => `${path} ${rule}`)
  const errors = said(false)
  return { errors, warnings: said(true).filter((each) => !errors.includes(each)) }
}

function read(file: string): unknown {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch {
    throw new Error('The file could not be read.')
  }
  if (bytes.length > MAX_FILE_BYTES) throw new Error(`The file has more than ${MAX_FILE_BYTES} bytes.`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch {
    throw new Error('The file is not JSON in UTF-8.')
  }
}

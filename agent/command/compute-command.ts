import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import type { ConsoleAnswer } from './console-answer.ts'

interface Asked {
  readonly param?: readonly string[]
  readonly list?: boolean
  readonly help?: boolean
}

// A column in another unit spoils every row; a screen of its lines says as much as all of them.
const MAX_FAULT_LINES = 200

/** `compute MODEL [--param k=v ..]`, `compute --list`, `compute MODEL --help`. */
export function registerCompute(program: Command, { say }: ConsoleAnswer): void {
  const command = program
    .command('compute')
    .argument('[model]', 'see --list')
    .option('-p, --param <name=value...>', 'a parameter of the model; several at once or one by one')
    .option('-l, --list', 'the models that there are')
    // Of its own, because the help of a model is the model's.
    .helpOption(false)
    .option('-h, --help', 'what the model reads and gives')
    .description(
      'a model over a table: CSV with a header in, the same CSV with the model’s columns added out',
    )
    .action(async (named: string | undefined, { param = [], list, help }: Asked) => {
      const [{ compute, findModel, MAX_TABLE_BYTES }, { modelFacts, modelHelp, modelList }, { MODELS }] =
        await Promise.all([
          import('../crop/compute.ts'),
          import('../crop/describe-model.ts'),
          import('../crop/models.ts'),
        ])
      if (list) return say(MODELS.map(modelFacts), modelList(MODELS))
      const { model, params } = wordsOf(named, param)
      if (help && model === undefined)
        return say(MODELS.map(modelFacts), `${command.helpInformation()}\n${modelList(MODELS)}`)
      if (model === undefined)
        throw new VuonError('input-invalid', 'Which model?', {
          hint: '`compute --list` says what there is, `compute MODEL --help` what each reads.',
        })
      const found = findModel(model)
      if (help) return say(modelFacts(found), modelHelp(found))
      const { csv, faults } = compute(model, await readTable(process.stdin, MAX_TABLE_BYTES), params)
      // `| head` closes the pipe when it has seen enough.
      process.stdout.once('error', () => undefined)
      process.stdout.write(csv)
      for (const fault of faults.slice(0, MAX_FAULT_LINES)) console.error(fault)
      if (faults.length > MAX_FAULT_LINES) console.error(`and ${faults.length - MAX_FAULT_LINES} more`)
      if (faults.length > 0) process.exitCode = 1
    })
}

/** `--param lat=1 elev_m=2 et0-daily`: an option that takes several words takes the model too when it stands behind. */
function wordsOf(
  named: string | undefined,
  words: readonly string[],
): { model: string | undefined; params: Record<string, string> } {
  const pairs = words.filter((word) => word.includes('='))
  const others = words.filter((word) => !word.includes('='))
  const model = named ?? others.shift()
  if (others[0] !== undefined)
    throw new VuonError('input-invalid', `"${others[0]}" is no parameter.`, {
      hint: 'Write --param name=value, without spaces around =.',
    })
  const params: Record<string, string> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (Object.hasOwn(params, name))
      throw new VuonError('input-invalid', `The param ${name} is given twice.`, { hint: 'Give it once.' })
    params[name] = pair.slice(at + 1)
  }
  return { model, params }
}

/** Throws `input-invalid` for more than a table may have, and for what is no UTF-8 text. */
async function readTable(input: AsyncIterable<Uint8Array | string>, mostBytes: number): Promise<string> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of input) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    sizeBytes += bytes.length
    if (sizeBytes > mostBytes)
      throw new VuonError('input-invalid', `The table is larger than ${mostBytes / 1024 / 1024} MB.`, {
        hint: 'Split it, or leave out columns that the model does not read.',
      })
    parts.push(bytes)
  }
  const text = Buffer.concat(parts)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(text)
  } catch (cause) {
    throw new VuonError('input-invalid', 'The table is no UTF-8 text.', {
      cause,
      hint: 'Save it as "CSV UTF-8"; what spreadsheets call Unicode text is UTF-16.',
    })
  }
}

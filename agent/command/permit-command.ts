import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import type { PermitAnswer } from '../permission-desk.ts'
import { askAgent } from './ask-agent.ts'
import type { ConsoleAnswer } from './console-answer.ts'

interface PermitWords {
  readonly area?: string
  readonly to?: string
  readonly from?: string
  readonly until?: string
  readonly maxKg?: string
  readonly withdraw?: string
}

/** The holder of a growing-area code lets another use it. The running agent signs it: one writer keeps the journal. */
export function registerPermitCommand(program: Command, { loadConfig, say }: ConsoleAnswer): void {
  program
    .command('permit')
    .option('--area <gln/code>', 'the growing area, such as 9521234500018/VN-LDOR-0042')
    .option('--to <who>', "the farm's id at the province, or the packing house's code")
    .option('--from <day>', 'first day, YYYY-MM-DD')
    .option('--until <day>', 'last day, YYYY-MM-DD')
    .option('--max-kg <kg>', 'at most so much under the code in that time')
    .option('--withdraw <id>', 'take an earlier permission back, from today on')
    .description('let another farm or packing house use a growing-area code of yours')
    .action(async (words: PermitWords) => {
      checkWords(words)
      const answer = await askAgent<PermitAnswer>(
        loadConfig(),
        'POST',
        `/doctor/permissions?${queryOf(words)}`,
      )
      if (!answer)
        throw new VuonError('link-down', 'No agent answers on this machine.', {
          hint: 'Start it (vuon-agent run), then say this again: it signs with the key of the box.',
        })
      if ('refused' in answer)
        throw new VuonError('input-invalid', answer.refused.sentence, { hint: answer.refused.hint })
      const { permissionId, isOwnArea } = answer
      const done = words.withdraw ? 'is withdrawn from today on' : `lets ${words.to} use ${words.area}`
      const doubt = isOwnArea
        ? ''
        : '\n  ! No product of this box is of that growing area: it counts only if the province knows you as its holder.'
      say(answer, `Permission ${permissionId} ${done}.${doubt}`)
    })
}

function checkWords(words: PermitWords): void {
  const needed = words.withdraw === undefined ? (['area', 'to', 'from', 'until'] as const) : []
  const missing = needed.filter((name) => words[name] === undefined).map((name) => `--${name}`)
  if (missing.length > 0)
    throw new VuonError('input-invalid', `${missing.join(', ')} is missing.`, {
      hint: 'permit --area GLN/CODE --to WHO --from YYYY-MM-DD --until YYYY-MM-DD, or permit --withdraw ID',
    })
  if (words.withdraw !== undefined && Object.keys(words).length > 1)
    throw new VuonError('input-invalid', '--withdraw stands alone.', { hint: 'permit --withdraw ID' })
}

const queryOf = (words: PermitWords): string =>
  new URLSearchParams(
    Object.entries(words).flatMap(([name, word]) => (word ? [[name, word]] : [])),
  ).toString()

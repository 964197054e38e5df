import { writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { PERSONAL_FIELDS, type PersonalField } from '#contract/wire/province-decisions.ts'
import type { CommandOutside } from './register-commands.ts'

const PURPOSES = ['public-name', 'public-address', 'public-phone'] as const
const FORMS = ['paper', 'app', 'spoken-before-two'] as const

/** `vuon-gateway holder|consent|subject`: names, what they agreed to, and what they ask for. */
export function addPrivacyCommands(program: Command, { withGateway, say }: CommandOutside): void {
  const set = program
    .command('holder')
    .description('who holds a farm: kept outside the log, which has a salted commitment only')
    .command('set')
    .requiredOption('--farm <id>')
    .description('put a name, an address or a telephone number on file; shown to nobody without consent')
  for (const field of PERSONAL_FIELDS) set.option(`--${field} <text>`)
  set.action((options: { farm: string } & Partial<Record<PersonalField, string>>) =>
    withGateway(async (gateway) => {
      const facts = PERSONAL_FIELDS.flatMap((field) => {
        const value = options[field]
        return value === undefined ? [] : [{ field, value: line(`--${field}`, value) }]
      })
      if (facts.length === 0) throw wrong(`Give at least one of --${PERSONAL_FIELDS.join(', --')}.`)
      await gateway.setHolder(options.farm, facts)
      say(
        { farmId: options.farm, fields: facts.map(({ field }) => field) },
        `On file: ${facts.map(({ field }) => field).join(', ')}. Nobody sees it until vuon-gateway consent give.`,
      )
    }),
  )
  const consent = program.command('consent').description('what the holder of a farm agreed to have shown')
  for (const [name, state] of [
    ['give', 'given'],
    ['withdraw', 'withdrawn'],
  ] as const)
    consent
      .command(name)
      .requiredOption('--farm <id>')
      .addOption(new Option('--purpose <purpose>').choices(PURPOSES).makeOptionMandatory())
      .addOption(new Option('--form <form>', 'how it was said').choices(FORMS).default('paper'))
      .description(
        state === 'given'
          ? 'record a consent that was given'
          : 'record that it was taken back; it is obeyed at once',
      )
      .action((options: { farm: string; purpose: (typeof PURPOSES)[number]; form: string }) =>
        withGateway(async (gateway) => {
          const { farm: farmId, purpose, form } = options
          await gateway.decideConsent({ kind: 'consent', farmId, purpose, state, form })
          say({ farmId, purpose, state }, `${purpose} of farm ${farmId}: ${state}.`)
        }),
      )
  const subject = program.command('subject').description('what the person behind a farm may ask for')
  subject
    .command('export')
    .requiredOption('--farm <id>')
    .option('--out <file>', 'instead of standard output')
    .description('everything that is held about that person, as JSON')
    .action((options: { farm: string; out?: string }) =>
      withGateway(async (gateway) => {
        const answer = await gateway.subjectAnswer(options.farm)
        const text = `${JSON.stringify(answer, null, 2)}\n`
        if (options.out === undefined) process.stdout.write(text)
        else {
          writeFileSync(options.out, text, { mode: 0o600 })
          say({ file: options.out }, `Written to ${options.out}.`)
        }
      }),
    )
  subject
    .command('erase')
    .requiredOption('--farm <id>')
    .option('--photos', 'the photos of the farm, too')
    .description('erase name, address and telephone for good; events stay, and their proofs still verify')
    .action((options: { farm: string; photos?: boolean }) =>
      withGateway(async (gateway) => {
        const erased = await gateway.eraseSubject(options.farm, options.photos === true)
        say(
          erased,
          `Erased: ${erased.facts} facts and ${erased.photos} photo files. The log keeps commitments, which say nothing without the salts that are gone. Older backups still have them: erase those by their own rule.`,
        )
      }),
    )
}

function line(option: string, text: string): string {
  const said = text.normalize('NFC').trim()
  if (said.length === 0 || said.length > 300 || /\p{Cc}/u.test(said))
    throw wrong(`${option} must have 1 to 300 characters, on one line.`)
  return said
}

const wrong = (detail: string): VuonError =>
  new VuonError('input-invalid', detail, {
    hint: 'vuon-gateway COMMAND --help shows what each option takes.',
  })

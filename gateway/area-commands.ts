import { type Command, Option } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { isCset82, isGln } from '#contract/trace/digital-link.ts'
import type { CommandOutside } from './register-commands.ts'

interface AreaOptions {
  gln: string
  code: string
  kind: 'growing-area' | 'packing-house'
  issuer: string
  farm?: string
  crop?: string
  variety?: string
  areaHa?: string
  yieldKgPerHa?: string
  seasons?: string
  markets?: string
  commune?: string
  from?: string
  to?: string
  withdrawn?: boolean
}

interface CertificateOptions {
  number: string
  body: string
  scheme: string
  farm: string
  crop?: string
  from: string
  to: string
  withdrawn?: boolean
}

/** `vuon-gateway area|certificate`: the province's register of codes and certificates. */
export function addAreaCommands(program: Command, { withGateway, say }: CommandOutside): void {
  program
    .command('area')
    .description('growing areas (PUC) and packing houses (PHC)')
    .command('register')
    .requiredOption('--gln <gln>', 'GLN under which the code stands, 13 digits')
    .requiredOption('--code <code>', 'as its issuer wrote it, at most 20 characters')
    .addOption(new Option('--kind <kind>').choices(['growing-area', 'packing-house']).default('growing-area'))
    .requiredOption('--issuer <name>', 'who issued it')
    .option('--farm <id>', 'the farm that holds it')
    .option('--crop <crop>')
    .option('--variety <name>')
    .option('--area-ha <ha>', 'registered area')
    .option('--yield-kg-per-ha <kg>', 'the most that a hectare gives in a season')
    .option('--seasons <n>', 'seasons a year', '1')
    .option('--markets <list>', 'such as VN,CN,US', '')
    .option('--commune <name>')
    .option('--from <day>', 'valid from, YYYY-MM-DD')
    .option('--to <day>', 'valid through, YYYY-MM-DD')
    .option('--withdrawn', 'the issuer took it back')
    .description('register a code or change what is registered; the last word stands')
    .action((options: AreaOptions) =>
      withGateway(async (gateway) => {
        const { gln, code, kind: areaKind } = options
        if (!isGln(gln)) throw wrong(`${gln} is not a GLN of 13 digits with a right check digit.`)
        if (!isCset82(code, 20)) throw wrong('--code has 1 to 20 letters, digits or signs of GS1 AI (254).')
        await gateway.decide([
          {
            ...{ kind: 'growing-area', gln, code, areaKind },
            issuer: line('--issuer', options.issuer),
            holderFarmId: line('--farm', options.farm ?? '', 0),
            crop: line('--crop', options.crop ?? '', 0),
            variety: line('--variety', options.variety ?? '', 0),
            areaHa: amount('--area-ha', options.areaHa ?? '0', 1e6),
            yieldKgPerHa: amount('--yield-kg-per-ha', options.yieldKgPerHa ?? '0', 1e6),
            seasonsPerYear: Math.max(1, Math.round(amount('--seasons', options.seasons ?? '1', 12))),
            markets: line('--markets', options.markets ?? '', 0),
            commune: line('--commune', options.commune ?? '', 0),
            ...{ validFrom: day('--from', options.from), validTo: day('--to', options.to) },
            isWithdrawn: options.withdrawn === true,
          },
        ])
        say({ gln, code }, `${code} is registered.`)
      }),
    )
  program
    .command('certificate')
    .description('certificates of farms')
    .command('register')
    .requiredOption('--number <no>')
    .requiredOption('--body <name>', 'who issued it')
    .requiredOption('--scheme <name>', 'VietGAP, GlobalG.A.P., ..')
    .requiredOption('--farm <id>')
    .option('--crop <crop>')
    .requiredOption('--from <day>', 'valid from, YYYY-MM-DD')
    .requiredOption('--to <day>', 'valid through, YYYY-MM-DD')
    .option('--withdrawn', 'the issuer took it back')
    .description('register a certificate or change what is registered')
    .action((options: CertificateOptions) =>
      withGateway(async (gateway) => {
        const certificateNo = line('--number', options.number)
        await gateway.decide([
          {
            ...{ kind: 'certificate', certificateNo, body: line('--body', options.body) },
            ...{ scheme: line('--scheme', options.scheme), farmId: line('--farm', options.farm) },
            crop: line('--crop', options.crop ?? '', 0),
            ...{ validFrom: day('--from', options.from), validTo: day('--to', options.to) },
            isWithdrawn: options.withdrawn === true,
          },
        ])
        say({ certificateNo }, `Certificate ${certificateNo} is registered.`)
      }),
    )
}

function line(option: string, text: string, atLeast = 1): string {
  const said = text.normalize('NFC').trim()
  if (said.length < atLeast || said.length > 200 || /\p{Cc}/u.test(said))
    throw wrong(`${option} must have ${atLeast} to 200 characters, on one line.`)
  return said
}

function amount(option: string, text: string, most: number): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0 || value > most)
    throw wrong(`${option} must be a number from 0 to ${most}, with a point for decimals.`)
  return value
}

/** Empty where nobody said. */
function day(option: string, text: string | undefined): string {
  if (text === undefined) return ''
  const noon = new Date(`${text}T12:00:00Z`)
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(noon.getTime()) || !noon.toISOString().startsWith(text))
    throw wrong(`${option} must be a day such as 2026-12-31.`)
  return text
}

const wrong = (detail: string): VuonError =>
  new VuonError('input-invalid', detail, {
    hint: 'vuon-gateway COMMAND --help shows what each option takes.',
  })

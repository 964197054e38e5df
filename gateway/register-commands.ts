import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { type Command, Option } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { isCset82, isGln, isGtin } from '#contract/trace/digital-link.ts'
import { ROLES, type Role } from './accounts/viewer.ts'
import type { Gateway } from './gateway.ts'
import { farmsOverview } from './insight/farms-overview.ts'

/** The commands by which the province registers farms, boxes and people. */
export interface CommandOutside {
  readonly withGateway: (work: (gateway: Gateway) => Promise<void>) => Promise<void>
  /** Prints the value with --json, else the sentence. */
  readonly say: (value: unknown, sentence: string) => void
}

const CROPS = ['dragon-fruit', 'durian', 'coffee', 'mango', 'chilli']

export function addRegisterCommands(program: Command, outside: CommandOutside): void {
  const farm = program.command('farm').description('farms and what they may mark their fruit with')
  addFarm(farm, outside)
  listFarms(farm, outside)
  allocate(farm, outside)
  claimCode(program, outside)
  addPersonCommand(program, outside)
}

function addFarm(farm: Command, { withGateway, say }: CommandOutside): void {
  farm
    .command('add')
    .requiredOption('--name <name>')
    .requiredOption('--commune <commune>')
    .requiredOption('--province <province>')
    .description('register a farm')
    .action((options: { name: string; commune: string; province: string }) =>
      withGateway(async (gateway) => {
        const farmId = `f-${randomBytes(6).toString('hex')}`
        const name = named('--name', options.name)
        const commune = named('--commune', options.commune)
        const province = named('--province', options.province)
        await gateway.decide([{ kind: 'farm', farmId, name, commune, province }])
        say({ farmId }, `Farm ${farmId} is registered. Next: vuon-gateway claim-code --farm ${farmId}`)
      }),
    )
}

function listFarms(farm: Command, { withGateway, say }: CommandOutside): void {
  farm
    .command('list')
    .description('every farm with its boxes')
    .action(() =>
      withGateway(async (gateway) => {
        // Who may read the store's file may see every farm.
        const farms = await farmsOverview(gateway.db, {
          kind: 'person',
          personId: 'cli',
          name: 'cli',
          role: 'admin',
          farmIds: 'all',
          language: 'vi',
        })
        const lines = farms.map(({ farmId, name, commune, boxes }) => {
          const codes = boxes.map((box) => box.boxCode).join(' ')
          return `${farmId}  ${name}, ${commune}  boxes: ${codes || 'none'}`
        })
        say(farms, lines.join('\n') || 'No farm yet.')
      }),
    )
}

interface AllocateOptions {
  farm: string
  gtin: string
  crop: string
  productVi: string
  productEn: string
  gln?: string
  area?: string
}

function allocate(farm: Command, { withGateway, say }: CommandOutside): void {
  farm
    .command('allocate')
    .requiredOption('--farm <id>')
    .requiredOption('--gtin <gtin>', '14 digits')
    .addOption(new Option('--crop <crop>').choices(CROPS).makeOptionMandatory())
    .requiredOption('--product-vi <name>')
    .requiredOption('--product-en <name>')
    .option('--gln <gln>', 'GLN of the growing area, 13 digits')
    .option('--area <code>', 'growing-area code (PUC)')
    .description('let a farm mark a crop, grade and pack with a GTIN')
    .action((options: AllocateOptions) =>
      withGateway(async (gateway) => {
        const { farm: farmId, gtin, crop, gln, area } = options
        if (!isGtin(gtin)) throw wrong(`${gtin} is not a GTIN of 14 digits with a right check digit.`)
        if ((gln === undefined) !== (area === undefined)) throw wrong('--gln and --area go together.')
        if (gln !== undefined && !isGln(gln))
          throw wrong(`${gln} is not a GLN of 13 digits with a right check digit.`)
        if (area !== undefined && !isCset82(area.trim(), 20))
          throw wrong('--area has 1 to 20 letters without marks, digits or signs (GS1 AI 254).')
        await gateway.allocate({
          kind: 'allocation',
          farmId,
          gtin,
          crop,
          productVi: named('--product-vi', options.productVi),
          productEn: named('--product-en', options.productEn),
          ...(gln && area ? { growingArea: { gln, code: named('--area', area) } } : {}),
        })
        say({ farmId, gtin }, `Farm ${farmId} may use ${gtin}. Boxes learn it when they are claimed.`)
      }),
    )
}

function claimCode(program: Command, { withGateway, say }: CommandOutside): void {
  program
    .command('claim-code')
    .requiredOption('--farm <id>')
    .description('a one-time code by which a box is enrolled at a farm')
    .action((options: { farm: string }) =>
      withGateway(async (gateway) => {
        const code = await gateway.newClaimCode(options.farm)
        say({ code }, `${code}   (works once, for seven days)`)
      }),
    )
}

interface PersonOptions {
  email: string
  name: string
  role: Role
  farms: string
  language: 'vi' | 'en'
  passwordStdin?: boolean
}

function addPersonCommand(program: Command, { withGateway, say }: CommandOutside): void {
  program
    .command('person')
    .description('people who sign in')
    .command('add')
    .requiredOption('--email <address>')
    .requiredOption('--name <name>')
    .addOption(new Option('--role <role>').choices(ROLES).default('agronomist'))
    .option('--farms <ids>', 'farm ids separated by commas, or "all"', 'all')
    .addOption(new Option('--language <language>').choices(['vi', 'en']).default('vi'))
    .option('--password-stdin', 'read the password from standard input instead of making one')
    .description('add a person; the password is printed once')
    .action((options: PersonOptions) =>
      withGateway(async (gateway) => {
        const { email, role, farms, language, passwordStdin } = options
        const password = passwordStdin
          ? await firstLineOf(process.stdin)
          : randomBytes(12).toString('base64url')
        const farmIds = farms === 'all' ? 'all' : farms.split(',').map((farmId) => farmId.trim())
        const name = named('--name', options.name)
        const personId = await gateway.addPerson({ email, name, role, farmIds, language, password })
        const made = passwordStdin ? {} : { password }
        say(
          { personId, ...made },
          `Added ${personId}.${passwordStdin ? '' : ` Password, shown once: ${password}`}`,
        )
      }),
    )
}

/** A password as a person typed it or a program piped it, without the line's end. */
const firstLineOf = async (input: NodeJS.ReadableStream): Promise<string> =>
  (await text(input)).split(/\r?\n/, 1)[0] ?? ''

/** A name as people wrote it, in one normal form, so that the same name compares as equal. */
function named(option: string, text: string): string {
  const name = text.normalize('NFC').trim()
  if (name.length === 0 || name.length > 200 || /\p{Cc}/u.test(name))
    throw wrong(`${option} must have 1 to 200 characters, on one line.`)
  return name
}

const wrong = (detail: string): VuonError =>
  new VuonError('input-invalid', detail, {
    hint: 'vuon-gateway COMMAND --help shows what each option takes.',
  })

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { isGln, isGtin } from '#contract/trace/digital-link.ts'
import { addPerson } from './accounts/people.ts'
import type { Role } from './accounts/viewer.ts'
import { gatewayConfigWithoutSecrets, gatewayJsonSchema, loadGatewayConfig } from './config.ts'
import { Gateway } from './gateway.ts'
import { farmsOverview } from './insight/farms-overview.ts'

const CROPS = ['dragon-fruit', 'durian', 'coffee', 'mango', 'chilli']

const program = new Command('vuon-gateway')
  .description("Vuon at the province: takes in what the farms signed, shows it, answers the consumer's scan.")
  .option('-c, --config <file>', 'configuration (YAML); defaults apply without one')
  .option('--json', 'answer in JSON')
  .showHelpAfterError('(vuon-gateway --help shows every command)')

const say = (value: unknown, sentence: string): void => {
  console.log(program.opts()['json'] ? JSON.stringify(value) : sentence)
}

const newGateway = (): Gateway =>
  new Gateway(loadGatewayConfig(program.opts()['config'] as string | undefined), {
    clock: systemClock,
    random: Math.random,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  })

/** Opens the store beside a running gateway, does one thing, and closes it. */
async function withGateway(work: (gateway: Gateway) => Promise<void>): Promise<void> {
  const gateway = newGateway()
  await gateway.open()
  try {
    await work(gateway)
  } finally {
    await gateway.stop()
  }
}

program
  .command('run')
  .description('serve until SIGTERM')
  .action(async () => {
    const gateway = newGateway()
    const address = await gateway.listen()
    say({ address }, `The gateway listens on ${address}`)
    const stop = (): void => void gateway.stop().then(() => process.exit(0))
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })

const config = program.command('config').description('check and show the configuration')
config
  .command('check')
  .description('name every mistake with line, key and remedy')
  .action(() => {
    loadGatewayConfig(program.opts()['config'] as string | undefined)
    say({ valid: true }, 'The configuration is right.')
  })
config
  .command('show')
  .description('the effective configuration, without secrets')
  .action(() =>
    console.log(
      JSON.stringify(
        gatewayConfigWithoutSecrets(loadGatewayConfig(program.opts()['config'] as string | undefined)),
        null,
        2,
      ),
    ),
  )
config
  .command('schema')
  .description('JSON Schema for editors')
  .action(() => console.log(JSON.stringify(gatewayJsonSchema(), null, 2)))

program
  .command('rebuild')
  .description('derive every projection again from the log')
  .action(() =>
    withGateway(async (gateway) => {
      const done = await gateway.rebuild((progress) =>
        console.error(`${progress.batches} batches, ${progress.readings} readings …`),
      )
      say(
        done,
        `Rebuilt from ${done.batches} batches: ${done.readings} readings, ${done.entries} entries, ${done.unread} kept for later.`,
      )
    }),
  )

const farm = program.command('farm').description('farms and what they may mark their fruit with')
farm
  .command('add')
  .requiredOption('--name <name>')
  .requiredOption('--commune <commune>')
  .requiredOption('--province <province>')
  .description('register a farm')
  .action((options: { name: string; commune: string; province: string }) =>
    withGateway(async (gateway) => {
      const farmId = `f-${randomBytes(6).toString('hex')}`
      const { name, commune, province } = options
      await gateway.decide([
        {
          kind: 'farm',
          farmId,
          name: name.normalize('NFC'),
          commune: commune.normalize('NFC'),
          province: province.normalize('NFC'),
        },
      ])
      say({ farmId }, `Farm ${farmId} is registered. Next: vuon-gateway claim-code --farm ${farmId}`)
    }),
  )
farm
  .command('list')
  .description('every farm with its boxes')
  .action(() =>
    withGateway(async (gateway) => {
      const everything = {
        kind: 'person',
        personId: 'cli',
        name: 'cli',
        role: 'admin',
        farmIds: 'all',
        language: 'vi',
      } as const
      const farms = await farmsOverview(gateway.db, everything)
      say(
        farms,
        farms
          .map(
            (card) =>
              `${card.farmId}  ${card.name}, ${card.commune}  boxes: ${card.boxes.map((box) => box.boxCode).join(' ') || 'none'}`,
          )
          .join('\n') || 'No farm yet.',
      )
    }),
  )
farm
  .command('allocate')
  .requiredOption('--farm <id>')
  .requiredOption('--gtin <gtin>', '14 digits')
  .requiredOption('--crop <crop>', CROPS.join(', '))
  .requiredOption('--product-vi <name>')
  .requiredOption('--product-en <name>')
  .option('--gln <gln>', 'GLN of the growing area, 13 digits')
  .option('--area <code>', 'growing-area code (PUC)')
  .description('let a farm mark a crop, grade and pack with a GTIN')
  .action(
    (options: {
      farm: string
      gtin: string
      crop: string
      productVi: string
      productEn: string
      gln?: string
      area?: string
    }) =>
      withGateway(async (gateway) => {
        const { farm: farmId, gtin, crop, productVi, productEn, gln, area } = options
        if (!isGtin(gtin))
          throw new VuonError('input-invalid', `${gtin} is not a GTIN of 14 digits with a right check digit.`)
        if (!CROPS.includes(crop))
          throw new VuonError('input-invalid', `${crop} is not one of ${CROPS.join(', ')}.`)
        if ((gln === undefined) !== (area === undefined))
          throw new VuonError('input-invalid', '--gln and --area go together.')
        if (gln !== undefined && !isGln(gln))
          throw new VuonError('input-invalid', `${gln} is not a GLN of 13 digits with a right check digit.`)
        const growingArea = gln && area ? { growingArea: { gln, code: area } } : {}
        await gateway.decide([
          {
            kind: 'allocation',
            farmId,
            gtin,
            crop,
            productVi: productVi.normalize('NFC'),
            productEn,
            ...growingArea,
          },
        ])
        say({ farmId, gtin }, `Farm ${farmId} may use ${gtin}. Boxes learn it when they are claimed.`)
      }),
  )

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

const person = program.command('person').description('people who sign in')
person
  .command('add')
  .requiredOption('--email <address>')
  .requiredOption('--name <name>')
  .option('--role <role>', 'agronomist, department or admin', 'agronomist')
  .option('--farms <ids>', 'farm ids separated by commas, or "all"', 'all')
  .option('--language <language>', 'vi or en', 'vi')
  .option('--password-stdin', 'read the password from standard input instead of making one')
  .description('add a person; the password is printed once')
  .action(
    (options: {
      email: string
      name: string
      role: string
      farms: string
      language: string
      passwordStdin?: boolean
    }) =>
      withGateway(async (gateway) => {
        const { email, name, role, farms, language } = options
        if (!['agronomist', 'department', 'admin'].includes(role))
          throw new VuonError('input-invalid', `${role} is not a role.`, {
            hint: 'agronomist, department or admin',
          })
        if (language !== 'vi' && language !== 'en')
          throw new VuonError('input-invalid', `${language} is not vi or en.`)
        const password = options.passwordStdin
          ? readFileSync(0, 'utf8').replace(/\r?\n$/, '')
          : randomBytes(12).toString('base64url')
        const farmIds = farms === 'all' ? 'all' : farms.split(',')
        const personId = await addPerson(gateway.db, {
          email,
          name: name.normalize('NFC'),
          role: role as Role,
          farmIds,
          language,
          password,
        })
        say(
          { personId, ...(options.passwordStdin ? {} : { password }) },
          options.passwordStdin
            ? `Added ${personId}.`
            : `Added ${personId}. Password, shown once: ${password}`,
        )
      }),
  )

try {
  await program.parseAsync()
} catch (error) {
  const known = error instanceof VuonError ? error : undefined
  if (program.opts()['json'])
    console.error(
      JSON.stringify({
        error: known?.code ?? 'internal',
        message: (error as Error).message,
        hint: known?.hint,
      }),
    )
  else console.error(known ? `${known.message}\n  → ${known.hint}` : (error as Error).stack)
  process.exitCode = known?.code === 'input-invalid' ? 2 : 1
}

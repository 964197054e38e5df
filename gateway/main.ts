import { randomBytes } from 'node:crypto'
import { flushCompileCache } from 'node:module'
import { Command, CommanderError } from 'commander'
import { ConfigError } from '#contract/ground/config-declaration.ts'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { addAreaCommands } from './area-commands.ts'
import { gatewayConfigWithoutSecrets, gatewayJsonSchema, loadGatewayConfig } from './config.ts'
import { addDigitalLinkCommand } from './digital-link-command.ts'
import { addDownlinkCommands } from './downlink-command.ts'
import { addEpcisCommands } from './epcis-commands.ts'
import { addFeedCommands } from './feed-command.ts'
import { addFindingsCommand } from './findings-command.ts'
import type { Gateway } from './gateway.ts'
import { addKeyCommands } from './key-commands.ts'
import { addLogCommands } from './log-commands.ts'
import { addModelCommands } from './model-commands.ts'
import { addPhotoCommand } from './photo-command.ts'
import { addPrivacyCommands } from './privacy-commands.ts'
import { addRecallCommands } from './recall-command.ts'
import { addRegisterCommands } from './register-commands.ts'
import { addTokenCommands } from './token-commands.ts'
import { addVerifyCommand } from './verify-command.ts'

const program = new Command('vuon-gateway')
  .description("Vuon at the province: takes in what the farms signed, shows it, answers the consumer's scan.")
  .option('-c, --config <file>', 'configuration (YAML); defaults apply without one')
  .option('--json', 'answer in JSON')
  .showHelpAfterError('(vuon-gateway --help shows every command)')
  // Thrown instead of an exit, so that wrong use ends with 2 like every other command here. Commands inherit it.
  .exitOverride()

const isJson = (): boolean => Boolean(program.opts()['json'])
const configFile = (): string | undefined => program.opts()['config'] as string | undefined

const say = (value: unknown, sentence: string): void => {
  console.log(isJson() ? JSON.stringify(value) : sentence)
}

async function newGateway(): Promise<Gateway> {
  const config = loadGatewayConfig(configFile())
  // The whole program, which help and proofs need not wait for.
  const { Gateway } = await import('./gateway.ts')
  return new Gateway(config, {
    clock: systemClock,
    random: Math.random,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  })
}

/** Opens the store beside a running gateway, does one thing, and closes it. */
async function withGateway(work: (gateway: Gateway) => Promise<void>): Promise<void> {
  const gateway = await newGateway()
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
    const gateway = await newGateway()
    const address = await gateway.listen()
    say({ address }, `The gateway listens on ${address}`)
    // At a clean end Node would keep it too; a machine that is killed has none.
    flushCompileCache()
    const stop = (): void => void gateway.stop().then(() => process.exit(0))
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })

const config = program.command('config').description('check and show the configuration')
config
  .command('check')
  .description('name every mistake with line, key and remedy')
  .action(() => {
    try {
      loadGatewayConfig(configFile())
    } catch (error) {
      // With --json the mistakes are the answer; without it they are said like every other error.
      if (!isJson() || !(error instanceof ConfigError)) throw error
      say({ valid: false, mistakes: error.mistakes }, '')
      process.exitCode = 1
      return
    }
    say({ valid: true, mistakes: [] }, 'The configuration is right.')
  })
config
  .command('show')
  .description('the effective configuration, without secrets')
  .action(() =>
    console.log(JSON.stringify(gatewayConfigWithoutSecrets(loadGatewayConfig(configFile())), null, 2)),
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

addRegisterCommands(program, { withGateway, say })
addAreaCommands(program, { withGateway, say })
addRecallCommands(program, { withGateway, say })
addPrivacyCommands(program, { withGateway, say })
addPhotoCommand(program, { withGateway, say })
addFindingsCommand(program, { withGateway, say })
addKeyCommands(program, { withGateway, say })
addTokenCommands(program, { withGateway, say })
addEpcisCommands(program, { say })
addDownlinkCommands(program, { withGateway, say })
addModelCommands(program, { withGateway, say })
addLogCommands(program, { withGateway, say })
addVerifyCommand(program, {
  dataDir: () => loadGatewayConfig(configFile()).dataDir,
  isJson,
  print: (line) => console.log(line),
})
addDigitalLinkCommand(program)
addFeedCommands(program, { withGateway, say })

/** 0 fine, 1 the answer is no, 2 wrong use; what is wrong goes to standard error, with what to do about it. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const known = error instanceof VuonError ? error : undefined
  if (isJson()) {
    const { message } = error as Error
    console.error(JSON.stringify({ error: known?.code ?? 'internal', message, hint: known?.hint }))
  } else console.error(known ? `${known.message}\n  → ${known.hint}` : (error as Error).stack)
  return known?.code === 'input-invalid' ? 2 : 1
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
}

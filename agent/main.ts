import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import type { Language } from '#contract/ground/messages.ts'
import { registerAdviceCommand } from './command/advice-command.ts'
import { registerAlarmCommands } from './command/alarm-commands.ts'
import type { ConsoleAnswer } from './command/console-answer.ts'
import { registerDecodeCommands } from './command/decode-commands.ts'
import { registerDeviceCommands } from './command/device-commands.ts'
import { registerDiaryCommand } from './command/diary-command.ts'
import { registerJournalCommands } from './command/journal-commands.ts'
import { registerKeyCommands } from './command/key-commands.ts'
import { registerLabelCommand } from './command/label-command.ts'
import { registerModelCommands } from './command/model-commands.ts'
import { registerMqttPassword } from './command/mqtt-password.ts'
import { registerPermitCommand } from './command/permit-command.ts'
import { registerProbeCommands } from './command/probe-commands.ts'
import { type AgentConfig, agentConfigWithoutSecrets, agentJsonSchema, loadAgentConfig } from './config.ts'
import { inForceAt } from './config-trial.ts'
import { examine } from './health/doctor.ts'
import { checkCodecs } from './lorawan-config.ts'
import { checkProfiles } from './profile-check.ts'

const DEFAULT_CONFIG = '/etc/vuon/agent.yaml'
const PROGRAM = `vuon-agent ${packageVersion()}`

const program = new Command('vuon-agent')
  .description(
    'Vuon on the farm: reads probes, keeps everything, raises alarms, sends what the province has not got.',
  )
  .version(packageVersion())
  .option('-c, --config <file>', 'configuration (YAML)', DEFAULT_CONFIG)
  .option('--json', 'answer in JSON')
  .showHelpAfterError('(vuon-agent --help shows every command)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const isJson = (): boolean => program.opts()['json'] === true
const configFile = (): string => String(program.opts()['config'])
const say = (value: unknown, sentence: string): void =>
  console.log(isJson() ? JSON.stringify(value) : sentence)
const sayLine = (value: unknown): void => console.log(JSON.stringify(value))

function loadConfig(): AgentConfig {
  const config = loadAgentConfig(configFile())
  checkProfiles(config)
  checkCodecs(config.lorawan)
  return config
}

program
  .command('run')
  .description('run until SIGTERM')
  .action(async () => {
    // The whole program, which no other command has to wait for.
    const { run } = await import('./command/run.ts')
    return run(loadConfig, PROGRAM)
  })

program
  .command('claim')
  .argument('<code>', 'the one-time code that the province gave')
  .requiredOption('--gateway <url>', 'address of the province, such as https://vuon.example')
  .description('enrol this box at the province')
  .option('--as-new-box', 'take a new name too: for a box whose keys were revoked or lost')
  .action(async (code: string, { gateway, asNewBox }: { gateway: string; asNewBox?: boolean }) => {
    const { claimBox } = await import('./command/claim.ts')
    const { agent, boxCode, farm } = await claimBox(loadConfig(), code, gateway, PROGRAM, asNewBox)
    say(
      { agent, boxCode, farm },
      `This box is ${boxCode} of ${farm.name}, ${farm.commune}. It begins to send by itself.`,
    )
  })

const config = program.command('config').description('check and show the configuration')
config
  .command('check')
  .description('name every mistake with line, key and remedy')
  .action(() => {
    loadConfig()
    say({ valid: true }, `${configFile()} is right.`)
  })
config
  .command('show')
  .description('the effective configuration, without secrets')
  .action(() => {
    const { config, state } = inForceAt(loadConfig())
    // What the province set stands beside it with what the file says; without any, this is a file like the box's own.
    const shown = agentConfigWithoutSecrets(config) as object
    const { no, isOnTrial, changes } = state
    const fromProvince = no === null ? {} : { fromProvince: { message: no, isOnTrial, changes } }
    console.log(JSON.stringify({ ...shown, ...fromProvince }, null, 2))
  })
config
  .command('schema')
  .description('JSON Schema for editors')
  .action(() => console.log(JSON.stringify(agentJsonSchema(), null, 2)))

program
  .command('doctor')
  .option('--lang <language>', 'vi or en')
  .description('what is wrong, and what to do')
  .action(async ({ lang }: { lang?: string }) => {
    const loaded = inForceAt(loadConfig()).config
    const language: Language = lang === 'vi' || lang === 'en' ? lang : loaded.language
    const { gatherFacts } = await import('./command/doctor.ts')
    const checks = examine(await gatherFacts(loaded, configFile()), language)
    const marks = { ok: '✓', warning: '!', problem: '✗' }
    const lines = checks.map(
      ({ state, sentence, hint }) => `${marks[state]} ${sentence}${hint ? `\n    → ${hint}` : ''}`,
    )
    say(checks, lines.join('\n'))
    if (checks.some((check) => check.state === 'problem')) process.exitCode = 1
  })

const answer: ConsoleAnswer = { loadConfig, say, sayLine }
registerJournalCommands(program, answer)
registerAlarmCommands(program, answer)
registerProbeCommands(program, answer)
registerDecodeCommands(program, answer)
registerDeviceCommands(program, answer)
registerModelCommands(program, answer)
registerAdviceCommand(program, answer)
registerLabelCommand(program, answer)
registerMqttPassword(program, answer)
registerKeyCommands(program, answer)
registerDiaryCommand(program, answer)
registerPermitCommand(program, answer)

try {
  await program.parseAsync()
} catch (error) {
  const known = error instanceof VuonError ? error : undefined
  const { message, stack } = error as Error
  if (isJson())
    console.error(JSON.stringify({ error: known?.code ?? 'internal', message, hint: known?.hint }))
  else console.error(known ? `${known.message}\n  → ${known.hint}` : stack)
  process.exitCode = known?.code === 'input-invalid' ? 2 : 1
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

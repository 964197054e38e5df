import { type Command, Option } from 'commander'
import { SCOPES, type Scope } from './accounts/tokens.ts'
import type { CommandOutside } from './register-commands.ts'

/** Tokens by which integrators' programs read and capture events. */
export function addTokenCommands(program: Command, { withGateway, say }: CommandOutside): void {
  const token = program.command('token').description("tokens of integrators' programs")

  token
    .command('new')
    .requiredOption('--name <name>', 'whose it is: an organisation, in small letters')
    .addOption(new Option('--scope <scope...>').choices(SCOPES).makeOptionMandatory())
    .option('--farms <ids>', 'farm ids separated by commas, or "all"', 'all')
    .description('make a token; it is printed once')
    .action((options: { name: string; scope: Scope[]; farms: string }) =>
      withGateway(async (gateway) => {
        const { name, scope: scopes, farms } = options
        const farmIds = farms === 'all' ? 'all' : farms.split(',').map((farmId) => farmId.trim())
        const made = await gateway.newToken({ name, scopes: [...new Set(scopes)], farmIds })
        say({ name, scopes, token: made }, `Token of ${name} (${scopes.join(', ')}), shown once: ${made}`)
      }),
    )

  token
    .command('list')
    .description('every token with what it may; never the token itself')
    .action(() =>
      withGateway(async (gateway) => {
        const tokens = await gateway.tokens()
        const lines = tokens.map(({ name, scopes, farmIds, revokedAt }) => {
          const farms = farmIds === 'all' ? 'every farm' : farmIds.join(' ')
          return `${name}  ${scopes.join(', ')}  ${farms}${revokedAt === null ? '' : '  revoked'}`
        })
        say(tokens, lines.join('\n') || 'No token yet.')
      }),
    )

  token
    .command('revoke')
    .requiredOption('--name <name>')
    .description('the token ends at once; what was captured with it stays')
    .action(({ name }: { name: string }) =>
      withGateway(async (gateway) => {
        await gateway.revokeToken(name)
        say({ name, revoked: true }, `The token of ${name} is revoked.`)
      }),
    )
}

import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { keyIdOf } from '#contract/wire/identity.ts'
import { enrolmentPath, keyPath } from '../data-folder.ts'
import { readEnrolment } from '../enrolment.ts'
import { makeNextKey, openKeyRing } from '../key-ring.ts'
import type { ConsoleAnswer } from './console-answer.ts'

/** The box's own keys: which there are, and a new one. */
export function registerKeyCommands(program: Command, { loadConfig, say }: ConsoleAnswer): void {
  const key = program.command('key').description("the box's own keys")

  key
    .command('rotate')
    .description(
      'make a new key; the agent goes over to it, with or without a network, and destroys the old one',
    )
    .action(() => {
      const path = keyPath(loadConfig().dataDir)
      const next = keyIdOf(makeNextKey(path).publicRaw, sha256)
      const old = keyIdOf((openKeyRing(path)[0] as { publicRaw: Uint8Array }).publicRaw, sha256)
      say(
        { old, next },
        `Key ${next} will follow ${old}. A running agent takes it up within seconds, another at its start; the old key is destroyed once the province holds everything that it signed.`,
      )
    })

  key
    .command('show')
    .description('the key that signs, and those that wait to follow it')
    .action(() => {
      const { dataDir } = loadConfig()
      const path = keyPath(dataDir)
      if (!existsSync(path))
        throw new VuonError('not-found', 'This box has no key yet.', {
          hint: 'It is made at the first start, or by vuon-agent claim.',
        })
      const keys = openKeyRing(path).map(({ publicRaw }) => keyIdOf(publicRaw, sha256))
      const agent = readEnrolment(enrolmentPath(dataDir))?.agent ?? null
      const [first, ...waiting] = keys
      const rest = waiting.length > 0 ? `, to be followed by ${waiting.join(', ')}` : ''
      say({ agent, keys }, `${agent ?? 'Not enrolled'}: key ${first}${rest}`)
    })
}

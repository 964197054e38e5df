import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { toBase32 } from '#contract/ground/bytes.ts'
import { hashPassword } from '../bus/password-hash.ts'
import type { ConsoleAnswer } from './console-answer.ts'

/** Makes a password for a device: typed into the device once; the config keeps only its hash. */
export function registerMqttPassword(program: Command, { say }: ConsoleAnswer): void {
  program
    .command('mqtt-password')
    .description('make a password for a device that signs in to the built-in broker')
    .action(async () => {
      const random = (length: number) => new Uint8Array(randomBytes(length))
      // 15 bytes are 24 characters, which nobody guesses and a person can still type.
      const password = toBase32(random(15)).toLowerCase()
      const hash = await hashPassword(password, random)
      say(
        { password, hash },
        `Password for the device, shown only now: ${password}\nFor the configuration, under users:\n  password: ${hash}`,
      )
    })
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, it, onTestFinished } from 'vitest'
import { sha256 } from '#contract/ground/node/crypto.ts'
import { eventHashes } from '#contract/trace/event-hash.ts'
import { addEpcisCommands } from '../../gateway/epcis-commands.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import { addTokenCommands } from '../../gateway/token-commands.ts'
import { documentOf, observed } from './epcis-client.ts'
import { temporaryFolder } from './province-store.ts'
import { RunningGateway } from './running-gateway.ts'

/** Runs one command as the program does, and returns what it said and with which code it would end. */
async function run(
  gateway: Gateway | undefined,
  ...words: string[]
): Promise<{ said: unknown[]; code: number }> {
  const said: unknown[] = []
  const program = new Command('vuon-gateway').exitOverride().configureOutput({ writeErr: () => undefined })
  const outside = {
    say: (value: unknown) => void said.push(value),
    withGateway: async (work: (each: Gateway) => Promise<void>) => work(gateway as Gateway),
  }
  addEpcisCommands(program, outside)
  addTokenCommands(program, outside)
  const before = process.exitCode
  onTestFinished(() => {
    process.exitCode = before
  })
  process.exitCode = 0
  await program.parseAsync(words, { from: 'user' })
  return { said, code: Number(process.exitCode) }
}

it('says of each file whether it is right and what its events are called', async () => {
  const folder = temporaryFolder()
  const file = (name: string, content: unknown) => {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }
  const right = file('right.json', documentOf([observed(1)]))
  const wrong = file('wrong.json', documentOf([observed(1), observed(2, { bizStep: 'harvesting' })]))
  const broken = file('broken.json', '{')
  const metadata = { deviceID: 'urn:x:1' }
  const twice = file(
    'twice.json',
    documentOf([
      observed(1, {
        sensorElementList: [
          {
            sensorMetadata: metadata,
            sensorReport: [{ type: 'Temperature', value: 1, uom: 'CEL', ...metadata }],
          },
        ],
      }),
    ]),
  )
  expect(await run(undefined, 'epcis', 'validate', right)).toEqual({
    said: [{ file: right, valid: true, errors: [], warnings: [] }],
    code: 0,
  })
  const judged = await run(undefined, 'epcis', 'validate', wrong, broken, join(folder, 'none'), twice)
  expect(judged.code).toBe(1)
  expect(judged.said).toMatchObject([
    { valid: false, errors: [expect.stringContaining('epcisBody.eventList[1].bizStep is "harvesting"')] },
    { valid: false, errors: ['The file is not JSON in UTF-8.'] },
    { valid: false, errors: ['The file could not be read.'] },
    { valid: true, warnings: [expect.stringContaining('TCR-53')] },
  ])
  const hashes = eventHashes(documentOf([observed(1)]), sha256)
  expect(await run(undefined, 'epcis', 'hash', right)).toEqual({ said: [{ file: right, hashes }], code: 0 })
  expect(await run(undefined, 'epcis', 'hash', broken)).toMatchObject({ said: [{ hashes: [] }], code: 1 })
})

it('makes a token that is shown once, lists it without it, and ends it', async () => {
  const { gateway, app } = await RunningGateway.open()
  const made = await run(gateway, 'token', 'new', '--name', 'htx', '--scope', 'epcis-read', 'epcis-capture')
  const { token } = made.said[0] as { token: string }
  expect(token).toMatch(/^vuon_[\w-]{43}$/)
  const ask = async () =>
    (await app.inject({ url: '/epcis/v2/events', headers: { authorization: `Bearer ${token}` } })).statusCode
  expect(await ask()).toBe(200)
  const list = await run(gateway, 'token', 'list')
  expect(list.said[0]).toMatchObject([
    { name: 'htx', scopes: ['epcis-read', 'epcis-capture'], revokedAt: null },
  ])
  expect(JSON.stringify(list)).not.toContain(token)
  await expect(run(gateway, 'token', 'new', '--name', 'htx', '--scope', 'epcis-read')).rejects.toThrow(
    'There is a token htx',
  )
  await expect(run(gateway, 'token', 'new', '--name', 'Bà Tám', '--scope', 'epcis-read')).rejects.toThrow(
    'no name for a token',
  )
  await expect(run(gateway, 'token', 'new', '--name', 'x', '--scope', 'all')).rejects.toThrow(
    'Allowed choices',
  )
  await run(gateway, 'token', 'revoke', '--name', 'htx')
  expect(await ask()).toBe(401)
  await expect(run(gateway, 'token', 'revoke', '--name', 'htx')).rejects.toThrow('no token htx')
})

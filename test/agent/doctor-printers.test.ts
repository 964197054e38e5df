import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { LANGUAGES } from '#contract/ground/messages.ts'
import { gatherFacts } from '../../agent/command/doctor.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { examine } from '../../agent/health/doctor.ts'
import { printerChecks } from '../../agent/health/doctor-printers.ts'
import { say } from '../../agent/health/messages.ts'

function folder(parent: string): string {
  const made = mkdtempSync(join(parent, 'vuon-printer-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** What doctor says of each printer of a config, by its name. */
async function looked(printers: readonly Record<string, string>[]) {
  const lines = printers.map(
    (keys, index) =>
      `  - { name: p${index}, language: tspl, size: 60x40, ${Object.entries(keys).map(([key, value]) => `${key}: "${value}"`)} }`,
  )
  const text = `dataDir: ${folder(tmpdir())}\npage: { port: 1 }\nprinters:\n${lines.join('\n')}\n`
  const facts = await gatherFacts(parseConfig(agentConfigSchema, text, 'box.yaml'), 'box.yaml')
  return examine(facts, 'en').filter(({ name }) => name.startsWith('printer'))
}

test('a printer on the network is reached without a byte being sent, refuses, or is not there', async () => {
  const received: Buffer[] = []
  const server = createServer((socket) => void socket.on('data', (piece) => received.push(piece)))
  const closed = createServer()
  for (const each of [server, closed])
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve))
  const portOf = (each: typeof server) => (each.address() as { port: number }).port
  const [open, shut] = [portOf(server), portOf(closed)]
  await new Promise((resolve) => closed.close(resolve))
  onTestFinished(() => void server.close())
  expect(
    await looked([
      { address: `127.0.0.1:${open}` },
      { address: `127.0.0.1:${shut}` },
      { address: 'may-in.invalid' },
    ]),
  ).toMatchObject([
    { name: 'printer p0', state: 'ok', sentence: expect.stringContaining(`127.0.0.1:${open}`) },
    { name: 'printer p1', state: 'warning', hint: expect.stringContaining('port 9100') },
    { name: 'printer p2', state: 'warning', sentence: expect.stringContaining('may-in.invalid:9100') },
  ])
  expect(received).toEqual([])
})

test('a printer in /dev is there and can be written, is not there, or is no device', async () => {
  const shared = folder('/dev/shm')
  const [pipe, file] = [join(shared, 'lp0'), join(shared, 'lp1')]
  execFileSync('mkfifo', [pipe])
  writeFileSync(file, '')
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(reader))
  expect(await looked([{ device: pipe }, { device: '/dev/usb/lp77' }, { device: file }])).toMatchObject([
    { name: 'printer p0', state: 'ok' },
    { name: 'printer p1', state: 'warning', hint: expect.stringContaining('USB cable') },
    { name: 'printer p2', state: 'problem', hint: expect.stringContaining('plain file') },
  ])
  expect(readSync(reader, Buffer.alloc(10))).toBe(0)
})

test('every trouble has its sentence and its remedy in both languages', () => {
  const reasons = ['unreachable', 'refused', 'absent', 'forbidden', 'in-use', 'wrong-device'] as const
  const facts = reasons.map((reason) => ({ name: 'A', way: '/dev/usb/lp0', reason, detail: 'EACCES' }))
  for (const language of LANGUAGES) {
    const checks = printerChecks(facts, say.bind(null, language))
    const said = checks.flatMap(({ sentence, hint }) => [sentence, hint])
    expect(new Set(said).size).toBe(12)
    for (const each of said) expect(each).not.toMatch(/[{}]|undefined/)
  }
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stopProcess, temporaryFolder } from '../../world/real-services.ts'
import { HookServer } from './hook-server.ts'

const CHILD = join(import.meta.dirname, 'telling-child.ts')
const ALL = 20

test('a program that is killed while it tells forgets nothing, and repeats only the one whose answer it had not written down', async () => {
  const hook = await HookServer.start()
  const folder = temporaryFolder()
  const lastBeforeKill: string[] = []
  const keyAt = (index: number) => String(hook.received.at(index)?.headers['idempotency-key'])
  for (const killAt of [1, 8]) {
    const child = spawn(process.execPath, [CHILD, folder, hook.url], { stdio: 'ignore' })
    onTestFinished(() => stopProcess(child))
    hook.answer = (response, number) => {
      // Half of the kills come before the answer, half after it.
      if (number < killAt || killAt % 2 === 0) response.writeHead(204).end()
      if (number === killAt) child.kill('SIGKILL')
    }
    await once(child, 'exit')
    lastBeforeKill.push(keyAt(-1))
  }
  hook.answer = (response) => response.writeHead(204).end()
  const last = spawn(process.execPath, [CHILD, folder, hook.url], { stdio: 'ignore' })
  onTestFinished(() => stopProcess(last))
  await once(last, 'exit')
  const keys = hook.received.map(({ headers }) => String(headers['idempotency-key']))
  const repeated = keys.filter((key, at) => keys.indexOf(key) !== at)
  for (const key of repeated) expect(lastBeforeKill).toContain(key)
  expect(repeated.length).toBeLessThanOrEqual(lastBeforeKill.length)
  // What a receiver that drops repeats by their key has in the end.
  expect(hook.kept.toSorted()).toEqual(
    Array.from({ length: ALL }, (_, number) => `a${number}.raised.warning.hook`).toSorted(),
  )
  const before = keys.length
  const again = spawn(process.execPath, [CHILD, folder, hook.url], { stdio: 'ignore' })
  onTestFinished(() => stopProcess(again))
  await once(again, 'exit')
  expect(hook.received.length).toBe(before)
}, 30_000)

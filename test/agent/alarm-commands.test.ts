import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { newBox } from '../world/real-programs.ts'
import { freePort, temporaryFolder } from '../world/real-services.ts'
import { eventually } from './bus/bus-room.ts'
import { HookServer } from './notices/hook-server.ts'

const bin = join(import.meta.dirname, '../../bin/vuon-agent')

function alarms(
  config: string,
  ...words: string[]
): Promise<{ code: number | null; out: unknown; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(bin, ['--config', config, '--json', 'alarms', ...words])
    let [out, err] = ['', '']
    child.stdout.on('data', (part: Buffer) => {
      out += part
    })
    child.stderr.on('data', (part: Buffer) => {
      err += part
    })
    child.once('exit', (code) => resolve({ code, out: out === '' ? null : JSON.parse(out), err }))
  })
}

const webhook = (url: string) => ({
  channels: [{ kind: 'webhook', name: 'htx', url, allowHttp: true, secret: 'sixteen letters and more' }],
})

test('without a running agent a webhook can be tried all the same, and what needs the agent says so', async () => {
  const hook = await HookServer.start()
  const folder = temporaryFolder()
  const config = join(folder, 'box.yaml')
  const said = { dataDir: join(folder, 'box'), page: { port: 1 }, notify: webhook(hook.url) }
  writeFileSync(config, JSON.stringify(said))
  expect(await alarms(config, 'test', 'htx')).toMatchObject({
    code: 0,
    out: { channel: 'htx', kind: 'delivered' },
  })
  expect(JSON.parse(hook.received[0]?.body ?? '{}')).toMatchObject({ isTest: true })
  hook.answer = (response) => response.writeHead(503).end()
  const [failed, nobody, page] = await Promise.all([
    alarms(config, 'test', 'htx'),
    alarms(config, 'test', 'nobody'),
    alarms(config, 'test', 'page'),
  ])
  expect(failed).toMatchObject({ code: 1, out: { kind: 'failed' } })
  expect(nobody).toMatchObject({ code: 2, err: expect.stringContaining('page, htx') })
  expect(page).toMatchObject({ code: 1, err: expect.stringContaining('systemctl start') })
}, 20_000)

test('of a running agent the open alarms are listed, tried and acknowledged', async () => {
  const [hook, port] = [await HookServer.start(), await freePort()]
  const box = await newBox(temporaryFolder(), {
    buses: [{ kind: 'mqtt-broker', name: 'broker', host: '127.0.0.1', port }],
    alarms: [{ name: 'Nóng quá', quantity: 'air-temperature', above: 38 }],
    notify: webhook(hook.url),
  })
  onTestFinished(() => box.stop())
  await box.start()
  const node = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4 })
  onTestFinished(() => node.endAsync(true))
  await node.publishAsync('tele/kho/SENSOR', '{"AM2301":{"Temperature":39.5,"Humidity":40},"TempUnit":"C"}', {
    qos: 1,
  })
  await eventually('the alarm is told', () => hook.received.length > 0)
  const file = box.configFile
  const { out } = (await alarms(file, 'list')) as { out: { open: { alarmId: string }[] } }
  expect(out).toMatchObject({
    isRunning: true,
    open: [{ rule: 'above', device: 'kho', acknowledged: null }],
    channels: [{ name: 'page' }, { name: 'htx', delivered: 1 }],
  })
  const id = out.open[0]?.alarmId ?? ''
  const [tried, seen, unknown] = await Promise.all([
    alarms(file, 'test', 'page'),
    alarms(file, 'ack', id.slice(0, 8)),
    alarms(file, 'ack', 'nothing'),
  ])
  expect(tried).toMatchObject({ code: 0, out: { kind: 'delivered' } })
  expect(seen).toMatchObject({ code: 0, out: { outcome: 'acknowledged' } })
  expect(unknown).toMatchObject({ code: 2 })
  await eventually('the acknowledgement is told', () => hook.received.length === 2)
  expect(JSON.parse(hook.received[1]?.body ?? '{}')).toMatchObject({ state: 'acknowledged', alarm: { id } })
}, 60_000)

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toBase64Url } from '#contract/ground/bytes.ts'
import { BATCH_TYPE } from '#contract/wire/batch.ts'
import { claimProof } from '#contract/wire/sync-protocol.ts'
import { temporaryFolder } from './province-store.ts'
import { minutes, SignedBox, seriesEntry } from './signed-box.ts'

// Real processes on real files: what the administrator types is what is tested here.
const PROGRAM = resolve(import.meta.dirname, '../../bin/vuon-gateway')

interface Finished {
  code: number | null
  out: string
  err: string
  /** The last line of the output, as JSON. */
  json: () => Record<string, unknown>
}

function start(args: readonly string[]): ChildProcess {
  const child = spawn(PROGRAM, args, { stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function run(args: readonly string[], input = ''): Promise<Finished> {
  const child = start(args)
  let [out, err] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk))
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk))
  child.stdin?.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err, json: () => JSON.parse(out.trim().split('\n').at(-1) ?? '') }
}

/** A configuration file with its own data folder, and the program on it. */
function administrator(change: Record<string, string> = {}) {
  const folder = temporaryFolder()
  const config = join(folder, 'gateway.yaml')
  const settings = { dataDir: join(folder, 'data'), listen: '{ port: 0 }', log: 'warn', ...change }
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join(''),
  )
  const command = (...args: string[]) => run(['--config', config, '--json', ...args])
  const addFarm = async (name = 'Vườn Hai Lúa') => {
    const added = await command(
      'farm',
      'add',
      '--name',
      name,
      '--commune',
      'Hàm Thạnh',
      '--province',
      'Lâm Đồng',
    )
    expect(added).toMatchObject({ code: 0, err: '' })
    return added.json()['farmId'] as string
  }
  const serve = async () => {
    const child = start(['--config', config, '--json', 'run'])
    const [line] = (await once(child.stdout!, 'data')) as [Buffer]
    return { child, address: (JSON.parse(String(line)) as { address: string }).address }
  }
  return { folder, config, command, addFarm, serve }
}

describe('vuon-gateway config', () => {
  it('check says yes to the defaults and to the sample', async () => {
    const sample = resolve(import.meta.dirname, '../../gateway/gateway.sample.yaml')
    for (const args of [[], ['--config', sample]]) {
      const checked = await run([...args, 'config', 'check', '--json'])
      expect(checked).toMatchObject({ code: 0, err: '' })
      expect(checked.json()).toEqual({ valid: true, mistakes: [] })
    }
  })

  it('check names every mistake with its line, key and remedy, and ends with 1', async () => {
    const { config, command } = administrator({
      listen: '{ prot: 80 }',
      sessionHours: '0',
      timeZone: 'Asia/Sài_Gòn',
    })
    const checked = await command('config', 'check')
    expect(checked.code).toBe(1)
    const answer = checked.json() as unknown as { valid: boolean; mistakes: Record<string, unknown>[] }
    expect(answer.valid).toBe(false)
    expect(answer.mistakes.map(({ key, line }) => `${line} ${key}`).sort()).toEqual([
      '2 listen.prot',
      '4 sessionHours',
      '5 timeZone',
    ])
    expect(answer.mistakes.find(({ line }) => line === 2)).toMatchObject({
      file: config,
      remedy: 'did you mean "port"?',
    })
    const said = await run(['--config', config, 'config', 'check'])
    expect(said).toMatchObject({ code: 1, out: '' })
    expect(said.err).toContain(`${config}:2:`)
    expect(said.err).toContain('did you mean "port"?')
    expect(said.err).not.toMatch(/\.ts:\d/)
  })

  it('show prints what is in force, schema what may be', async () => {
    const { command, folder } = administrator({ sessionHours: '3' })
    expect(JSON.parse((await command('config', 'show')).out)).toMatchObject({
      dataDir: join(folder, 'data'),
      sessionHours: 3,
      claimsPerMinute: 20,
    })
    const schema = JSON.parse((await command('config', 'schema')).out)
    expect(schema.properties).toHaveProperty('publicUrl')
  })

  it('ends with 1 for a file that is not there', async () => {
    const checked = await run(['--config', '/nowhere/gateway.yaml', 'config', 'check'])
    expect(checked).toMatchObject({ code: 1, out: '' })
    expect(checked.err).toMatch(/could not be read[\s\S]*→ /)
  })
})

describe('vuon-gateway, used wrongly,', () => {
  const place = ['--commune', 'x', '--province', 'x']
  const allocate = (gtin: string, crop: string, ...more: string[]) =>
    ['farm', 'allocate', '--farm', 'f-none', '--gtin', gtin, '--crop', crop].concat(
      ['--product-vi', 'x', '--product-en', 'x'],
      more,
    )
  const GTIN = '09521234567899'

  it.each([
    ['without a command', []],
    ['with a command that there is not', ['frobnicate']],
    ['with an option that there is not', ['farm', 'list', '--frobnicate']],
    ['without an option that is needed', ['farm', 'add', '--name', 'x']],
    ['with a farm without a name', ['farm', 'add', '--name', ' ', ...place]],
    ['with a name over two lines', ['farm', 'add', '--name', 'a\nb', ...place]],
    ['with a crop that nobody grows', allocate(GTIN, 'tea')],
    ['with a GTIN whose check digit is wrong', allocate('09521234567890', 'mango')],
    ['with a GLN alone', allocate(GTIN, 'mango', '--gln', '9521234567899')],
    [
      'with a GLN whose check digit is wrong',
      allocate(GTIN, 'mango', '--gln', '9521234567890', '--area', 'A'),
    ],
    ['with a role that there is not', ['person', 'add', '--email', 'a@b', '--name', 'x', '--role', 'king']],
    ['with an address that is none', ['person', 'add', '--email', 'a', '--name', 'x']],
  ])('%s ends with 2 and says how it is done', async (_, args) => {
    const { code, out, err } = await administrator().command(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/hint|--help|help \[command\]/)
    expect(err).not.toMatch(/\.ts:\d+/)
  })

  it.each([
    ['a code for a farm', ['claim-code', '--farm', 'f-none']],
    ['a person of a farm', ['person', 'add', '--email', 'a@b.example', '--name', 'x', '--farms', 'f-none']],
    ['a GTIN of a farm', allocate(GTIN, 'mango')],
  ])('with %s that is not registered ends with 1', async (_, args) => {
    const { code, out, err } = await administrator().command(...args)
    expect([code, out]).toEqual([1, ''])
    expect(JSON.parse(err)).toMatchObject({ error: 'not-found', hint: expect.stringContaining('farm list') })
  })
})

describe('vuon-gateway', () => {
  it('registers a farm, what it may mark its fruit with, and a person', async () => {
    const { command, addFarm, config } = administrator()
    const farmId = await addFarm('Vườn Hai Lúa'.normalize('NFD'))
    const product = ['--crop', 'dragon-fruit', '--product-vi', 'Thanh long', '--product-en', 'Dragon fruit']
    const area = ['--gln', '9521234567899', '--area', 'VN-BTHOR-0001']
    const allocated = await command(
      'farm',
      'allocate',
      '--farm',
      farmId,
      '--gtin',
      '09521234567899',
      ...product,
      ...area,
    )
    expect(allocated.json()).toEqual({ farmId, gtin: '09521234567899' })
    const listed = await command('farm', 'list')
    expect(listed).toMatchObject({ code: 0, err: '' })
    expect(listed.json()).toMatchObject([{ farmId, name: 'Vườn Hai Lúa', boxes: [], openAlarms: 0 }])
    expect((await command('claim-code', '--farm', farmId)).json()).toEqual({
      code: expect.stringMatching(/^([0-9A-Z]{5}-){3}[0-9A-Z]{5}$/),
    })
    const added = await command(
      'person',
      'add',
      '--email',
      'lan@tinh.example',
      '--name',
      'Lan',
      '--farms',
      farmId,
    )
    expect(added.json()).toEqual({ personId: expect.any(String), password: expect.stringMatching(/^.{16}$/) })
    const stdin = ['person', 'add', '--email', 'tu@tinh.example', '--name', 'Tú', '--password-stdin']
    const quiet = await run(['--config', config, '--json', ...stdin], 'bốn từ dễ nhớ\n')
    expect(quiet.json()).toEqual({ personId: expect.any(String) })
    expect((await run(['--config', config, ...stdin], 'ngắn\n')).code).toBe(2)
  })

  it('keeps its key where nobody else can read it, and refuses one that others can', async () => {
    const { folder, command, addFarm } = administrator()
    await addFarm()
    const key = join(folder, 'data', 'keys', 'province.key')
    expect(statSync(key).mode & 0o777).toBe(0o600)
    const other = administrator()
    mkdirSync(join(other.folder, 'data', 'keys'), { recursive: true })
    writeFileSync(join(other.folder, 'data', 'keys', 'province.key'), new Uint8Array(32), { mode: 0o644 })
    const refused = await other.command('farm', 'list')
    expect([refused.code, JSON.parse(refused.err)]).toMatchObject([1, { error: 'key-unsafe' }])
    expect((await command('farm', 'list')).code).toBe(0)
  })

  it('run twice over one store takes each batch once, while the administrator works beside it', async () => {
    const { command, addFarm, serve } = administrator()
    const farmId = await addFarm()
    const { code } = (await command('claim-code', '--farm', farmId)).json() as { code: string }
    const [one, two] = await Promise.all([serve(), serve()])
    const post = (address: string, path: string, type: string, body: BodyInit) =>
      fetch(`${address}${path}`, { method: 'POST', headers: { 'content-type': type }, body })
    const box = new SignedBox()
    const claim = {
      code,
      program: 'test',
      publicKey: toBase64Url(box.key.publicRaw),
      signature: toBase64Url(box.key.sign(claimProof(code))),
    }
    const claimed = await post(one.address, '/sync/v1/claim', 'application/json', JSON.stringify(claim))
    expect(claimed.status).toBe(200)

    const batches = [
      box.records(seriesEntry(1)),
      ...Array.from({ length: 20 }, () => box.readings(minutes(1, 30))),
    ]
    const [answers, second] = await Promise.all([
      Promise.all(
        batches.flatMap(({ bytes }) =>
          [one, two].map(({ address }) => post(address, '/sync/v1/batches', BATCH_TYPE, Buffer.from(bytes))),
        ),
      ),
      addFarm('Vườn thứ hai'),
    ])
    expect(answers.map((answer) => answer.status).filter((status) => status !== 200)).toEqual([])
    const { lanes } = (await answers.at(-1)!.json()) as { lanes: Record<string, { held: unknown[] }> }
    expect(lanes).toMatchObject({ record: { durableThrough: 1 } })
    const listed = (await command('farm', 'list')).json() as unknown as {
      farmId: string
      seriesCount: number
    }[]
    expect(listed.map((farm) => [farm.farmId, farm.seriesCount]).sort()).toEqual(
      [
        [farmId, 1],
        [second, 0],
      ].sort(),
    )

    for (const { child } of [one, two]) {
      child.kill('SIGTERM')
      const [exit] = (await once(child, 'exit')) as [number]
      expect(exit).toBe(0)
    }
    // Two farms, one enrolment, one series, twenty batches of thirty readings.
    const rebuilt = await command('rebuild')
    expect(rebuilt.json()).toEqual({ batches: 24, readings: 600, entries: 4, unread: 0 })
    expect((await command('farm', 'list')).json()).toEqual(listed)
  }, 60_000)
})

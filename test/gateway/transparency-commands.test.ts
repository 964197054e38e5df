import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { VuonError } from '#contract/ground/errors.ts'
import { addLogCommands } from '../../gateway/log-commands.ts'
import { addVerifyCommand } from '../../gateway/verify-command.ts'
import { EpcisClient, idOf, observed } from './epcis-client.ts'
import { temporaryFolder } from './province-store.ts'
import { TransparencyRoom } from './transparency-room.ts'

interface Answer {
  readonly lines: readonly string[]
  readonly exitCode: number
  readonly error: unknown
}

/** Runs a command as `main.ts` does, on the open gateway of a room. */
async function run(room: TransparencyRoom, args: readonly string[], isJson = true): Promise<Answer> {
  const lines: string[] = []
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  addLogCommands(program, {
    withGateway: (work) => work(room.province.gateway),
    say: (value, sentence) => lines.push(isJson ? JSON.stringify(value) : sentence),
  })
  addVerifyCommand(program, {
    dataDir: () => 'nowhere',
    isJson: () => isJson,
    print: (line) => lines.push(line),
  })
  const before = process.exitCode
  process.exitCode = 0
  const error = await program.parseAsync(['node', 'vuon-gateway', ...args]).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const exitCode = Number(process.exitCode)
  process.exitCode = before
  return { lines, exitCode, error }
}

const parsed = (answer: Answer): Record<string, unknown>[] =>
  answer.lines.map((line) => JSON.parse(line) as Record<string, unknown>)

const listen = { host: '127.0.0.1', port: 0, trustProxy: false }

/** Another log under the same name and key: what a province would show to somebody else. */
async function twinOf(dataDir: string): Promise<{ twin: TransparencyRoom; url: string }> {
  const other = temporaryFolder()
  mkdirSync(join(other, 'keys'), { recursive: true })
  copyFileSync(join(dataDir, 'keys', 'province.key'), join(other, 'keys', 'province.key'))
  const twin = await TransparencyRoom.open({ dataDir: other, config: { listen } })
  return { twin, url: `${await twin.province.gateway.listen()}/log` }
}

async function filled(count: number) {
  const dataDir = temporaryFolder()
  const room = await TransparencyRoom.open({ dataDir, config: { listen } })
  const events = await room.receive(count)
  await room.transparency.writer.turn()
  return { dataDir, room, events }
}

describe('log prove and verify', () => {
  it('an event is proved by its eventID or its number, and the saved file holds off-line', async () => {
    const { room, events } = await filled(3)
    const folder = temporaryFolder()
    const { key } = await room.transparency.status()
    for (const [index, name] of [events[1] as string, `${room.box.agent}/3`].entries()) {
      const { lines } = await run(room, ['log', 'prove', name], false)
      const file = join(folder, `${index}.json`)
      writeFileSync(file, lines.join('\n'))
      const verified = await run(room, ['verify', file, '--province-key', key])
      expect(verified.exitCode, verified.lines.join('\n')).toBe(0)
      const [result] = parsed(verified)
      expect(Object.keys(result ?? {})).toEqual(['file', 'valid', 'checks', 'caveats'])
      expect(result).toMatchObject({ file, valid: true })
      expect(result?.['checks']).toEqual(
        expect.arrayContaining([expect.objectContaining({ check: 'inclusion', ok: true })]),
      )
      const said = (await run(room, ['verify', file], false)).lines.join('\n')
      expect(said).toContain('VERIFIED, BUT NOT WHOSE KEY IT IS')
      expect(said).toContain('It does not prove that the farmer told the truth')
      expect(said).toMatch(/not {3}Whose key this is: NOT checked\. The key was compared with nothing/)
      expect(said).toContain(`--province-key KEY. The file says it is ${key}`)
      expect(said).toMatch(/not {3}Whether everybody is shown the same log: NOT checked/)
      expect(said).toContain("If the key in the file is the province's, this proves that these boxes signed")
      const pinned = (await run(room, ['verify', file, '--province-key', key], false)).lines.join('\n')
      expect(pinned).toMatch(/: VERIFIED\n/)
      expect(pinned).not.toContain('Whose key')
    }
    const missing = await run(room, ['log', 'prove', 'ni:///sha-256;00?ver=CBV2.0'])
    expect(missing.error).toMatchObject({ code: 'not-found' })
  })

  it('a changed, a strange and an absent file are result lines, and a wrong key of use is said', async () => {
    const { room } = await filled(1)
    const folder = temporaryFolder()
    const bundle = await room.transparency.prove(`${room.box.agent}/1`)
    const write = (name: string, value: unknown): string => {
      writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value))
      return join(folder, name)
    }
    const good = write('good.json', bundle)
    const edited = write('edited.json', {
      ...bundle,
      checkpoint: bundle.checkpoint?.replace('\n1\n', '\n2\n'),
    })
    const files = [good, edited, write('strange.json', '{'), join(folder, 'absent.json')]
    const answer = await run(room, ['verify', ...files])
    expect(answer.exitCode).toBe(1)
    expect(parsed(answer).map(({ valid }) => valid)).toEqual([true, false, false, false])
    expect(parsed(await run(room, ['verify', good, '--cosigner', 'w+00000000+AA']))).toEqual([])
    for (const wrong of ['x', 'AAAA', 'a+00000000+AAAA'])
      expect((await run(room, ['verify', good, '--province-key', wrong])).error).toBeInstanceOf(VuonError)
    const { twin } = await twinOf(temporaryKey())
    const strange = (await twin.transparency.status()).key
    const other = await run(room, ['verify', good, '--province-key', strange])
    expect(other.exitCode).toBe(1)
  })

  it('two files that show two roots for one size are a fork', async () => {
    const { dataDir, room } = await filled(2)
    const { twin } = await twinOf(dataDir)
    await twin.receive(2, 77)
    await twin.transparency.writer.turn()
    const folder = temporaryFolder()
    const files = await Promise.all(
      [room, twin].map(async (each, index) => {
        const file = join(folder, `${index}.json`)
        writeFileSync(file, JSON.stringify(await each.transparency.prove(`${each.box.agent}/1`)))
        return file
      }),
    )
    for (const file of files) expect((await run(room, ['verify', file])).exitCode).toBe(0)
    const answer = await run(room, ['verify', ...files])
    expect(answer.exitCode).toBe(1)
    for (const { checks } of parsed(answer))
      expect((checks as { check: string }[]).at(-1)?.check).toBe('fork')
    const seen = join(folder, 'seen.txt')
    writeFileSync(seen, await twin.text('/log/checkpoint'))
    expect((await run(room, ['verify', files[0] as string, '--checkpoint', seen])).exitCode).toBe(1)
  })
})

describe('log verify', () => {
  it('says what somebody has changed behind the log', async () => {
    const { room } = await filled(5)
    expect(await run(room, ['log', 'verify'])).toMatchObject({ exitCode: 0 })
    for (const [statement, problem] of [
      ['UPDATE event SET signed = zeroblob(100) WHERE seq = 2', 'Entry 1 of the log is not among the events'],
      ['DELETE FROM event WHERE seq = 5', 'Entry 4 of the log is not among the events'],
      ['UPDATE tree_tile SET hashes = zeroblob(160) WHERE level = 0', 'tile/0/000.p/5 is not what'],
      ["UPDATE tree_checkpoint SET note = replace(note, 'vuon', 'vuom')", 'not signed by the province'],
      ['UPDATE tree_leaf SET leaf = zeroblob(100) WHERE no = 3', 'Entry 3 is not what its hash says'],
      ['DELETE FROM tree_leaf WHERE no = 3', 'Entry 3 is missing'],
    ] as const) {
      await sql.raw(statement).execute(room.province.gateway.db)
      const answer = await run(room, ['log', 'verify'], false)
      expect(answer.exitCode).toBe(1)
      expect(answer.lines.join('\n')).toContain(problem)
    }
  })

  it('notices with a saved checkpoint that the end was cut off, and an event that never went in', async () => {
    const { room } = await filled(5)
    const seen = join(temporaryFolder(), 'seen.txt')
    writeFileSync(seen, await room.text('/log/checkpoint'))
    await room.receive(1, 50)
    await room.transparency.writer.turn()
    expect(await run(room, ['log', 'verify', '--checkpoint', seen])).toMatchObject({ exitCode: 0 })
    for (const statement of [
      'DELETE FROM tree_leaf WHERE no >= 2',
      'DELETE FROM tree_checkpoint',
      'UPDATE tree_head SET size = 2',
      'UPDATE tree_tile SET hashes = substr(hashes, 1, 64)',
    ])
      await sql.raw(statement).execute(room.province.gateway.db)
    const { lines } = await run(room, ['log', 'verify', '--checkpoint', seen], false)
    expect(lines.join('\n')).toContain('its end was cut off')
    expect(lines.join('\n')).toMatch(/Event 3 of box \S+ \(\S+\) is not in the log/)
  })
})

describe('an event that an integrator captured', () => {
  /** Three of a trader's events beside two of the farm, all in the log. */
  async function capturedRoom() {
    const room = await TransparencyRoom.open()
    const trader = await EpcisClient.at(room.province, 'san-giao-dich')
    await room.receive(2)
    const { eventID: _, ...unnamed } = observed(21, { bizStep: 'receiving' })
    expect(await trader.capture([observed(20), unnamed, observed(22)])).toMatchObject({ success: true })
    const [hashed = ''] = await trader.find({ EQ_bizStep: 'receiving' })
    return { room, trader, hashed }
  }

  it('is proved by its eventID, be it a name or a hash, and the saved file holds off-line', async () => {
    const { room, hashed } = await capturedRoom()
    expect(hashed).toMatch(/^ni:/)
    const waiting = await room.transparency.prove(idOf(20))
    expect(waiting.events).toMatchObject([{ kind: 'captured-event', leaf: null }])
    await room.transparency.writer.turn()
    const { key } = await room.transparency.status()
    const folder = temporaryFolder()
    for (const [index, name] of [idOf(22), hashed].entries()) {
      const file = join(folder, `${index}.json`)
      writeFileSync(file, (await run(room, ['log', 'prove', name], false)).lines.join('\n'))
      const said = (await run(room, ['verify', file, '--province-key', key], false)).lines.join('\n')
      expect(said).toMatch(/VERIFIED\n/)
      expect(said).toContain('Signed by the province, as an integrator sent it.')
      expect(said).toContain('This proves that the province received exactly this')
      expect(said).toContain('Who sent a captured event, and whether he may speak for the goods: NOT checked')
    }
    // In a process of its own, where there is neither a gateway nor its data.
    const empty = temporaryFolder()
    const main = join(import.meta.dirname, '../../gateway/main.ts')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [main, '--json', 'verify', join(folder, '1.json'), '--province-key', key],
      { cwd: empty },
    )
    expect(JSON.parse(stdout)).toMatchObject({ valid: true })
    expect(readdirSync(empty)).toEqual([])
  })

  it('is not proved as something that was never captured', async () => {
    const { room } = await capturedRoom()
    await room.transparency.writer.turn()
    const { db } = room.province.gateway
    await sql`UPDATE event_index SET body = replace(body, 'OBSERVE', 'DELETE') WHERE event_id = ${idOf(20)}`.execute(
      db,
    )
    expect((await run(room, ['log', 'prove', idOf(20)])).error).toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('row was changed'),
    })
  })

  it('that was changed, removed, put in or never taken into the log is found by log verify', async () => {
    const { room } = await capturedRoom()
    const { gateway } = room.province
    expect(await gateway.transparency.verify([])).toMatchObject({ valid: true, captured: 3, waiting: 5 })
    await room.transparency.writer.turn()
    expect(await gateway.transparency.verify([])).toMatchObject({ valid: true, captured: 3, waiting: 0 })
    const found = async () => (await run(room, ['log', 'verify'], false)).lines.join('\n')
    expect(await found()).toContain('2 events of farms that count, 3 captured')
    for (const [statement, problem] of [
      [
        `UPDATE event_index SET body = replace(body, 'OBSERVE', 'DELETE') WHERE event_id = '${idOf(20)}'`,
        `Captured event ${idOf(20)} is shown otherwise than it was captured`,
      ],
      [`DELETE FROM event_index WHERE event_id = '${idOf(22)}'`, 'is not among the events'],
      [
        `INSERT INTO event_index SELECT zeroblob(14), agent, epoch, seq, 'urn:uuid:false', record_time, captured_by, '{"type":"ObjectEvent"}'
          FROM event_index WHERE event_id = '${idOf(20)}'`,
        'Captured event urn:uuid:false is shown otherwise than it was captured, or never was',
      ],
    ] as const) {
      await sql.raw(statement).execute(gateway.db)
      const answer = await run(room, ['log', 'verify'], false)
      expect(answer.exitCode).toBe(1)
      expect(answer.lines.join('\n')).toContain(problem)
    }
    // Derived again from what was captured, everything fits.
    await gateway.rebuild()
    await room.transparency.writer.turn()
    expect(await gateway.transparency.verify([])).toMatchObject({ valid: true, captured: 3 })
    // The end of the log is cut off with everything that tells of it: the batches still tell.
    for (const statement of [
      'DELETE FROM tree_leaf WHERE no >= 4',
      'DELETE FROM tree_checkpoint',
      'UPDATE tree_head SET size = 4',
      'UPDATE tree_tile SET hashes = substr(hashes, 1, 128)',
      `DELETE FROM event_index WHERE event_id = '${idOf(22)}'`,
    ])
      await sql.raw(statement).execute(gateway.db)
    expect(await found()).toContain(`Captured event ${idOf(22)} is not in the log.`)
  })

  it('that is longer than an entry of the log takes is counted as left out, and its proof says why', async () => {
    const { room, trader } = await capturedRoom()
    const long = observed(23, { 'https://htx.example/ns/note': 'x'.repeat(70_000) })
    expect(await trader.capture([long])).toMatchObject({ success: true })
    await room.transparency.writer.turn()
    expect(await room.transparency.status()).toMatchObject({ size: 5, leftOut: 1 })
    expect(await room.transparency.verify([])).toMatchObject({ valid: true, captured: 4 })
    expect((await run(room, ['log', 'prove', idOf(23)])).error).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('too long'),
    })
  })
})

describe('log monitor', () => {
  it('follows a log that grows, and raises the alarm over a fork, a rollback and another key', async () => {
    const { dataDir, room } = await filled(3)
    const url = `${await room.province.gateway.listen()}/log`
    const folder = temporaryFolder()
    const state = join(folder, 'state.json')
    const look = async (at: string, ...more: string[]) => {
      const answer = await run(room, ['log', 'monitor', at, '--state', state, ...more])
      return { exitCode: answer.exitCode, error: answer.error, ...parsed(answer)[0] }
    }
    const { key } = await room.transparency.status()
    expect(await look(url, '--key', key)).toMatchObject({ exitCode: 0, verdict: 'first', size: 3 })
    expect(await look(url)).toMatchObject({ exitCode: 0, verdict: 'same' })
    await room.receive(5, 100)
    await room.transparency.writer.turn()
    expect(await look(url)).toMatchObject({ exitCode: 0, verdict: 'grown', size: 8, lastSize: 3 })
    const before = readFileSync(state, 'utf8')

    const { twin, url: twinUrl } = await twinOf(dataDir)
    await twin.receive(2, 1000)
    await twin.transparency.writer.turn()
    expect(await look(twinUrl)).toMatchObject({ exitCode: 1, verdict: 'rollback', size: 2, lastSize: 8 })
    await twin.receive(6, 2000)
    await twin.transparency.writer.turn()
    const forked = await look(twinUrl)
    expect(forked).toMatchObject({ exitCode: 1, verdict: 'fork', size: 8 })
    expect((forked as unknown as { evidence: string[] }).evidence).toHaveLength(2)
    await twin.receive(1, 5000)
    await twin.transparency.writer.turn()
    expect(await look(twinUrl)).toMatchObject({ exitCode: 1, verdict: 'fork', size: 9 })
    expect(readFileSync(state, 'utf8'), 'what was true stays').toBe(before)
    expect(await look(url)).toMatchObject({ exitCode: 0, verdict: 'same' })

    const { twin: stranger, url: strangeUrl } = await twinOf(temporaryKey())
    await stranger.receive(1)
    await stranger.transparency.writer.turn()
    expect(await look(strangeUrl)).toMatchObject({ exitCode: 1, verdict: 'forged' })
  })

  it('says what is wrong with an address, a state and a log that is not there', async () => {
    const { room } = await filled(1)
    const folder = temporaryFolder()
    const state = join(folder, 'state.json')
    const monitor = async (...args: string[]) => (await run(room, ['log', 'monitor', ...args])).error
    expect(await monitor('ftp://x', '--state', state)).toMatchObject({ code: 'input-invalid' })
    expect(await monitor('http://127.0.0.1:1/log', '--state', state)).toMatchObject({ code: 'link-down' })
    const url = await room.province.gateway.listen()
    expect(await monitor(`${url}/nothing`, '--state', state)).toMatchObject({ code: 'link-refused' })
    writeFileSync(state, '{}')
    expect(await monitor(`${url}/log`, '--state', state)).toMatchObject({ code: 'input-invalid' })
    expect(await monitor(`${url}/log`)).toMatchObject({ exitCode: 1 })
  })
})

/** A folder with a province's key that nobody knows. */
function temporaryKey(): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'keys'))
  writeFileSync(join(folder, 'keys', 'province.key'), new Uint8Array(32).fill(0x5a), { mode: 0o600 })
  return folder
}

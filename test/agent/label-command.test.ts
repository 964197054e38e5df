import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { secretKeyFromSeed, sha256 } from '#contract/ground/node/crypto.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { registerLabelCommand } from '../../agent/command/label-command.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { enrolmentPath, journalPath } from '../../agent/data-folder.ts'
import { writeEnrolment } from '../../agent/enrolment.ts'
import { FarmBook } from '../../agent/farm-book/farm-book.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { readDots } from '../world/read-label.ts'
import { temporaryFolder } from '../world/real-services.ts'
import { escposPrints, picturePixels, zplPrints } from './labels/printed-pixels.ts'

const GTIN = '09521234543213'
const PRODUCT = {
  gtin: GTIN,
  crop: 'dragon-fruit',
  productVi: 'Thanh long ruột đỏ',
  productEn: 'Red dragon fruit',
  growingArea: { gln: '9521234500018', code: 'VN-LDOR-0042' },
}

/** The folder of a box that was claimed and has recorded one harvest; nothing runs. */
async function boxWithLot(): Promise<{
  dataDir: string
  lot: string
  uri: string
  packed: string
  bought: string
}> {
  const dataDir = temporaryFolder()
  mkdirSync(join(dataDir, 'journal'))
  let seed = 0
  const journal = await Journal.open({
    path: journalPath(dataDir),
    clock: systemClock,
    randomBytes: (length) => new Uint8Array(length).fill(++seed),
    lossWindowMs: 0,
    isInWorker: false,
  })
  journal.setTimeQuality('synchronised')
  const book = new FarmBook({
    journal,
    plots: [{ id: 'lo-a', name: 'Lô A', crop: 'dragon-fruit', areaHa: 1 }],
    identity: () => ({
      ...{ agent: 'agent-1', keyId: '0123456789abcdef', key: secretKeyFromSeed(new Uint8Array(32).fill(5)) },
      ...{ boxCode: 'B0X1', publicUrl: 'https://vuon.example', allocations: [PRODUCT] },
    }),
    timeQuality: () => 'synchronised',
    zoneOffset: '+07:00',
    sha256,
    newId: randomUUID,
    settings: { markets: ['CN'], packingHouse: { code: 'VN-LDPH-0007' } },
  })
  const { lot, uri } = await book.recordHarvest({
    plot: 'lo-a',
    gtin: GTIN,
    massKg: 412.5,
    harvestedOn: book.today(),
    person: 'p',
  })
  const packing = await book.recordActivity({
    ...{ type: 'packed', plot: '', day: book.today(), person: 'p', details: { lossKg: 12.5 } },
    inputs: [{ gtin: GTIN, lot, massKg: 412.5 }],
    outputs: [{ gtin: GTIN, massKg: 400 }],
  })
  const bought = await book.recordActivity({
    ...{ type: 'packed', plot: '', day: book.today(), person: 'p', details: {} },
    inputs: [{ gtin: GTIN, lot: 'OTHERFARM1', massKg: 50 }],
    outputs: [{ gtin: GTIN, massKg: 50 }],
  })
  await journal.close()
  writeEnrolment(enrolmentPath(dataDir), {
    ...{ gateway: 'https://gateway.example', agent: 'agent-1', boxCode: 'B0X1', issuedAt: 0 },
    farm: { farmId: 'f', name: 'Vườn Hai Lúa', commune: 'Hàm Thạnh', province: 'Lâm Đồng' },
    province: { name: 'Lâm Đồng', publicKey: '' },
    publicUrl: 'https://vuon.example',
    allocations: [PRODUCT],
  })
  return { dataDir, lot, uri, packed: packing.lot?.lot ?? '', bought: bought.lot?.lot ?? '' }
}

async function label(dataDir: string, words: readonly string[], printers: readonly object[] = []) {
  const said: { value: unknown; sentence: string }[] = []
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  registerLabelCommand(program, {
    loadConfig: () => parseConfig(agentConfigSchema, JSON.stringify({ dataDir, printers }), 'box.yaml'),
    say: (value, sentence) => said.push({ value, sentence }),
    sayLine: () => undefined,
  })
  await program.parseAsync(['label', ...words], { from: 'user' })
  return said
}

describe('vuon-agent label', () => {
  let exitCode: typeof process.exitCode
  beforeEach(() => {
    exitCode = process.exitCode
  })
  afterEach(() => {
    process.exitCode = exitCode
  })

  test('writes a label in a format, a size and at a resolution, without the agent running', async () => {
    const { dataDir, lot, uri } = await boxWithLot()
    const out = join(dataDir, 'label')
    const said = await label(dataDir, [
      lot.toLowerCase(),
      '--format',
      'zpl',
      '--size',
      '60x40',
      '--dpi',
      '300',
      '--out',
      out,
    ])
    expect(said[0]?.value).toMatchObject({ lot, format: 'zpl', size: '60x40', file: out })
    const [printed] = zplPrints(readFileSync(out))
    expect(printed?.width).toBe(708)
    expect(printed && (await readDots(printed))).toEqual([uri])
    await label(dataDir, [lot, '--format', 'escpos', '--copies', '2', '--out', out])
    expect(escposPrints(readFileSync(out))).toHaveLength(2)
    await label(dataDir, [lot, '--format', 'png', '--out', out])
    expect(await readDots(await picturePixels(readFileSync(out)))).toEqual([uri])
  })

  test('for China says where the fruit grew and was packed: of a packed lot, by its own entry', async () => {
    const { dataDir, lot, packed } = await sharedBox()
    const out = join(dataDir, 'china.svg')
    const words = ['--format', 'svg', '--size', '100x70', '--market', 'china', '--out', out]
    await label(dataDir, [packed, ...words])
    for (const part of [
      'Orchard: VN-LDOR-0042',
      'Packing house: VN-LDPH-0007',
      'Exported to the People',
      '400 kg',
    ])
      expect(readFileSync(out, 'utf8')).toContain(part)
    await expect(label(dataDir, [lot, ...words])).rejects.toMatchObject({
      message: 'A label for China needs the code of the packing house.',
    })
  })

  test('of fruit that was bought says the day of its packing, and no place or code that it is not from', async () => {
    const { dataDir, bought } = await sharedBox()
    const out = join(dataDir, 'bought.svg')
    await label(dataDir, [bought, '--format', 'svg', '--size', '100x70', '--out', out])
    const svg = readFileSync(out, 'utf8')
    for (const part of ['Ngày đóng gói', 'VN-LDPH-0007', '50 kg']) expect(svg).toContain(part)
    for (const part of ['Thu hoạch', 'Hàm Thạnh', 'VN-LDOR']) expect(svg).not.toContain(part)
  })

  test('prints on a printer of the config, in its language and on its labels', async () => {
    const { dataDir, lot, uri } = await boxWithLot()
    const pieces: Buffer[] = []
    const server = createServer({ allowHalfOpen: true }, (socket) =>
      socket.on('data', (piece) => pieces.push(piece)).on('end', () => socket.end()),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const zebra = { name: 'zebra', language: 'zpl', dpi: 300, size: '70x50', address: `127.0.0.1:${port}` }
    const said = await label(dataDir, [lot, '--print', 'zebra', '--copies', '3'], [zebra])
    expect(said[0]?.value).toMatchObject({ printer: 'zebra', kind: 'taken' })
    const prints = zplPrints(Buffer.concat(pieces))
    expect(prints).toHaveLength(3)
    expect(prints[0] && (await readDots(prints[0], 0.7))).toEqual([uri])
    const off = { ...zebra, address: '127.0.0.1:1' }
    const [refused] = await label(dataDir, [lot, '--print', 'zebra'], [off])
    expect(refused?.value).toMatchObject({ kind: 'not-sent', reason: 'refused' })
    expect(refused?.sentence).toContain('Nothing was printed')
    expect(process.exitCode).toBe(1)
  })

  test.each<[string, string[], string]>([
    ['no format', [], '--format svg'],
    ['a format that is none', ['--format', 'gif'], '--format svg'],
    ['a size that is none', ['--format', 'png', '--size', '10x10', '--out', 'x'], '50x30'],
    ['a resolution that no head has', ['--format', 'png', '--dpi', '96', '--out', 'x'], '180, 203'],
    ['a market that is none', ['--format', 'png', '--market', 'moon'], 'home | china'],
    ['no number of copies', ['--format', 'zpl', '--copies', 'two'], '1 to 100'],
    ['too many copies', ['--format', 'zpl', '--copies', '101', '--out', 'x'], 'From 1 to 100'],
    ['a printer that is not in the config', ['--print', 'zebra', '--size', '60x40'], 'there is none'],
    ['both a printer and a file', ['--print', 'zebra', '--format', 'zpl'], '--print, or'],
    ['a resolution for a printer that has its own', ['--print', 'zebra', '--dpi', '300'], 'Leave --dpi out'],
    ['a roll for a label printer', ['--format', 'zpl', '--size', 'roll58', '--out', 'x'], '50x30'],
  ])('with %s says what would be right', async (_, words, hint) => {
    const { dataDir, lot } = await sharedBox()
    await expect(label(dataDir, [lot, ...words])).rejects.toMatchObject({
      code: 'input-invalid',
      hint: expect.stringContaining(hint),
    })
  })

  test('of a lot that is not there, or where nothing can be written, says so', async () => {
    const { dataDir, lot } = await sharedBox()
    await expect(label(dataDir, ['NOSUCHLOT', '--format', 'svg'])).rejects.toMatchObject({
      message: 'This box has no lot NOSUCHLOT.',
    })
    const nowhere = join(dataDir, 'no', 'such', 'folder')
    await expect(label(dataDir, [lot, '--format', 'svg', '--out', nowhere])).rejects.toMatchObject({
      code: 'file-unreadable',
    })
    await expect(label(temporaryFolder(), [lot, '--format', 'svg'])).rejects.toMatchObject({
      code: 'not-claimed',
    })
  })

  let shared: ReturnType<typeof boxWithLot> | undefined
  function sharedBox(): ReturnType<typeof boxWithLot> {
    shared ??= boxWithLot()
    return shared
  }
})

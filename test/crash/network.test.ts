import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'
import { Gateway } from '../../gateway/gateway.ts'
import { kbits } from '../world/fault-proxy.ts'
import { readingsAtProvince } from '../world/kept.ts'
import { newProvince, type RealProgram } from '../world/real-programs.ts'
import { temporaryFolder } from '../world/real-services.ts'
import { seededBytes, seededRandom, seedFromEnvironment } from '../world/seeded.ts'
import { type Line, WiredBox } from './wired-box.ts'

/** The quick ones of the bad lines, all at once; `npm run soak` has the slow ones and the whole agent. */
const LINES: readonly Line[] = [
  {
    name: '300 ms there and 300 ms back',
    faults: { latencyMs: 300, bytesPerSecond: kbits(256) },
    backlog: 300,
    silenceMs: 5000,
  },
  {
    name: 'every other connection lost in the middle, in pieces of one byte',
    faults: { loseConnection: 0.5, connectionBytes: 2500, pieceBytes: 1 },
    backlog: 400,
    silenceMs: 2000,
  },
  {
    name: 'every other connection falls silent in the middle, and nobody is told',
    faults: { fallSilent: 0.5, connectionBytes: 2500 },
    backlog: 400,
    silenceMs: 400,
  },
]
const seed = seedFromEnvironment()
const random = seededRandom(seed)
const folder = temporaryFolder()
let province: RealProgram
let boxes: WiredBox[]

beforeAll(async () => {
  province = await newProvince(folder)
  await province.start()
  const { farmId } = await province.command<{ farmId: string }>(
    ...['farm', 'add', '--name', 'Vườn Hai Lúa', '--commune', 'Hàm Thạnh', '--province', 'Lâm Đồng'],
  )
  boxes = LINES.map((line, number) => new WiredBox(line, number, { province, farmId, folder, random }))
}, 60_000)
afterAll(() => province.kill())

describe('over a bad line to a real gateway', () => {
  test(`everything arrives once (VUON_SEED=${seed})`, async () => {
    await Promise.all(boxes.map((box) => box.open()))
    await Promise.all(boxes.map((box) => box.drained(30_000)))
    for (const box of boxes) await box.close()
    await province.stop()
    const gateway = new Gateway(
      gatewayConfigSchema.parse({ dataDir: join(folder, 'province'), log: 'silent' }),
      { clock: systemClock, random, randomBytes: seededBytes(random), withProcessMetrics: false },
    )
    await gateway.open()
    for (const box of boxes)
      expect(await readingsAtProvince(gateway, box.agent), box.name).toEqual(box.acknowledged.sort())
    await gateway.stop()
    expect(boxes[1]?.proxy.counts.lost).toBeGreaterThan(0)
    expect(boxes[2]?.proxy.counts.silent).toBeGreaterThan(0)
  }, 60_000)
})

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { fromHex } from '#contract/ground/bytes.ts'
import type { FindingReviewEntry } from '#contract/wire/province-decisions.ts'
import { addFindingsCommand } from '../../gateway/findings-command.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { PackDone } from '../../gateway/training-pack.ts'
import { readPack } from '../../models/training/photo-pack.ts'
import { leafJpeg } from '../agent/vision/drawn-photos.ts'
import { FARM, NOW } from './orchard.ts'
import { PhotographedFarm, SPOTTED } from './photographed-farm.ts'
import { temporaryFolder } from './province-store.ts'
import { hashOf } from './sent-photo.ts'

const DAY_MS = 86_400_000
const NOBODY = { person: 'p-1', role: 'agronomist', eventId: '', note: '' } as const

/** A real photo of its own for each seed, and a small one of it. */
async function drawn(seed: number) {
  const photo = new Uint8Array(await leafJpeg({ seed, widthPx: 640, heightPx: 480 }))
  return { photo, thumbnail: new Uint8Array(await sharp(photo).resize(160).webp().toBuffer()) }
}

/** A farm whose photos are judged by decisions in the log, as the pages write them. */
class JudgedFarm {
  readonly farm: PhotographedFarm
  #no = 0

  constructor(farm: PhotographedFarm) {
    this.farm = farm
  }

  static async open(): Promise<JudgedFarm> {
    return new JudgedFarm(await PhotographedFarm.open())
  }

  /** Returns the photo's hash. */
  async photo(
    change: Partial<FindingReviewEntry>,
    taken: { readonly at?: number; readonly plant?: string; readonly isHere?: boolean } = {},
  ): Promise<string> {
    const no = ++this.#no
    const named = await drawn(no)
    const { at = NOW - 3_600_000, isHere = true, plant } = taken
    const findingId = `find-${no}`
    const finding = { ...SPOTTED, findingId, at, ...(plant === undefined ? {} : { plant }) }
    await this.farm.sends(named, finding, isHere ? ['photo'] : [])
    await this.judge(findingId, hashOf(named.photo), change)
    return hashOf(named.photo)
  }

  async judge(findingId: string, photo: string, change: Partial<FindingReviewEntry>): Promise<void> {
    await this.farm.orchard.gateway.decide([
      {
        ...{ kind: 'finding-review', reviewId: `fr-${findingId}`, agent: this.farm.box.agent, findingId },
        ...{
          photo: fromHex(photo),
          model: SPOTTED.model.sha256,
          decision: 'confirmed',
          crop: 'dragon-fruit',
        },
        ...{ label: 'spot', vi: 'có đốm', en: 'spots', organism: '', regions: [], ...NOBODY, ...change },
      },
    ])
  }

  /** Runs the command as the program does. */
  async export(out: string, ...words: string[]): Promise<PackDone> {
    let done: PackDone | undefined
    const program = new Command('vuon-gateway').exitOverride().configureOutput({ writeErr: () => undefined })
    addFindingsCommand(program, {
      say: (value) => {
        done = value as PackDone
      },
      withGateway: (work: (gateway: Gateway) => Promise<void>) => work(this.farm.orchard.gateway),
    })
    await program.parseAsync(['findings', 'export', '--out', out, ...words], { from: 'user' })
    return done as PackDone
  }
}

const BOX = {
  shape: 'box',
  points: [
    [0.1, 0.2],
    [0.5, 0.625],
  ],
} as const

describe('photos that people have judged', () => {
  it('are a pack that training reads beside another one, with groups on one side each', async () => {
    const judged = await JudgedFarm.open()
    const first = await judged.photo({ regions: [BOX] })
    const corrected = {
      decision: 'corrected',
      label: 'rot_or_canker',
      vi: 'thối, "loét"',
      en: 'rot',
    } as const
    await judged.photo(corrected, { plant: 'tree', at: NOW - DAY_MS })
    // Of the same plant, past midnight: it stays with the plant's first photo.
    await judged.photo(corrected, { plant: 'tree', at: NOW })
    await judged.photo({ decision: 'not-usable', label: '' })
    await judged.photo({}, { isHere: false })
    await judged.photo({ decision: 'other', label: '', vi: 'Cháy nắng / đỏ', en: '' })
    await judged.photo({ label: 'not-this-plant', vi: 'không phải cây này', en: 'not this plant' })
    const out = join(temporaryFolder(), 'corrections')
    expect(await judged.export(out)).toMatchObject({
      ...{ photos: 3, groups: 2, others: 2, withRegions: 1, notHere: 1, notUsable: 1, erased: 0, written: 5 },
    })
    const other = join(temporaryFolder(), 'pack')
    mkdirSync(join(other, 'durian_leaf'), { recursive: true })
    writeFileSync(join(other, 'durian_leaf', 'a.jpg'), await leafJpeg({ seed: 90 }))
    const columns =
      'file,set,crop,organ,label,label_en,label_vi,group,split,width,height,source_repo,source_commit,licence'
    writeFileSync(
      join(other, 'manifest.csv'),
      `${columns}\ndurian_leaf/a.jpg,durian_leaf,durian,leaf,healthy,healthy,khỏe,durian_1,train,1,1,x,y,MIT\n`,
    )
    const photos = readPack([other, out])
    expect(photos).toHaveLength(4)
    expect(readFileSync(join(out, 'manifest.csv'), 'utf8').split('\n')[0]).toBe(columns)
    const ours = photos.slice(1)
    expect(ours.find(({ path }) => path.includes(first))).toMatchObject({
      ...{
        set: 'reviewed_dragon_fruit_stem',
        crop: 'dragon fruit',
        organ: 'stem',
        label: 'spot',
        labelVi: 'có đốm',
      },
      ...{ group: `${FARM}_2026-11-23`, licence: expect.stringContaining(`owned by farm ${FARM}`) },
    })
    const ofTree = ours.filter(({ label }) => label === 'rot_or_canker')
    expect(ofTree.map(({ group, labelVi }) => [group, labelVi])).toEqual(
      Array.from({ length: 2 }, () => [`${FARM}_2026-11-22`, 'thối, "loét"']),
    )
    for (const { path } of ours) expect((await sharp(path).metadata()).width).toBe(640)
    expect(JSON.parse(readFileSync(join(out, 'regions.jsonl'), 'utf8'))).toEqual({
      file: `reviewed_dragon_fruit_stem/spot/${first}.jpg`,
      ...{ widthPx: 640, heightPx: 480, regions: [BOX] },
    })
    const others = readFileSync(join(out, 'others.csv'), 'utf8')
    expect(others).toContain('other_chay_nang_do,,Cháy nắng / đỏ')
    expect(others).toContain(',not_this_plant,')
  })

  it('are brought up to date by the next export: judged anew, erased, and nothing written twice', async () => {
    const judged = await JudgedFarm.open()
    const [first, second] = [await judged.photo({}), await judged.photo({})]
    const out = join(temporaryFolder(), 'corrections')
    await judged.export(out)
    const spot = join(out, 'reviewed_dragon_fruit_stem', 'spot')
    const at = statSync(join(spot, `${first}.jpg`)).mtimeMs
    const before = readFileSync(join(out, 'manifest.csv'), 'utf8')
    expect(await judged.export(out)).toMatchObject({ photos: 2, written: 0, removed: 0 })
    expect(readFileSync(join(out, 'manifest.csv'), 'utf8')).toBe(before)
    expect(statSync(join(spot, `${first}.jpg`)).mtimeMs).toBe(at)
    await judged.judge('find-1', first, {
      decision: 'corrected',
      label: 'healthy',
      vi: 'khoẻ',
      en: 'healthy',
    })
    await judged.farm.orchard.gateway.erasePhoto(second)
    // What somebody else put there is left alone.
    writeFileSync(join(spot, 'mine.jpg'), 'x')
    expect(await judged.export(out)).toMatchObject({ photos: 1, erased: 1, written: 1, removed: 2 })
    expect(readdirSync(spot)).toEqual(['mine.jpg'])
    expect(readPack([out])).toMatchObject([{ label: 'healthy' }])
  })

  it('are chosen by day and crop, and never written over another pack', async () => {
    const judged = await JudgedFarm.open()
    await judged.photo({})
    const out = temporaryFolder()
    expect(await judged.export(out, '--since', '2026-11-23')).toMatchObject({ photos: 1 })
    expect(await judged.export(out, '--since', '2026-11-24')).toMatchObject({ photos: 0, removed: 1 })
    expect(await judged.export(out, '--crop', 'mango')).toMatchObject({ photos: 0 })
    expect(readPack([out])).toEqual([])
    await expect(judged.export(out, '--since', '23/11/2026')).rejects.toMatchObject({ code: 'input-invalid' })
    await expect(judged.export(out, '--since', '2026-02-30')).rejects.toMatchObject({ code: 'input-invalid' })
    await expect(judged.export(out, '--crop', '../x')).rejects.toMatchObject({ code: 'input-invalid' })
    const pack = temporaryFolder()
    writeFileSync(join(pack, 'manifest.csv'), 'file\n')
    await expect(judged.export(pack)).rejects.toMatchObject({ code: 'input-invalid' })
    expect(existsSync(join(pack, 'others.csv'))).toBe(false)
  })

  it('whose label a box made up stay inside the folder', async () => {
    const judged = await JudgedFarm.open()
    const hostile = { label: '../../../evil', crop: '../up', vi: '=cmd|1,"x"\n2', en: '..' }
    await judged.photo(hostile)
    const out = join(temporaryFolder(), 'corrections')
    await judged.export(out)
    expect(readPack([out])).toMatchObject([
      { set: 'reviewed_up_stem', label: 'evil', labelVi: '=cmd|1,"x"\n2' },
    ])
    expect(readdirSync(join(out, '..'))).toEqual(['corrections'])
  })
})

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { RecordBody } from '#contract/wire/records.ts'
import { CameraFolder } from '../../../agent/bus/camera-folder.ts'
import { PhotoDesk } from '../../../agent/photo-desk.ts'
import { freePort, temporaryFolder } from '../../world/real-services.ts'
import { brokerClient, eventually } from '../bus/bus-room.ts'
import { CameraRoom } from '../bus/camera-room.ts'
import { drawLeaf, leafJpeg, pngOfSize } from './drawn-photos.ts'

/**
 * What phones and cameras really send, through each of the four ways in, to the real decoding process: a photo is kept,
 * anything else has its reason, and nothing stops what comes after it.
 */
type Said = 'kept' | 'unreadable' | 'unsupported-format' | 'too-large'

let files: { readonly name: string; readonly bytes: Uint8Array; readonly said: Said }[]
beforeAll(async () => {
  const [leaf, inks, wide, gif] = await Promise.all([
    leafJpeg({ widthPx: 640, heightPx: 480 }),
    drawLeaf({ widthPx: 600, heightPx: 450, seed: 2 }).toColourspace('cmyk').jpeg().toBuffer(),
    drawLeaf({ widthPx: 560, heightPx: 420, seed: 3 }).toColourspace('rgb16').png().toBuffer(),
    drawLeaf({ widthPx: 200, heightPx: 200 }).gif().toBuffer(),
  ])
  files = [
    { name: 'cut.jpg', bytes: leaf.subarray(0, leaf.length >> 1), said: 'unreadable' },
    // 200 megapixels in a kilobyte.
    {
      name: 'bomb.png',
      bytes: pngOfSize(20_000, 10_000),
      said: 'too-large',
    },
    {
      name: 'paper.jpg',
      bytes: Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(500, 1)]),
      said: 'unsupported-format',
    },
    {
      name: 'iphone.jpg',
      bytes: Buffer.concat([
        Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
        Buffer.alloc(500, 1),
      ]),
      said: 'unsupported-format',
    },
    { name: 'inks.jpg', bytes: inks, said: 'kept' },
    { name: 'wide.png', bytes: wide, said: 'kept' },
    { name: 'moves.gif', bytes: gif, said: 'unsupported-format' },
    { name: 'nothing.jpg', bytes: new Uint8Array(), said: 'unreadable' },
    // Last: that it is kept shows that the others did not stop it.
    { name: 'leaf.jpg', bytes: leaf, said: 'kept' },
  ]
})

const NOTE = { crop: 'mango', organ: 'leaf', plot: '', person: '' } as const

/** Photos as the agent takes them; its journal is a list. */
class Farm {
  readonly room = new CameraRoom()
  readonly findings: RecordBody[] = []
  readonly refused: string[] = []
  readonly desk = new PhotoDesk({
    folder: join(temporaryFolder(), 'photos'),
    quotaBytes: 100_000_000,
    clock: systemClock,
    journal: {
      now: () => 1_700_000_000_000,
      appendRecords: async (bodies) => void this.findings.push(...bodies),
      records: async () => this.findings.toReversed().map((entry) => ({ entry })) as never,
    },
  })

  constructor() {
    this.desk.open()
    onTestFinished(() => this.desk.stop())
    this.room.take = async (camera, path) => {
      const looked = await this.desk.takeFile(path, { ...NOTE, crop: camera.crop })
      if ('finding' in looked) return 'kept'
      this.refused.push(looked.refused)
      return 'bad'
    }
  }

  /** Each was taken or has its reason, and the process is the one that it was: nothing grew until it was killed. */
  async expectAll(expected: readonly Said[]): Promise<void> {
    await eventually(
      'all were looked at',
      () => this.findings.length + this.refused.length >= expected.length,
    )
    expect(this.findings).toHaveLength(expected.filter((said) => said === 'kept').length)
    expect(this.refused.toSorted()).toEqual(expected.filter((said) => said !== 'kept').toSorted())
    const { kills, waiting } = this.desk.state.worker
    expect([kills, waiting]).toEqual([{ timeout: 0, memory: 0, crash: 0 }, 0])
  }
}

describe('files that are no photos, or odd ones', () => {
  test('from a phone on the page', async () => {
    const farm = new Farm()
    for (const { name, bytes, said } of files) {
      const looked = await farm.desk.takeStream(Readable.from([bytes]), NOTE)
      expect([name, 'finding' in looked ? 'kept' : looked.refused]).toEqual([name, said])
    }
  })

  test('in the folder of a camera, and a folder among them', async () => {
    const farm = new Farm()
    const path = join(temporaryFolder(), 'camera')
    mkdirSync(join(path, 'a-folder.jpg'), { recursive: true })
    for (const { name, bytes } of files) writeFileSync(join(path, name), bytes)
    const deliver = (file: string) =>
      farm.room.take({ name: 'a', plot: '', crop: 'mango', organ: 'leaf' }, file)
    const folder = new CameraFolder({
      path,
      everyMs: 1000,
      settledMs: 0,
      clock: systemClock,
      deliver,
      onFault: () => {},
    })
    onTestFinished(() => folder.stop())
    await folder.start()
    await farm.expectAll(files.map(({ said }) => said))
    await eventually('all were taken away', () => readdirSync(path).length === 2)
    expect(readdirSync(path).toSorted()).toEqual(['a-folder.jpg', 'bad'])
    expect(readdirSync(join(path, 'bad')).toSorted()).toEqual(
      files
        .filter(({ said }) => said !== 'kept')
        .map(({ name }) => name)
        .toSorted(),
    )
  })

  test('by MQTT', async () => {
    const farm = new Farm()
    const port = await freePort()
    const camera = { name: 'b', topic: 'photos/b', crop: 'mango' }
    await farm.room.start([{ kind: 'mqtt-broker', name: 'own', host: '127.0.0.1', port, cameras: [camera] }])
    const node = await brokerClient(`mqtt://127.0.0.1:${port}`)
    for (const { bytes } of files) await node.publishAsync(camera.topic, Buffer.from(bytes), { qos: 1 })
    await farm.expectAll(files.filter(({ bytes }) => bytes.length > 0).map(({ said }) => said))
    expect(farm.room.faults.filter((each) => each.includes('message-no-photo'))).toEqual([
      'b message-no-photo photos/b: it is empty',
    ])
  })

  test('from a camera that is asked', async () => {
    const farm = new Farm()
    let [next, sent] = [0, 0]
    const server = createServer((_request, response) => {
      response.end(files[next]?.bytes)
      sent++
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`
    const cameras = files.map((_, at) => ({
      kind: 'camera-http',
      name: `c${at}`,
      url,
      crop: 'mango',
      schedule: `${at} * * * *`,
    }))
    await farm.room.start(cameras)
    for (; next < files.length; next++) {
      farm.room.due.get(`${next} * * * * Asia/Ho_Chi_Minh`)?.()
      await eventually('it was asked', () => sent > next)
    }
    await farm.expectAll(files.filter(({ bytes }) => bytes.length > 0).map(({ said }) => said))
    expect(farm.room.faults.filter((each) => each.includes('snapshot-no-photo'))).toHaveLength(1)
  })
})

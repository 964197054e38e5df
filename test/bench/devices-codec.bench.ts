/**
 * How many uplinks a second go through a codec in the sandbox, beside the same codec run bare in node. Run it on an
 * idle machine:
 *
 *   node test/bench/devices-codec.bench.ts [uplinks] [devices]
 *
 * One JSON line a measurement. `share` is the floor's time divided by ours: 1 would be a sandbox that costs nothing.
 * `onOneCore` counts the work of both threads laid end to end.
 */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { OWN_CODECS, readCodec } from '../../agent/devices/lorawan/codec-file.ts'
import { CodecWorker } from '../../agent/devices/lorawan/codec-worker.ts'
import type { CodecAnswer } from '../../agent/devices/lorawan/uplink.ts'
import { seededRandom } from '../world/seeded.ts'

const [count = 100_000, devices = 40] = process.argv.slice(2).map(Number)
const WARM_UP = 10_000
const say = (line: object): void => console.log(JSON.stringify(line))
say({ machine: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version, count, devices })

const random = seededRandom(1)
const byte = () => Math.floor(random() * 256)
/** Payloads as these nodes send them: a list of typed values, words in fixed places, words by flags. */
const PAYLOADS: Readonly<Record<string, () => number[]>> = {
  'milesight-em300-th': () => [1, 0x75, byte() % 101, 3, 0x67, byte(), 1, 4, 0x68, byte() % 201],
  'dragino-lse01': () => [0x0c, byte(), 0, byte(), 0x0d, byte(), 0x0a, byte(), 0, byte(), 0],
  'decentlab-dl-atm41': () => [2, 3, 0x5a, 0, 3, ...Array.from({ length: 36 }, byte)],
  'sensecap-s210x': () => [1, 1, 0x10, byte(), byte(), 0, 0, byte(), byte()],
}

interface Sent {
  readonly device: string
  readonly bytes: number[]
}

/** The codec's own function, as node would run it. */
function bare(source: string): (input: object) => unknown {
  return new Function(`${source}\nreturn decodeUplink`)() as (input: object) => unknown
}

for (const [name, payload] of Object.entries(PAYLOADS)) {
  const codec = readCodec(join(OWN_CODECS, name, 'codec.js'), name)
  const sent: Sent[] = Array.from({ length: count }, (_, index) => ({
    device: `node-${index % devices}`,
    bytes: payload(),
  }))

  const decodeUplink = bare(codec.source)
  for (const { bytes } of sent.slice(0, WARM_UP)) decodeUplink({ bytes: [...bytes], fPort: 2, variables: {} })
  const floorBegun = performance.now()
  for (const { bytes } of sent) JSON.stringify(decodeUplink({ bytes: [...bytes], fPort: 2, variables: {} }))
  const floorMs = performance.now() - floorBegun

  const worker = new CodecWorker({ clock: systemClock, queueBound: count })
  // The first uplink of each device loads its codec: measured apart.
  const loadBegun = performance.now()
  await decodeAll(worker, sent.slice(0, devices))
  const loadMs = performance.now() - loadBegun
  // An agent runs for months: what the machine spends on compiling the engine is not what an uplink costs.
  await decodeAll(worker, sent.slice(0, WARM_UP))
  const cpuBegun = process.cpuUsage()
  const begun = performance.now()
  await decodeAll(worker, sent)
  const ms = performance.now() - begun
  const { user, system } = process.cpuUsage(cpuBegun)
  await worker.stop()

  async function decodeAll(room: CodecWorker, all: readonly Sent[]): Promise<CodecAnswer[]> {
    return Promise.all(all.map(({ device, bytes }) => room.decode(codec, device, { fPort: 2, bytes })))
  }

  say({
    what: name,
    loadMsADevice: Number((loadMs / devices).toFixed(2)),
    ms: Math.round(ms),
    uplinksASecond: Math.round((count / ms) * 1000),
    onOneCore: Math.round((count / ((user + system) / 1000)) * 1000),
    floorASecond: Math.round((count / floorMs) * 1000),
    share: Number((floorMs / ms).toFixed(3)),
  })
}

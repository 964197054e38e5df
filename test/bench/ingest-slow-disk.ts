/**
 * The journal in its worker thread while its file is held by another process, 300 ms at a time: how late the turns of
 * the main thread come, with a reading every 10 ms that waits for its commit.
 *
 *   node ingest-slow-disk.ts FILE SECONDS
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { Journal } from '../../agent/journal/journal.ts'
import { seededBytes, seededRandom } from '../world/seeded.ts'

export interface SlowDiskSaid {
  readonly delayP99Ms: number
  readonly commitP50Ms: number
  readonly appends: number
}

const [path = '', seconds = '10'] = process.argv.slice(2)
const journal = await Journal.open({
  ...{ path, clock: systemClock, randomBytes: seededBytes(seededRandom(1)) },
  ...{ lossWindowMs: 1000, isInWorker: true },
})
const { no } = await journal.declareSeries({
  ...{ device: 'probe', channel: '', quantity: 'soil-moisture', unit: '%', resolution: 0.1 },
  ...{ timeStepMs: 1000, place: '', origin: 'measured' },
})
console.log('ready')
const delay = monitorEventLoopDelay({ resolution: 1 })
const commitMs: number[] = []
let appends = 0
await new Promise((resolve) => setTimeout(resolve, 1000))
delay.enable()
const timer = setInterval(() => {
  appends++
  void journal
    .appendReadings([{ seriesNo: no, t: journal.now(), scaled: appends, quality: 0 }], 'commit')
    .then(async () => commitMs.push((await journal.state()).lastCommitMs))
}, 10)
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000))
delay.disable()
clearInterval(timer)
commitMs.sort((a, b) => a - b)
const said: SlowDiskSaid = {
  // What the histogram measures is the whole of a turn of its own timer, of which 1 ms was asked for.
  delayP99Ms: delay.percentile(99) / 1e6 - 1,
  commitP50Ms: commitMs[Math.floor(commitMs.length / 2)] ?? 0,
  appends,
}
console.log(JSON.stringify(said))
process.exit(0)

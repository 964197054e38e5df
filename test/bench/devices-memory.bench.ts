/**
 * Whether a decoder's memory stays flat over a million messages. `npm run bench -- devices-memory [decoder..]`
 *
 * The heap is looked at after a full collection, each time when a tenth of the messages is through; the first tenth
 * warms up. `figure` is the slope of a straight line through the heap's sizes: what a message leaves behind.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { chosenLoads } from './device-loads.ts'
import { sayFigure } from './figures.ts'

const MESSAGES = 1_000_000
// At one message a second a year has 32 million: a tenth of a byte each would be 3 MB in that year.
const BOUND = 0.1
const SIGHTS = 10

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

for (const { name, round, create } of chosenLoads(process.argv.slice(2))) {
  const run = create()
  const sights: { messages: number; heap: number }[] = []
  let rssBefore = 0
  let messages = 0
  for (let sight = 0; sight <= SIGHTS; sight++) {
    while (messages < (MESSAGES / SIGHTS) * sight) {
      const answer = run()
      if (answer instanceof Promise) await answer
      messages += round
    }
    if (sight === 0) continue
    collect()
    collect()
    sights.push({ messages, heap: process.memoryUsage().heapUsed })
    if (sight === 1) rssBefore = process.memoryUsage.rss()
  }
  sayFigure({
    bench: 'devices-memory',
    what: name,
    figure: Number(slopeOf(sights).toFixed(4)),
    unit: 'bytes of heap/message',
    floor: BOUND,
    floorIs: 'bound',
    messages,
    heapMb: [mb(sights[0]!.heap), mb(sights.at(-1)!.heap)],
    rssMb: [mb(rssBefore), mb(process.memoryUsage.rss())],
  })
}

/** Least squares. */
function slopeOf(sights: readonly { messages: number; heap: number }[]): number {
  const mean = (of: (sight: (typeof sights)[number]) => number) =>
    sights.reduce((sum, sight) => sum + of(sight), 0) / sights.length
  const [atMean, heapMean] = [mean(({ messages }) => messages), mean(({ heap }) => heap)]
  const together = mean(({ messages, heap }) => (messages - atMean) * (heap - heapMean))
  return together / mean(({ messages }) => (messages - atMean) ** 2)
}

function mb(bytes: number): number {
  return Number((bytes / 2 ** 20).toFixed(1))
}

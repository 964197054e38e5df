import { randomBytes } from 'node:crypto'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { Journal } from '../../../agent/journal/journal.ts'
import { plot, reading, soilMoisture } from './journal-room.ts'

/** Appends for as long as it lives, and says a number only after the journal said that it is on the disk. */
const [path = '', first = '1', isInWorker = 'false'] = process.argv.slice(2)

const journal = await Journal.open({
  path,
  clock: systemClock,
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  lossWindowMs: 5,
  isInWorker: isInWorker === 'true',
})
const { no } = await journal.declareSeries(soilMoisture)
for (let number = Number(first); ; number += 4) {
  await Promise.all(
    [0, 1, 2, 3].map(async (offset) => {
      await journal.appendReadings([reading(no, number + offset)], offset % 2 ? 'window' : 'commit')
      process.stdout.write(`reading ${number + offset}\n`)
    }),
  )
  const [{ seq } = { seq: 0 }] = await journal.appendRecords([plot(number)])
  process.stdout.write(`record ${seq} lo-${number}\n`)
}

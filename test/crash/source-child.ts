import { randomBytes } from 'node:crypto'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { MqttSource } from '../../agent/bus/mqtt-client.ts'
import { Journal } from '../../agent/journal/journal.ts'

/**
 * The part of the box that acknowledges: a client of an outside broker in front of the journal in its worker thread.
 * It starts in a third of the time of the whole program, so that it can be killed three times as often.
 */
const [path = '', url = '', topic = ''] = process.argv.slice(2)

const journal = await Journal.open({
  path,
  clock: systemClock,
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  lossWindowMs: 1000,
  isInWorker: true,
})
const { no } = await journal.declareSeries({
  ...{ device: 'counting node', channel: '', quantity: 'light', unit: 'lx', resolution: 1 },
  ...{ timeStepMs: 1, place: '', origin: 'measured' },
})
const source = new MqttSource({
  ...{ bus: 'farm', url, clientId: 'vuon-box', topics: [topic] },
  clock: systemClock,
  random: Math.random,
})
await source.start(async ({ payload }) => {
  const { illuminance } = JSON.parse(new TextDecoder().decode(payload)) as { illuminance: number }
  await journal.appendReadings(
    [{ seriesNo: no, t: journal.now(), scaled: illuminance, quality: 0 }],
    'commit',
  )
})

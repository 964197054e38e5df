/**
 * A week of a farm in minutes: what 100 series say once a minute for seven days, sent to the real program at 5,000 a second,
 * fifty times as fast as series at 1 Hz would say it, and what it holds in memory at the end of each of those days.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { journalPath } from '../../agent/data-folder.ts'
import { JOURNAL_CALLS } from '../../agent/journal/journal-core.ts'
import { JournalFile } from '../../agent/journal/journal-file.ts'
import { newBox } from '../world/real-programs.ts'
import { mosquitto } from '../world/real-services.ts'
import { sayFigure } from './figures.ts'
import { LOADS, openPublisher, publishAll } from './ingest-load.ts'

const DAYS = 7
const MESSAGES_A_DAY = 100 * 24 * 60
const MESSAGES_PER_S = 5000
// What a burst left behind is given back by the next collections, which need somebody who says something.
const CALM_S = 10

export async function week(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-week-'))
  const broker = await mosquitto('max_queued_messages 0')
  const buses = [{ kind: 'mqtt', name: 'farm', url: broker.url, ...LOADS.value.bus }]
  const box = await newBox(folder, { buses })
  await box.start()
  const socket = await openPublisher(broker.port)
  let sent = 0
  sent = await paced(socket, sent, 100 * CALM_S, 100)
  const begin = memoryOf(box.pid)
  const days: Memory[] = []
  for (let day = 0; day < DAYS; day++) {
    sent = await paced(socket, sent, MESSAGES_A_DAY - 100 * CALM_S, MESSAGES_PER_S)
    await stored(journalPath(join(folder, 'box')), sent)
    sent = await paced(socket, sent, 100 * CALM_S, 100)
    days.push(memoryOf(box.pid))
  }
  socket.destroy()
  await box.stop()
  await broker.stop()
  rmSync(folder, { recursive: true, force: true })
  const of = (part: keyof Memory) => days.map((memory) => memory[part])
  sayFigure({
    bench: 'ingest',
    what: "the real program after a farm's week: 100 series once a minute by MQTT QoS 1, at 5,000 messages a second",
    figure: days.at(-1)?.residentMb ?? 0,
    unit: 'MiB resident',
    floor: 130,
    floorIs: 'bound',
    grownMb: (days.at(-1)?.residentMb ?? 0) - (days[0]?.residentMb ?? 0),
    beginMb: begin,
    residentMbAfterDay: of('residentMb'),
    ownMbAfterDay: of('ownMb'),
    readings: sent,
    cannotShow:
      'what goes by the clock (a night of housekeeping, batches for a province, plots and their models, pages), photos, ' +
      'and memory that slow months break into pieces',
  })
}

export interface Memory {
  readonly residentMb: number
  /** Half of Node's own code is shared by all of its processes. */
  readonly proportionalMb: number
  readonly ownMb: number
}

export function memoryOf(pid: number | undefined): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const mbOf = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024)
  return { residentMb: mbOf('Rss'), proportionalMb: mbOf('Pss'), ownMb: mbOf('Pss_Anon') }
}

/** A tenth of a second's messages at a time, each after the broker has those before. Returns how many were ever sent. */
async function paced(socket: Socket, from: number, count: number, perS: number): Promise<number> {
  const end = from + count
  const begun = performance.now()
  for (let at = from; at < end; ) {
    const next = Math.min(end, at + perS / 10)
    await publishAll(socket, LOADS.value, at, next)
    at = next
    const dueMs = begun + ((at - from) / perS) * 1000
    await sleep(Math.max(0, dueMs - performance.now()))
  }
  return end
}

async function stored(path: string, readings: number): Promise<void> {
  for (;;) {
    const file = new JournalFile(path, { isReader: true })
    const { lastSeq } = JOURNAL_CALLS.state(file).lanes.reading
    file.close()
    // The box says something of itself every five minutes.
    if (lastSeq >= readings) return
    await sleep(500)
  }
}

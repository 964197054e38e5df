/**
 * What comes in: MQTT QoS 1 messages from Mosquitto into the journal, acknowledged after the fsync.
 *
 *   npm run bench -- ingest [--out] [MESSAGES] [ROUNDS] [PART..]       a part is soil, air, value, journal, steady or week
 *
 * Mosquitto holds the messages before anybody is measured, so that the subscriber's pace is what counts. Ours and the
 * floor take turns over the same messages.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { connectAsync } from 'mqtt'
import { stringify } from 'yaml'
import { newBox } from '../world/real-programs.ts'
import { findTool, mosquitto } from '../world/real-services.ts'
import { sayFigure } from './figures.ts'
import { type Ingested, LOADS, type LoadName, openSession, preload } from './ingest-load.ts'
import type { SlowDiskSaid } from './ingest-slow-disk.ts'
import { memoryOf, week } from './ingest-week.ts'

const words = process.argv.slice(2)
const [messages = 100_000, rounds = 5] = words.map(Number).filter((word) => !Number.isNaN(word))
const isWanted = (part: string): boolean =>
  words.includes(part) || words.every((word) => !Number.isNaN(Number(word)))

const CLIENT_ID = 'vuon-bench'
const OWN_ROWS = 3

if (!findTool('mosquitto')) {
  console.error('This bench needs mosquitto.')
  process.exit(1)
}
for (const name of Object.keys(LOADS) as LoadName[]) if (isWanted(name)) await ingest(name)
if (isWanted('journal')) {
  await appends()
  await slowDisk()
}
if (isWanted('steady')) await steady()
if (isWanted('week')) await week()

async function ingest(name: LoadName): Promise<void> {
  const load = LOADS[name]
  const floors: Ingested[] = []
  const ours: Ingested[] = []
  for (let round = 0; round < rounds; round++) {
    floors.push(await subscribed(name, 'ingest-floor'))
    ours.push(await subscribed(name, 'ingest-agent'))
  }
  const pace = (runs: readonly Ingested[]) => median(runs.map(({ messages, ms }) => (messages / ms) * 1000))
  const cpu = (runs: readonly Ingested[], of: 'cpuMs' | 'threadCpuMs') =>
    Number(median(runs.map((run) => (run[of] / messages) * 1000)).toFixed(1))
  sayFigure({
    bench: 'ingest',
    what: `MQTT QoS 1 messages into the journal, acknowledged after the fsync: ${load.name}`,
    figure: Math.round(pace(ours)),
    unit: 'messages/s',
    floor: Math.round(pace(floors)),
    floorIs:
      `bare mqtt.js, acknowledgements held and sent in batches after a FULL commit of better-sqlite3, JSON.parse, and as ` +
      `many rows a message as the journal keeps of it (${load.rows})`,
    ratio: Number((pace(ours) / pace(floors)).toFixed(2)),
    ratios: ours.map(({ ms }, round) => Number(((floors[round]?.ms ?? 0) / ms).toFixed(2))),
    cpuUsAMessage: {
      ours: cpu(ours, 'cpuMs'),
      oursMainThread: cpu(ours, 'threadCpuMs'),
      floor: cpu(floors, 'cpuMs'),
    },
    commits: {
      ours: median(ours.map(({ commits }) => commits)),
      floor: median(floors.map(({ commits }) => commits)),
    },
    ...{ rows: load.rows, messages, rounds },
  })
}

/** The journal alone. */
async function appends(): Promise<void> {
  const ways = { bare: [] as number[], inline: [] as number[], worker: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    for (const way of ['bare', 'inline', 'worker'] as const) {
      const folder = mkdtempSync(join(tmpdir(), 'vuon-appends-'))
      ways[way].push((await child<{ rowsPerS: number }>('ingest-appends', folder, way)).rowsPerS)
      rmSync(folder, { recursive: true, force: true })
    }
  }
  for (const way of ['inline', 'worker'] as const)
    sayFigure({
      bench: 'ingest',
      what: `appends to the journal in batches of 1,000, ${way === 'inline' ? 'in one thread' : 'in its worker thread'}`,
      figure: Math.round(median(ways[way])),
      unit: 'readings/s',
      floor: Math.round(median(ways.bare)),
      floorIs: 'bare better-sqlite3, the same rows, a FULL commit a batch',
      ratio: Number((median(ways[way]) / median(ways.bare)).toFixed(2)),
      rounds,
    })
}

/** The file is held by this process, which is to the journal's thread what a card is that does not answer. */
async function slowDisk(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vuon-slow-'))
  const file = join(folder, 'journal.db')
  const path = fileURLToPath(new URL('ingest-slow-disk.ts', import.meta.url))
  const running = spawn(process.execPath, [path, file, '10'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise((resolve) => running.once('close', resolve))
  let said = ''
  running.stdout.on('data', (chunk) => {
    said += chunk
  })
  while (!said.startsWith('ready')) await sleep(20)
  const db = new Database(file)
  while (running.exitCode === null) {
    db.exec('BEGIN IMMEDIATE')
    await sleep(300)
    db.exec('ROLLBACK')
    await sleep(20)
  }
  await gone
  db.close()
  rmSync(folder, { recursive: true, force: true })
  const { delayP99Ms, commitP50Ms, appends } = JSON.parse(said.slice('ready'.length)) as SlowDiskSaid
  sayFigure({
    bench: 'ingest',
    what: 'event-loop delay, 99th percentile, while the file is held for 300 ms at a time',
    figure: Number(delayP99Ms.toFixed(1)),
    unit: 'ms',
    floor: 20,
    floorIs: 'bound',
    commitP50Ms: Math.round(commitP50Ms),
    appends,
  })
}

/** The real program: while nobody says anything, and for a minute with 100 series of which each does once a second. */
async function steady(): Promise<void> {
  const seconds = 60
  const folder = mkdtempSync(join(tmpdir(), 'vuon-steady-'))
  const broker = await mosquitto()
  const buses = [{ kind: 'mqtt', name: 'farm', url: broker.url, ...LOADS.value.bus }]
  const box = await newBox(folder, { buses })
  await box.start()
  await sleep(10_000)
  const idle = await cpuOf(box.pid, 20_000)
  const node = await connectAsync(broker.url)
  let index = 0
  const timer = setInterval(() => {
    const payload = LOADS.value.message(index).payload
    void node.publishAsync(`farm/node-${index++ % 100}/soil-moisture`, payload, { qos: 1 })
  }, 10)
  await sleep(10_000)
  const begin = { index, memory: memoryOf(box.pid), at: performance.now() }
  const busy = await cpuOf(box.pid, seconds * 1000)
  const messagesPerS = ((index - begin.index) / (performance.now() - begin.at)) * 1000
  const memory = memoryOf(box.pid)
  clearInterval(timer)
  await node.endAsync(true)
  await box.stop()
  await broker.stop()
  rmSync(folder, { recursive: true, force: true })
  const what = 'the real program, 100 series by MQTT QoS 1, each a message of its own a second'
  const common = { bench: 'ingest', messagesPerS: Number(messagesPerS.toFixed(1)), seconds }
  sayFigure({
    ...common,
    what: `${what}: processor time`,
    figure: busy,
    unit: '% of one core',
    floor: 3,
    floorIs: 'bound',
    idle,
  })
  sayFigure({
    ...common,
    what: `${what}: memory`,
    figure: memory.residentMb,
    unit: 'MiB resident',
    ...memory,
    aMinuteBefore: begin.memory,
    floor: 130,
    floorIs: 'bound',
  })
}

/** In per cent of one core, over so long. */
async function cpuOf(pid: number | undefined, ms: number): Promise<number> {
  const before = { cpuMs: cpuMsOf(pid), at: performance.now() }
  await sleep(ms)
  const percent = ((cpuMsOf(pid) - before.cpuMs) / (performance.now() - before.at)) * 100
  return Number(percent.toFixed(1))
}

/** Of all its threads, in clock ticks of 10 ms. */
function cpuMsOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** One subscriber and a broker of its own that holds everything for it: a broker that kept it for two is slower. */
async function subscribed(name: LoadName, program: 'ingest-floor' | 'ingest-agent'): Promise<Ingested> {
  const load = LOADS[name]
  const folder = mkdtempSync(join(tmpdir(), 'vuon-ingest-'))
  const broker = await mosquitto('max_queued_messages 0\nmax_inflight_messages 0')
  try {
    await openSession(broker.url, CLIENT_ID, load)
    await preload(broker.port, load, messages)
    const configFile = join(folder, 'agent.yaml')
    const buses = [{ kind: 'mqtt', name: 'farm', url: broker.url, ...load.bus }]
    writeFileSync(configFile, stringify({ version: 1, dataDir: join(folder, 'box'), buses }))
    const said =
      program === 'ingest-floor'
        ? await child<Ingested>(program, broker.url, CLIENT_ID, join(folder, 'floor.db'), name, messages)
        : await child<Ingested>(program, configFile, CLIENT_ID, messages)
    // The box says something of itself every five minutes.
    const more = said.rows - messages * load.rows
    if (more < 0 || more > OWN_ROWS) throw new Error(`${said.rows} rows of ${messages * load.rows}`)
    return said
  } finally {
    await broker.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function child<Said>(file: string, ...words: readonly (string | number)[]): Promise<Said> {
  const path = fileURLToPath(new URL(`${file}.ts`, import.meta.url))
  // What the launcher gives the agent (bin/vuon-agent).
  const flags = file === 'ingest-agent' ? ['--max-semi-space-size=2'] : []
  const running = spawn(process.execPath, [...flags, path, ...words.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  running.stdout.on('data', (chunk) => {
    said += chunk
  })
  const code = await new Promise<number | null>((resolve) => running.once('close', resolve))
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${said}`)
  return JSON.parse(said) as Said
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/**
 * The least that anybody does who acknowledges after the disk: mqtt.js, JSON.parse, one prepared INSERT a value, one
 * FULL commit for what has gathered, and the acknowledgements of all of it in one write.
 *
 *   node ingest-floor.ts URL CLIENT-ID FILE LOAD MESSAGES
 */
import Database from 'better-sqlite3'
import { connect, type IPublishPacket } from 'mqtt'
import { MAX_IN_FLIGHT } from '../../agent/bus/unacknowledged.ts'
import { type Ingested, LOADS, type LoadName, msOf } from './ingest-load.ts'

const [url = '', clientId = '', file = '', load = 'value', count = '0'] = process.argv.slice(2)
const messages = Number(count)
const { rows, fields } = LOADS[load as LoadName]

const db = new Database(file)
db.pragma('journal_mode = WAL')
db.pragma('synchronous = FULL')
db.exec(`CREATE TABLE reading (id INTEGER PRIMARY KEY, series_no INTEGER NOT NULL, t INTEGER NOT NULL,
  value REAL NOT NULL) STRICT`)
const insert = db.prepare('INSERT INTO reading VALUES (NULL, ?, ?, ?)')
const store = db.transaction((packets: readonly IPublishPacket[]) => {
  for (const { payload } of packets) {
    const stated = JSON.parse(payload.toString()) as number | Record<string, number>
    const t = Date.now()
    for (let row = 0; row < rows; row++)
      insert.run(row, t, typeof stated === 'number' ? stated : (stated[fields[row] ?? fields[0] ?? ''] ?? 0))
  }
})

let waiting: IPublishPacket[] = []
let taken = 0
let commits = 0
let startedMs = 0
let cpuBefore = process.cpuUsage()
let threadBefore = process.threadCpuUsage()

const client = connect(url, {
  ...{ clientId, clean: false, protocolVersion: 5, reconnectPeriod: 0, resubscribe: false },
  // As many in flight as the agent asks for.
  properties: { sessionExpiryInterval: 86_400, receiveMaximum: MAX_IN_FLIGHT },
})
// As QoS 0 for mqtt.js, which would acknowledge by itself, one by one and before the disk.
client.on('packetreceive', (packet) => {
  if (packet.cmd === 'publish' && packet.qos === 1) packet.qos = 0
})
client.handleMessage = (packet, done) => {
  if (startedMs === 0) {
    startedMs = performance.now()
    cpuBefore = process.cpuUsage()
    threadBefore = process.threadCpuUsage()
  }
  // One commit for what one turn of the loop has brought.
  if (waiting.push(packet) === 1) setImmediate(commit)
  done()
}

function commit(): void {
  const packets = waiting
  waiting = []
  store(packets)
  commits++
  const acknowledgements = Buffer.alloc(4 * packets.length)
  packets.forEach(({ messageId = 0 }, index) => {
    acknowledgements.writeUInt16BE(0x4002, 4 * index)
    acknowledgements.writeUInt16BE(messageId, 4 * index + 2)
  })
  client.stream.write(acknowledgements)
  taken += packets.length
  if (taken < messages) return
  const ms = performance.now() - startedMs
  const cpuMs = msOf(process.cpuUsage(cpuBefore))
  const threadCpuMs = msOf(process.threadCpuUsage(threadBefore))
  const stored = db.prepare('SELECT count(*) FROM reading').pluck().get() as number
  const said: Ingested = { messages: taken, rows: stored, ms, cpuMs, threadCpuMs, commits }
  console.log(JSON.stringify(said))
  client.end(false, () => db.close())
}

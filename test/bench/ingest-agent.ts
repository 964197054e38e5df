/**
 * The agent as it runs on a box (its source, decoders, stream, alarms, and the journal in its worker thread), counted
 * at the source: the last message's promise resolves after the commit that holds it and everything before it.
 *
 *   node ingest-agent.ts CONFIG CLIENT-ID MESSAGES
 */
import { mkdirSync } from 'node:fs'
import pino from 'pino'
import { Agent } from '../../agent/agent.ts'
import type { MessageSource } from '../../agent/bus/message-source.ts'
import { realOutside } from '../../agent/command/run.ts'
import { loadAgentConfig } from '../../agent/config.ts'
import { openMqttSource } from '../../agent/mqtt-sources.ts'
import { type Ingested, msOf } from './ingest-load.ts'

const [configFile = '', clientId = '', count = '0'] = process.argv.slice(2)
const messages = Number(count)
const config = loadAgentConfig(configFile)
mkdirSync(config.dataDir, { recursive: true })
const outside = realOutside(config, 'bench', pino({ level: 'warn' }))
const { clock, random } = outside

let startedMs = 0
let cpuBefore = process.cpuUsage()
let threadBefore = process.threadCpuUsage()
const last = Promise.withResolvers<void>()

function counted(source: MessageSource): MessageSource {
  let taken = 0
  return {
    start: (deliver) =>
      source.start((message) => {
        if (taken === 0) {
          startedMs = performance.now()
          cpuBefore = process.cpuUsage()
          threadBefore = process.threadCpuUsage()
        }
        const stored = deliver(message)
        if (++taken === messages) stored.then(last.resolve, last.reject)
        return stored
      }),
    stop: () => source.stop(),
    state: () => source.state(),
  }
}

const agent = new Agent(config, {
  ...outside,
  openSource: (bus, topics, onFault) =>
    counted(openMqttSource(bus, topics, { clock, random, onFault, clientIdOf: () => clientId })),
})
await agent.start({ listen: false })
await last.promise
// The acknowledgements leave in the turn after.
await new Promise((resolve) => setImmediate(resolve))
const ms = performance.now() - startedMs
const cpuMs = msOf(process.cpuUsage(cpuBefore))
const threadCpuMs = msOf(process.threadCpuUsage(threadBefore))
const { readings, commits } = await agent.journal.state()
const said: Ingested = { messages, rows: readings, ms, cpuMs, threadCpuMs, commits }
console.log(JSON.stringify(said))
await agent.stop()
process.exit(0)

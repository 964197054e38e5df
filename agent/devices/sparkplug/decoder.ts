import { nameProblem } from '../device-name.ts'
import type { IncomingMessage, MessageDecoder } from '../message-decoder.ts'
import { type DecodeResult, NOTHING, refused } from '../observation.ts'
import { standardVocabulary, type Vocabulary } from '../vocabulary/vocabulary.ts'
import { Answer } from './answer.ts'
import { BirthScope, type Declared, EdgeSession } from './edge-node.ts'
import { MessageOrder } from './message-order.ts'
import { metricMeanings } from './metric-meaning.ts'
import { unitOf } from './metric-properties.ts'
import { MetricValues } from './metric-values.ts'
import { RebirthRequests, type RebirthWay } from './rebirth-requests.ts'
import { parseSparkplugTopic, SPARKPLUG_FILTERS, type SparkplugTopic } from './topic.ts'
import { PayloadRefused, readPayload, type WireMetric, type WirePayload } from './wire-payload.ts'

/**
 * Sparkplug B as a host application reads it. The device is EDGE, or EDGE/DEVICE.
 *
 *   NBIRTH, DBIRTH   names, datatypes, aliases and units are declared; the values are readings
 *   NDATA, DDATA     metrics by alias or name → readings; before a birth refused, and the birth asked for
 *   NDEATH, DDEATH   offline; an NDEATH of an earlier session (other bdSeq) is passed over
 *
 * Values after a lost message are taken all the same: each metric says which it is and when it was. The births are
 * asked for, because one of them may be what was lost.
 */
export interface SparkplugOptions {
  /** Puts the group before device names, where two groups have an edge node of the same name. */
  readonly withGroup?: boolean
  /** How births are asked for; without it (at the command line) nothing is. */
  readonly rebirth?: RebirthWay
  readonly vocabulary?: Vocabulary
}

// A farm has a handful of edge nodes; each keeps a table in memory.
const MAX_NODES = 200
// Some 200 bytes each: 10 MB at the very most.
const MAX_DECLARED = 50_000

type NodeTopic = Extract<SparkplugTopic, { kind: 'node' }>
type DeviceTopic = Extract<SparkplugTopic, { kind: 'device' }>
type OurTopic = NodeTopic | DeviceTopic

export class SparkplugDecoder implements MessageDecoder {
  readonly kind = 'sparkplug'
  readonly topicFilters = SPARKPLUG_FILTERS
  readonly #withGroup: boolean
  readonly #reorderMs: number
  readonly #rebirths: RebirthRequests | undefined
  readonly #vocabulary: () => Vocabulary
  /** `group/edge` → what its births said; absent while it is offline or unknown. */
  readonly #sessions = new Map<string, EdgeSession>()
  /** Edge node's name → the group that has it. */
  readonly #groupOf = new Map<string, string>()
  readonly #values: MetricValues

  constructor(options: SparkplugOptions = {}) {
    this.#withGroup = options.withGroup ?? false
    this.#reorderMs = options.rebirth?.reorderMs ?? 0
    this.#rebirths = options.rebirth && new RebirthRequests(options.rebirth)
    this.#vocabulary = () => options.vocabulary ?? standardVocabulary()
    this.#values = new MetricValues(this.#vocabulary)
  }

  decode({ topic, payload, isRetained }: IncomingMessage): DecodeResult {
    const parsed = parseSparkplugTopic(topic)
    if (parsed.kind === 'not-for-us') return NOTHING
    if (parsed.kind === 'refused') return refused('no-device', parsed.detail)
    const device = this.#deviceOf(parsed)
    const problem = nameProblem(device)
    if (problem) return refused('device-name', `the device's name ${problem}`)
    const owner = this.#groupOf.get(parsed.edge)
    if (!this.#withGroup && owner !== undefined && owner !== parsed.group)
      return refused('edge-name-twice', `${parsed.group} and ${owner} both have ${parsed.edge}`)
    // It may be of a session that ended long ago, whose aliases meant something else.
    if (isRetained) return { ...refused('retained-session', topic), deviceSeen: { id: device } }
    let read: WirePayload
    try {
      read = readPayload(payload)
    } catch (error) {
      if (!(error instanceof PayloadRefused)) throw error
      return refused(error.code, error.message)
    }
    const session = this.#sessions.get(keyOf(parsed))
    const answer = new Answer(device)
    for (const each of session?.toTell.splice(0) ?? []) answer.wrong(each.code, each.detail)
    switch (parsed.type) {
      case 'NBIRTH':
        this.#nodeBirth(parsed, read, answer)
        break
      case 'NDEATH':
        this.#nodeDeath(parsed, session, read, answer)
        break
      case 'DBIRTH':
        this.#deviceBirth(parsed, session, read, answer)
        break
      case 'DDEATH':
        this.#deviceDeath(parsed, session, read, answer)
        break
      default:
        this.#data(parsed, session, read, answer)
    }
    return answer.result()
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions.values()) session.stopWaiting()
    this.#sessions.clear()
  }

  #deviceOf(topic: OurTopic): string {
    const edge = this.#withGroup ? `${topic.group}/${topic.edge}` : topic.edge
    return topic.kind === 'device' ? `${edge}/${topic.device}` : edge
  }

  // --- births ---

  #nodeBirth(topic: NodeTopic, payload: WirePayload, answer: Answer): void {
    const key = keyOf(topic)
    const earlier = this.#sessions.get(key)
    if (!earlier && this.#sessions.size >= MAX_NODES) {
      answer.wrong('too-many-nodes', `more than ${MAX_NODES} edge nodes`)
      return
    }
    const { seq } = payload
    const isSeqRight = seq !== undefined && seq <= 255
    if (!isSeqRight)
      answer.wrong('birth-incomplete', `NBIRTH with ${seq === undefined ? 'no seq' : `seq ${seq}`}`)
    const bdSeq = bdSeqOf(payload)
    if (bdSeq === undefined) answer.wrong('birth-incomplete', 'NBIRTH without bdSeq')
    earlier?.stopWaiting()
    this.#sessions.delete(key)
    const scope = new BirthScope()
    const session = new EdgeSession(new MessageOrder(isSeqRight ? seq : 0), bdSeq, scope)
    // Devices are online again when their own births come.
    if (!this.#hasRoom(payload.metrics.length, answer)) return
    this.#sessions.set(key, session)
    this.#groupOf.set(topic.edge, topic.group)
    answer.availability = 'online'
    this.#declare(scope, session, payload, answer)
  }

  #deviceBirth(
    topic: DeviceTopic,
    session: EdgeSession | undefined,
    payload: WirePayload,
    answer: Answer,
  ): void {
    if (!session) {
      this.#beforeBirth(topic, answer)
      return
    }
    this.#follow(topic, session, payload, answer)
    session.devices.delete(topic.device)
    if (!this.#hasRoom(payload.metrics.length, answer)) return
    const scope = new BirthScope()
    session.devices.set(topic.device, scope)
    answer.availability = 'online'
    this.#declare(scope, session, payload, answer)
  }

  #hasRoom(metrics: number, answer: Answer): boolean {
    let size = metrics
    for (const session of this.#sessions.values()) size += session.size
    if (size <= MAX_DECLARED) return true
    answer.wrong('too-many-nodes', `more than ${MAX_DECLARED} metrics of all edge nodes`)
    return false
  }

  #declare(scope: BirthScope, session: EdgeSession, payload: WirePayload, answer: Answer): void {
    const vocabulary = this.#vocabulary()
    const named = payload.metrics.filter((metric): metric is WireMetric & { name: string } => {
      if (metric.name !== undefined && metric.name !== '') return true
      answer.wrong('birth-incomplete', `metric with alias ${metric.alias ?? 'none'} has no name`)
      return false
    })
    const meanings = metricMeanings(
      named.map((metric) => ({ name: metric.name, unit: unitOf(metric) })),
      vocabulary,
    )
    named.forEach((metric, index) => {
      const { name, alias, datatype } = metric
      if (scope.byName.has(name)) {
        answer.wrong('birth-incomplete', `${name} is declared twice`)
        return
      }
      const declared: Declared = { name, datatype, meaning: meanings[index] }
      scope.byName.set(name, declared)
      if (alias !== undefined) {
        if (scope.byAlias.has(alias) || session.hasAlias(alias, scope))
          answer.wrong('birth-incomplete', `alias ${alias} stands for two metrics`)
        // Nodes that count anew in each device are understood all the same; twice in one birth is not.
        if (!scope.byAlias.has(alias)) scope.byAlias.set(alias, declared)
      }
      this.#values.read(metric, declared, payload, answer)
    })
  }

  // --- data and deaths ---

  #data(topic: OurTopic, session: EdgeSession | undefined, payload: WirePayload, answer: Answer): void {
    if (!session) {
      this.#beforeBirth(topic, answer)
      return
    }
    this.#follow(topic, session, payload, answer)
    const scope = session.scopeOf(topic.kind === 'device' ? topic.device : undefined)
    if (!scope?.isOnline) {
      this.#beforeBirth(topic, answer)
      return
    }
    let isUnknown = false
    for (const metric of payload.metrics) {
      // The alias counts: a name beside it is only repeated.
      const declared =
        (metric.alias === undefined ? undefined : scope.byAlias.get(metric.alias)) ??
        (metric.name === undefined ? undefined : scope.byName.get(metric.name))
      if (declared) this.#values.read(metric, declared, payload, answer)
      else {
        isUnknown = true
        const which =
          metric.name ?? (metric.alias === undefined ? 'one without name' : `alias ${metric.alias}`)
        answer.wrong('unknown-metric', `no birth has declared ${which.slice(0, 80)}`)
      }
    }
    if (isUnknown) this.#rebirths?.ask(topic.group, topic.edge)
  }

  #nodeDeath(topic: NodeTopic, session: EdgeSession | undefined, payload: WirePayload, answer: Answer): void {
    const bdSeq = bdSeqOf(payload)
    if (session && session.bdSeq !== bdSeq) {
      // The broker tells of an earlier connection late, after the node was back: nothing has died.
      if (bdSeq === undefined) answer.wrong('birth-incomplete', 'NDEATH without bdSeq')
      return
    }
    answer.availability = 'offline'
    if (!session) return
    const node = this.#deviceOf(topic)
    answer.gone.push(...[...session.devices.keys()].map((device) => `${node}/${device}`))
    session.stopWaiting()
    this.#sessions.delete(keyOf(topic))
  }

  #deviceDeath(
    topic: DeviceTopic,
    session: EdgeSession | undefined,
    payload: WirePayload,
    answer: Answer,
  ): void {
    answer.availability = 'offline'
    if (!session) {
      this.#beforeBirth(topic, answer)
      return
    }
    this.#follow(topic, session, payload, answer)
    // Without a birth of its own it may not speak again; its table is not needed any more.
    session.devices.delete(topic.device)
  }

  #beforeBirth(topic: OurTopic, answer: Answer): void {
    answer.wrong('before-birth', `${topic.type} of ${this.#deviceOf(topic)}, whose birth was not heard`)
    this.#rebirths?.ask(topic.group, topic.edge)
  }

  /** Looks at the order of the node's messages, and sees to it that what was lost is made good by new births. */
  #follow(topic: OurTopic, session: EdgeSession, { seq }: WirePayload, answer: Answer): void {
    const { group, edge } = topic
    const { order } = session
    const came = order.take(seq)
    if (came === 'late' && order.isComplete) session.stopWaiting()
    if (came === 'next' || came === 'late') return
    const lost = { code: 'seq-gap', detail: `${topic.type} of ${edge} came with seq ${seq ?? 'none'}` }
    if (came === 'hole' && this.#reorderMs > 0 && this.#rebirths) {
      session.stopWaiting()
      session.stopWaiting = this.#rebirths.askLater(group, edge, () => {
        if (order.isComplete) return false
        order.forget()
        session.toTell.push(lost)
        return true
      })
      return
    }
    order.forget()
    answer.wrong(lost.code, lost.detail)
    this.#rebirths?.ask(group, edge)
  }
}

const keyOf = ({ group, edge }: OurTopic): string => `${group}/${edge}`

function bdSeqOf({ metrics }: WirePayload): number | undefined {
  const value = metrics.find(({ name }) => name === 'bdSeq')?.value
  return value?.kind === 'int' || value?.kind === 'long' ? Number(value.value) : undefined
}

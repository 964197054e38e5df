import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '#contract/ground/clock.ts'
import { CameraFolder } from './bus/camera-folder.ts'
import { photoIn } from './bus/camera-message.ts'
import { CameraSnapshot, type CameraSnapshotState, takingTurns } from './bus/camera-snapshot.ts'
import { CameraSpool } from './bus/camera-spool.ts'
import type { BusMessage, MessageSource, SourceFault } from './bus/message-source.ts'
import { topicMatches } from './bus/topic-filter.ts'
import type { CameraView } from './camera-config.ts'
import type { BusConfig } from './config.ts'

/**
 * Cameras, made from the config:
 *
 *   folder ────────────────────────────► take photo (worker, store, journal)
 *   address, by the clock ─┐              ▲
 *   topic ─────────────────┴─► spool ─────┘
 *
 * A camera of an outside broker is heard over a connection of its own: a photo that can't be kept breaks that one, and
 * the readings go on.
 */
export interface CameraParts {
  readonly clock: Clock
  /** Where photos wait that came over a network, a folder a camera. */
  readonly folder: string
  readonly schedule: (cron: string, timeZone: string, run: () => void) => () => void
  readonly openSource: (bus: BrokerBus, topics: readonly string[], onFault: SourceFault) => MessageSource
  /** Resolves when photo and finding are on disk (`kept`), or no picture came out of the file (`bad`). */
  readonly takePhoto: (camera: CameraView, path: string) => Promise<'kept' | 'bad'>
  readonly onFault: (subject: string, code: string, detail: string) => void
}

export interface CameraInput {
  start(): Promise<void>
  stop(): Promise<void>
  state(): CameraSnapshotState
}

type FolderBus = Extract<BusConfig, { kind: 'camera-folder' }>
type SnapshotBus = Extract<BusConfig, { kind: 'camera-http' }>
type BrokerBus = Extract<BusConfig, { kind: 'mqtt' }>
type MessageBus = Extract<BusConfig, { kind: 'mqtt' | 'mqtt-broker' }>

export class CameraInputs {
  readonly #parts: CameraParts
  readonly #turn = takingTurns()

  constructor(parts: CameraParts) {
    this.#parts = parts
  }

  folder(bus: FolderBus): CameraInput {
    const { clock, takePhoto, onFault } = this.#parts
    return new CameraFolder({
      path: bus.path,
      everyMs: bus.everyS * 1000,
      clock,
      deliver: (path) => takePhoto(bus, path),
      onFault: (code, detail) => onFault(bus.name, code, detail),
    })
  }

  snapshot(bus: SnapshotBus): CameraInput {
    const { clock, schedule, onFault } = this.#parts
    const { username, password } = bus
    const spool = this.#spool(bus)
    const camera = new CameraSnapshot({
      url: bus.url,
      account: username !== undefined && password !== undefined ? { username, password } : undefined,
      timeoutMs: bus.timeoutS * 1000,
      maxBytes: bus.maxMb * 1_000_000,
      clock,
      schedule: (run) => schedule(bus.schedule, bus.timeZone, run),
      turn: this.#turn,
      newNonce: randomUUID,
      keep: (photo) => spool.put(photo),
      onFault: (code, detail) => onFault(bus.name, code, detail),
    })
    return {
      start: async () => {
        await spool.start()
        await camera.start()
      },
      stop: async () => {
        await camera.stop()
        await spool.stop()
      },
      state: () => camera.state(),
    }
  }

  /** The cameras that publish on a bus; undefined where there are none. */
  onTopics(bus: MessageBus): TopicCameras | undefined {
    if (bus.cameras.length === 0) return undefined
    const cameras = bus.cameras.map((camera) => ({ ...camera, spool: this.#spool(camera) }))
    return new TopicCameras(cameras, this.#parts.onFault)
  }

  /** Their own connection to an outside broker. */
  connection(bus: BrokerBus, cameras: TopicCameras): CameraInput {
    const { openSource, onFault } = this.#parts
    const own: BrokerBus = { ...bus, name: cameraBusName(bus), decoders: [] }
    const source = openSource(own, cameras.topics, (code, detail) => onFault(bus.name, code, detail))
    return {
      start: async () => {
        await cameras.start()
        await source.start(async (message) => cameras.take(message))
      },
      stop: async () => {
        await source.stop()
        await cameras.stop()
      },
      state: () => {
        const { isConnected, detail, since } = source.state()
        return { isUp: isConnected, detail, since }
      },
    }
  }

  #spool(camera: CameraView): CameraSpool {
    const { clock, folder, takePhoto, onFault } = this.#parts
    return new CameraSpool({
      path: join(folder, folderNameOf(camera.name)),
      clock,
      deliver: (path) => takePhoto(camera, path),
      onFault: (code, detail) => onFault(camera.name, code, detail),
    })
  }
}

/** The name of the connection of a bus's cameras; the broker knows it by it. */
export const cameraBusName = ({ name }: { readonly name: string }): string => `${name}-cameras`

type TopicCamera = CameraView & { readonly topic: string; readonly spool: CameraSpool }

export class TopicCameras {
  readonly #cameras: readonly TopicCamera[]
  readonly #onFault: CameraParts['onFault']

  constructor(cameras: readonly TopicCamera[], onFault: CameraParts['onFault']) {
    this.#cameras = cameras
    this.#onFault = onFault
  }

  get topics(): string[] {
    return this.#cameras.map(({ topic }) => topic)
  }

  async start(): Promise<void> {
    for (const { spool } of this.#cameras) await spool.start()
  }

  async stop(): Promise<void> {
    for (const { spool } of this.#cameras) await spool.stop()
  }

  /**
   * Resolves when the photo is on disk, or there is none in the message and that was told; rejects when it can't be
   * kept now. Undefined for a message that is no camera's.
   */
  take({ topic, payload, isRetained }: BusMessage): Promise<void> | undefined {
    const camera = this.#cameras.find((each) => topicMatches(each.topic, topic))
    if (!camera) return undefined
    // It was taken no one knows when, and comes at each new connection.
    if (isRetained) {
      this.#onFault(camera.name, 'photo-retained', topic.slice(0, 120))
      return Promise.resolve()
    }
    const found = photoIn(payload)
    if ('photo' in found) return camera.spool.put(found.photo)
    this.#onFault(camera.name, 'message-no-photo', `${topic.slice(0, 120)}: ${found.fault}`)
    return Promise.resolve()
  }
}

/** Names of cameras have spaces and marks; a hash tells apart those that look alike without them. */
function folderNameOf(name: string): string {
  const plain = name.normalize('NFD').replace(/[^A-Za-z0-9]+/g, '-')
  return `${plain.slice(0, 40)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}

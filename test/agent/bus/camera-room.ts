import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { CameraView } from '../../../agent/camera-config.ts'
import { agentConfigSchema } from '../../../agent/config.ts'
import { Inputs } from '../../../agent/inputs.ts'
import { openMqttSource } from '../../../agent/mqtt-sources.ts'
import { temporaryFolder } from '../../world/real-services.ts'

/** The inputs of a farm with cameras: real brokers and files, real time; readings and photos go where the test wants. */
export class CameraRoom {
  readonly folder = join(temporaryFolder(), 'cameras')
  readonly faults: string[] = []
  readonly readings: string[] = []
  /** What the clock of a camera starts, by its schedule. */
  readonly due = new Map<string, () => void>()
  take: (camera: CameraView, path: string) => Promise<'kept' | 'bad'> = async () => 'kept'
  #inputs: Inputs | undefined

  async start(buses: readonly object[]): Promise<Inputs> {
    const config = agentConfigSchema.parse({ buses })
    const inputs = new Inputs({
      buses: config.buses,
      clock: systemClock,
      random: () => 0.5,
      openLine: () => {
        throw new Error('there is no line')
      },
      openSource: (bus, topics, onFault) =>
        openMqttSource(bus, topics, {
          clock: systemClock,
          random: () => 0.5,
          clientIdOf: (name) => `box-${name}`,
          onFault,
        }),
      accept: async (_bus, observations) =>
        void this.readings.push(...observations.map(({ device }) => device)),
      takePhoto: (camera, path) => this.take(camera, path),
      cameras: {
        folder: this.folder,
        schedule: (cron, zone, run) => {
          this.due.set(`${cron} ${zone}`, run)
          return () => this.due.delete(`${cron} ${zone}`)
        },
      },
      onSeen: () => {},
      onFault: (subject, code, detail) => this.faults.push(`${subject} ${code} ${detail}`),
    })
    this.#inputs = inputs
    onTestFinished(() => inputs.stop())
    await inputs.start()
    return inputs
  }

  async stop(): Promise<void> {
    await this.#inputs?.stop()
  }
}

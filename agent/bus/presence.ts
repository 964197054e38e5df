import type { IClientOptions, MqttClient } from 'mqtt'
import type { Clock } from '#contract/ground/clock.ts'

/**
 * A message by which a source says that it is there, kept by the broker for who comes later; and that it is gone,
 * which the broker says for it when the connection breaks (MQTT's will). What stands in it is the devices' matter.
 */
export interface Presence {
  readonly topic: string
  /** `atMs` is the wall time of the connection, the same in both messages of it. */
  readonly payload: (isOnline: boolean, atMs: number) => Uint8Array
  readonly saysOffline: (payload: Uint8Array) => boolean
}

/** Keeps the presence of one client of an outside broker true, over all its connections. */
export class PresenceAtBroker {
  readonly #presence: Presence
  readonly #clock: Clock
  /** Of the newest connection. */
  #atMs = 0
  #isLeaving = false

  constructor(presence: Presence, clock: Clock) {
    this.#presence = presence
    this.#clock = clock
  }

  /** A new one for each connection: it has the connection's time. */
  nextWill(): NonNullable<IClientOptions['will']> {
    this.#atMs = this.#clock.wallMs()
    this.#isLeaving = false
    return {
      topic: this.#presence.topic,
      payload: Buffer.from(this.#presence.payload(false, this.#atMs)),
      qos: 1,
      retain: true,
    }
  }

  /** Listens to its own topic first, so that an old will which comes late is heard and answered. */
  announce(client: MqttClient): void {
    client.subscribe(this.#presence.topic, { qos: 1 }, () => this.#sayOnline(client))
  }

  /** Whether it was a message of this presence; one that says we are gone while we are not is put right. */
  heard(topic: string, payload: Uint8Array, client: MqttClient | undefined): boolean {
    if (topic !== this.#presence.topic) return false
    if (client && this.#presence.saysOffline(payload)) this.#sayOnline(client)
    return true
  }

  /** An orderly end keeps the broker from telling the will, so it is said here. */
  async leave(client: MqttClient): Promise<void> {
    this.#isLeaving = true
    const payload = this.#presence.payload(false, this.#clock.wallMs())
    await client.publishAsync(this.#presence.topic, Buffer.from(payload), { qos: 1, retain: true })
  }

  #sayOnline(client: MqttClient): void {
    if (this.#isLeaving || !client.connected) return
    const payload = Buffer.from(this.#presence.payload(true, this.#atMs))
    client.publish(this.#presence.topic, payload, { qos: 1, retain: true })
  }
}

import { connectAsync, type MqttClient } from 'mqtt'

/**
 * Nodes of a farm on a real broker, publishing what Zigbee2MQTT and Tasmota publish (shapes from their
 * documentation). Values drift as on a warm day, so that a screen shows life.
 */
export class MqttNodes {
  readonly #url: string
  #client: MqttClient | undefined
  #timer: NodeJS.Timeout | undefined
  messages = 0
  bytes = 0

  /** Names under which the agent knows them. */
  static readonly devices = { leaf: 'Vườn/lá 1', leak: 'bồn nước', pump: 'bom-nuoc' } as const

  constructor(url: string) {
    this.#url = url
  }

  async start(everyMs: number): Promise<void> {
    // A broker that comes later is waited for: nodes on a farm do the same.
    this.#client = await connectAsync(this.#url, { reconnectPeriod: 500, clientId: 'pretend-nodes' })
    this.#client.on('error', () => {})
    await this.#announce()
    await this.publishAll()
    this.#timer = setInterval(() => void this.publishAll().catch(() => {}), everyMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#client?.endAsync(true)
  }

  /** One light reading whose value is its name; resolves at the PUBACK. */
  async publishLight(lux: number): Promise<void> {
    await this.#publish(`zigbee2mqtt/${MqttNodes.devices.leaf}`, { illuminance: lux })
  }

  async publishAll(): Promise<void> {
    const { leaf, leak, pump } = MqttNodes.devices
    const wave = Math.sin(Date.now() / 60_000)
    const tenths = (value: number) => Math.round(value * 10) / 10
    await Promise.all([
      this.#publish(`zigbee2mqtt/${leaf}`, {
        battery: 87,
        humidity: tenths(74 - 6 * wave),
        linkquality: 112,
        temperature: tenths(30.2 + 1.5 * wave),
        voltage: 2995,
      }),
      this.#publish(`zigbee2mqtt/${leak}`, {
        battery: 100,
        battery_low: false,
        linkquality: 87,
        water_leak: false,
      }),
      this.#publish(`tele/${pump}/SENSOR`, {
        Time: '2026-01-01T00:00:00',
        AM2301: { Temperature: tenths(31.1 + wave), Humidity: tenths(68 - 4 * wave), DewPoint: tenths(24.4) },
        ENERGY: {
          Total: 41.237,
          Today: 1.204,
          Power: Math.round(742 + 12 * wave),
          Voltage: 221,
          Current: 3.412,
        },
        TempUnit: 'C',
      }),
    ])
  }

  async #announce(): Promise<void> {
    const { leaf, leak, pump } = MqttNodes.devices
    const device = (name: string, ieee: string, exposes: object[]) => ({
      ieee_address: ieee,
      friendly_name: name,
      type: 'EndDevice',
      supported: true,
      definition: { model: 'demo', vendor: 'Vuon', exposes },
    })
    const numeric = (property: string, unit: string) => ({
      type: 'numeric',
      name: property,
      property,
      unit,
      access: 1,
    })
    await this.#publish('zigbee2mqtt/bridge/state', { state: 'online' }, true)
    await this.#publish(
      'zigbee2mqtt/bridge/devices',
      [
        device(leaf, '0x00158d0001a2b3c4', [
          numeric('temperature', '°C'),
          numeric('humidity', '%'),
          numeric('illuminance', 'lx'),
        ]),
        device(leak, '0x00158d0001a2b3c5', [
          { type: 'binary', name: 'water_leak', property: 'water_leak', access: 1 },
        ]),
      ],
      true,
    )
    for (const name of [leaf, leak])
      await this.#publish(`zigbee2mqtt/${name}/availability`, { state: 'online' }, true)
    await this.#publish(`tele/${pump}/LWT`, 'Online', true)
  }

  async #publish(topic: string, content: unknown, retain = false): Promise<void> {
    const payload = typeof content === 'string' ? content : JSON.stringify(content)
    await this.#client?.publishAsync(topic, payload, { qos: 1, retain })
    this.messages++
    this.bytes += Buffer.byteLength(payload)
  }
}

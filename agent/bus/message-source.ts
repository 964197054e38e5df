/** Where messages come in: a broker that we ask, or the one that we are. It knows no device and no payload. */
export interface MessageSource {
  /**
   * Starts and keeps going by itself until `stop`. A QoS 1 message is acknowledged only after the promise of
   * `deliver` resolved, and many are in flight at once; when it rejects, the message is not acknowledged
   * and comes again.
   */
  start(deliver: (message: BusMessage) => Promise<void>): Promise<void>
  stop(): Promise<void>
  /**
   * Sends one message. At QoS 0, unless told otherwise: a question to a node. At QoS 1 it resolves when the broker has
   * it; one that waits for that while the connection breaks goes out again with the next. Rejects while there is no
   * connection. Absent where the source only listens.
   */
  publish?(topic: string, payload: Uint8Array, how?: PublishHow): Promise<void>
  /**
   * Listens to further topics from now on, over reconnects too. Absent where the source hears everything anyway, or
   * can't be told while it runs.
   */
  subscribe?(topics: readonly string[]): void
  state(): SourceState
}

export interface PublishHow {
  readonly qos?: 0 | 1
  /** The broker keeps it for who comes later; an empty payload takes back what it kept. */
  readonly isRetained?: boolean
}

export interface BusMessage {
  /** Name of the bus that it came in by. */
  readonly bus: string
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: number
  /** True when the broker had kept it from an earlier time: what it says may be old. */
  readonly isRetained: boolean
}

export interface SourceState {
  readonly isConnected: boolean
  readonly detail: string
  /** Wall time in ms of the last change. */
  readonly since: number
}

/** What a source refused or could not do; each is counted by whoever listens. */
export type SourceFault = (code: SourceFaultCode, detail: string) => void
export type SourceFaultCode =
  | 'connection-lost'
  | 'refused-by-broker'
  | 'broker-certificate'
  | 'client-certificate'
  | 'stranger-refused'
  | 'mqtt-5-refused'
  | 'topic-not-allowed'
  | 'not-stored'
  | 'message-too-large'
  | 'topic-refused'
  | 'too-many-clients'
  | 'too-many-retained'
  | 'wrong-password'
  | 'client-error'

// The largest thing a node on a farm sends is a Zigbee device list; 256 KiB holds about eighty devices.
export const MAX_PAYLOAD_BYTES = 256 * 1024
// A photo of an ESP32 camera: 2 megapixels are 150 to 700 kB as JPEG, and a third more as base64.
export const MAX_PHOTO_MESSAGE_BYTES = 2 * 1024 * 1024

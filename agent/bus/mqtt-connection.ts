import { readFileSync } from 'node:fs'
import type { IClientOptions } from 'mqtt'
import { VuonError } from '#contract/ground/errors.ts'
import { MAX_PAYLOAD_BYTES, type SourceFaultCode } from './message-source.ts'
import { MAX_IN_FLIGHT } from './unacknowledged.ts'

/** How to reach a broker and show who we are; and what it means when it does not let us in. */
export interface BrokerAddress {
  /** mqtt:// or mqtts://; with mqtts the broker's name must be in its certificate. */
  readonly url: string
  /** Must stay the same over restarts: the broker keeps messages for it while this box is away. */
  readonly clientId: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

export type MqttVersion = 4 | 5

const KEEPALIVE_S = 30
// A box may be away for a rainy season's outage; brokers keep less where they are set so.
const SESSION_EXPIRY_S = 30 * 86_400
// MQTT 5 lets us say what we take. What is a little too large is still received, counted and acknowledged; what is
// far beyond it the broker drops by itself (MQTT-3.1.2-24), which no 3.1.1 broker would.
const MAX_PACKET_BYTES = 16 * MAX_PAYLOAD_BYTES

/** Throws `file-unreadable` when a certificate or key can't be read. */
export function connectionOptions(
  address: BrokerAddress,
  version: MqttVersion,
  will?: IClientOptions['will'],
): IClientOptions {
  const { clientId, username, password, caFile, certFile, keyFile } = address
  return {
    clientId,
    clean: will !== undefined,
    ...(will === undefined ? {} : { will }),
    keepalive: KEEPALIVE_S,
    // Reconnecting is done by the source, with jitter; subscribing too, because it depends on the session.
    reconnectPeriod: 0,
    resubscribe: false,
    // Nobody reads it, and asking at ten places a packet whether somebody does is a tenth of the client's time.
    log: () => {},
    // Two bytes for each of 65,536 numbers, made beforehand, would be seven megabytes.
    writeCache: false,
    protocolVersion: version,
    ...(version === 5
      ? {
          properties: {
            sessionExpiryInterval: will === undefined ? SESSION_EXPIRY_S : 0,
            receiveMaximum: MAX_IN_FLIGHT,
            maximumPacketSize: MAX_PACKET_BYTES,
          },
        }
      : {}),
    // Chain and host name are checked whatever anybody's environment says.
    rejectUnauthorized: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(caFile === undefined ? {} : { ca: readPem(caFile) }),
    ...(certFile === undefined ? {} : { cert: readPem(certFile) }),
    ...(keyFile === undefined ? {} : { key: readPem(keyFile) }),
  }
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new VuonError('file-unreadable', `${file} could not be read.`, { cause })
  }
}

// CONNACK of MQTT 3.1.1 (§3.2.2.3): 1 is the version. Of MQTT 5 (§3.2.2.2): 132 is.
const OTHER_VERSION = new Set([1, 132])
// 3.1.1: id, server, password, rights. 5: id, password, rights, banned, method, topic, quota, use another server.
const REFUSALS = new Set([2, 3, 4, 5, 133, 134, 135, 138, 140, 144, 151, 156, 157])

/** Whether the broker says that it does not speak the version that we spoke. */
export const speaksOtherVersion = (error: { code?: unknown }): boolean =>
  typeof error.code === 'number' && OTHER_VERSION.has(error.code)

/** What a failed connection is told as; undefined for what only passes (no route, nobody listening). */
export function refusalOf(error: Error & { code?: unknown }): SourceFaultCode | undefined {
  const { code, message } = error
  if (typeof code === 'number')
    return REFUSALS.has(code) || OTHER_VERSION.has(code) ? 'refused-by-broker' : undefined
  if (typeof code !== 'string') return undefined
  if (OUR_CERTIFICATE.test(`${code} ${message}`)) return 'client-certificate'
  return THEIR_CERTIFICATE.test(code) ? 'broker-certificate' : undefined
}

// Node's names for what OpenSSL found wrong with the broker's certificate (node:tls, "X509 certificate error codes").
const THEIR_CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|ERR_TLS_CERT_ALTNAME_INVALID|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|CRL_|ERR_SSL_WRONG_VERSION_NUMBER|EPROTO)/
// Alerts by which a broker says that it wants another certificate of ours, or ours at all (RFC 8446 §6.2).
const OUR_CERTIFICATE =
  /ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|HANDSHAKE_FAILURE|ACCESS_DENIED)|alert (?:certificate required|bad certificate|unknown ca|certificate unknown|certificate expired|handshake failure|access denied)|KEY_VALUES_MISMATCH|PEM/i

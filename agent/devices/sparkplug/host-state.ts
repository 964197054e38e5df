import { utf8 } from '#contract/ground/bytes.ts'
import type { Presence } from '../../bus/presence.ts'
import { isObject, parseBoundedJson } from '../bounded-json.ts'

/**
 * What a Sparkplug host application says of itself, for edge nodes that send only while their host is there
 * (Sparkplug 3.0 §6.4.28): JSON on spBv1.0/STATE/HOST, with the time of the connection.
 */
export const hostPresence = (hostId: string): Presence => ({
  topic: `spBv1.0/STATE/${hostId}`,
  payload: (isOnline, atMs) => utf8(JSON.stringify({ online: isOnline, timestamp: atMs })),
  saysOffline: (payload) => {
    const parsed = parseBoundedJson(payload)
    return parsed.kind === 'parsed' && isObject(parsed.value) && parsed.value['online'] === false
  },
})

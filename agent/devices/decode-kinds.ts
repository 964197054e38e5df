/** The kinds of message that `vuon-agent decode --as` and a bus's `decoders` know. Help says them without their decoders. */
export const DECODE_KINDS = [
  'zigbee2mqtt',
  'tasmota',
  'esphome',
  'home-assistant',
  'chirpstack',
  'ttn',
  'json',
  'sparkplug',
  'nmea',
  'davis',
  'rg15',
] as const

export type DecoderKind = (typeof DECODE_KINDS)[number]

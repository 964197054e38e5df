import type { CodecAnswer, Uplink } from './uplink.ts'

/** A LoRaWAN node as its network server names it. */
export interface LoraDevice {
  readonly devEui: string
  readonly name: string
  /** The application that it belongs to; empty when the server doesn't say. */
  readonly application: string
  /** Device profile (ChirpStack) or brand and model (The Things Stack); empty when the server doesn't say. */
  readonly profile: string
}

/** Tells what the bytes of one kind of node mean. Never rejects: a failure is an answer with errors. */
export interface PayloadCodec {
  decodeUplink(uplink: Uplink): Promise<CodecAnswer>
}

/** The codec for a node whose network server did not decode its bytes; undefined when there is none. */
export type CodecOf = (device: LoraDevice) => PayloadCodec | undefined

/** What a node is called in our series: the name that people gave it, or its EUI, which nobody changes. */
export type LoraNaming = 'name' | 'eui'

export const nameOf = ({ name, devEui }: LoraDevice, naming: LoraNaming): string =>
  naming === 'name' && name !== '' ? name : devEui === '' ? name : devEui.toLowerCase()

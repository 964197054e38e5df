import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/**
 * The part of a Sparkplug B payload that a host needs (Sparkplug 3.0 §6.4.1, field numbers in brackets):
 *
 *   Payload   timestamp [1]  metrics [2]  seq [3]
 *   Metric    name [1]  alias [2]  timestamp [3]  datatype [4]  is_historical [5]  is_null [7]  properties [9]
 *             value: int [10]  long [11]  float [12]  double [13]  boolean [14]  string [15]  others [16–19]
 *   PropertySet keys [1]  values [2]      PropertyValue type [1]  is_null [2]  int [3] … string [8]
 *
 * Why a reader of our own over BinaryReader and no descriptor: without generated code a descriptor's messages have
 * no types; it allocates all that a payload announces before a bound can be looked at; and it takes a field
 * whose wire type is another one for a value.
 */
export interface WirePayload {
  readonly timestamp?: number
  readonly seq?: number
  readonly metrics: readonly WireMetric[]
}

export interface WireMetric {
  readonly name?: string
  readonly alias?: bigint
  readonly timestamp?: number
  readonly datatype?: number
  readonly isHistorical: boolean
  readonly isNull: boolean
  readonly value?: WireValue
  readonly properties: ReadonlyMap<string, WireValue>
}

export type WireValue =
  /** 0 to 2^32 − 1: signed datatypes are two's complement in it. */
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'long'; readonly value: bigint }
  | { readonly kind: 'float' | 'double'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  /** Bytes, DataSet, Template, extension: looked at by nobody here. */
  | { readonly kind: 'other' }

// A payload of 256 KiB could hold 128,000 empty metrics; the largest edge nodes have some thousand.
export const MAX_METRICS = 4000
const MAX_PROPERTIES = 64

/** Thrown inside this folder only; the decoder makes an answer of it. */
export class PayloadRefused extends Error {
  readonly code: 'not-sparkplug' | 'too-many-values'

  constructor(code: 'not-sparkplug' | 'too-many-values', detail: string) {
    super(detail)
    this.name = 'PayloadRefused'
    this.code = code
  }
}

/** Throws PayloadRefused when the bytes are no payload. Unknown fields are passed over, as protobuf asks. */
export function readPayload(bytes: Uint8Array): WirePayload {
  const metrics: WireMetric[] = []
  const payload: Writable<WirePayload> = { metrics }
  try {
    eachField(
      new BinaryReader(bytes),
      (reader, field) => {
        if (field === 1) payload.timestamp = msOf(reader.uint64())
        else if (field === 3) payload.seq = Number(reader.uint64())
        else if (metrics.length < MAX_METRICS) metrics.push(readMetric(reader.bytes()))
        else throw new PayloadRefused('too-many-values', `more than ${MAX_METRICS} metrics`)
      },
      PAYLOAD,
    )
  } catch (error) {
    if (error instanceof PayloadRefused) throw error
    throw new PayloadRefused('not-sparkplug', error instanceof Error ? error.message : String(error))
  }
  return payload
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }
type WireTypes = Readonly<Record<number, WireType>>

const { Varint, Bit32, Bit64, LengthDelimited } = WireType
const PAYLOAD: WireTypes = { 1: Varint, 2: LengthDelimited, 3: Varint }
const METRIC: WireTypes = {
  ...{ 1: LengthDelimited, 2: Varint, 3: Varint, 4: Varint, 5: Varint, 7: Varint, 9: LengthDelimited },
  ...{ 10: Varint, 11: Varint, 12: Bit32, 13: Bit64, 14: Varint, 15: LengthDelimited },
  ...{ 16: LengthDelimited, 17: LengthDelimited, 18: LengthDelimited, 19: LengthDelimited },
}
const PROPERTY_SET: WireTypes = { 1: LengthDelimited, 2: LengthDelimited }
const PROPERTY_VALUE: WireTypes = {
  ...{ 2: Varint, 3: Varint, 4: Varint, 5: Bit32, 6: Bit64, 7: Varint, 8: LengthDelimited },
}

/** Calls `take` for each field of the table, and refuses one that comes as something else. */
function eachField(
  reader: BinaryReader,
  take: (reader: BinaryReader, field: number) => void,
  wanted: WireTypes,
): void {
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    const expected = wanted[field]
    if (expected === undefined) reader.skip(wireType, field, MAX_GROUPS)
    else if (expected === wireType) take(reader, field)
    else throw new Error(`field ${field} has the wire type ${wireType}`)
  }
}

// Groups are not in this schema; a foreign one may be passed over, a tower of them not.
const MAX_GROUPS = 8

function readMetric(bytes: Uint8Array): WireMetric {
  const metric: Writable<WireMetric> = { isHistorical: false, isNull: false, properties: NO_PROPERTIES }
  eachField(
    new BinaryReader(bytes),
    (reader, field) => {
      switch (field) {
        case 1:
          metric.name = reader.string(true)
          break
        case 2:
          metric.alias = BigInt(reader.uint64())
          break
        case 3:
          metric.timestamp = msOf(reader.uint64())
          break
        case 4:
          metric.datatype = reader.uint32()
          break
        case 5:
          metric.isHistorical = reader.bool()
          break
        case 7:
          metric.isNull = reader.bool()
          break
        case 9:
          metric.properties = readProperties(reader.bytes())
          break
        default:
          metric.value = readValue(reader, field - 10)
      }
    },
    METRIC,
  )
  return metric
}

const NO_PROPERTIES: ReadonlyMap<string, WireValue> = new Map()

function readProperties(bytes: Uint8Array): ReadonlyMap<string, WireValue> {
  const keys: string[] = []
  const values: (WireValue | undefined)[] = []
  eachField(
    new BinaryReader(bytes),
    (reader, field) => {
      if (keys.length > MAX_PROPERTIES || values.length > MAX_PROPERTIES)
        throw new PayloadRefused('too-many-values', `more than ${MAX_PROPERTIES} properties of one metric`)
      if (field === 1) keys.push(reader.string(true))
      else values.push(readPropertyValue(reader.bytes()))
    },
    PROPERTY_SET,
  )
  const properties = new Map<string, WireValue>()
  // Two lists of different length can't be told which belongs to which (payloads-propertyset-keys-array-size).
  if (keys.length !== values.length) return properties
  keys.forEach((key, index) => {
    const value = values[index]
    if (value) properties.set(key, value)
  })
  return properties
}

/** Undefined when it is null. */
function readPropertyValue(bytes: Uint8Array): WireValue | undefined {
  let value: WireValue | undefined
  let isNull = false
  eachField(
    new BinaryReader(bytes),
    (reader, field) => {
      if (field === 2) isNull = reader.bool()
      else value = readValue(reader, field - 3)
    },
    PROPERTY_VALUE,
  )
  return isNull ? undefined : value
}

/** The value of metrics, properties and parameters: the same six in the same order. */
function readValue(reader: BinaryReader, which: number): WireValue {
  switch (which) {
    case 0:
      return { kind: 'int', value: reader.uint32() }
    case 1:
      return { kind: 'long', value: BigInt(reader.uint64()) }
    case 2:
      return { kind: 'float', value: reader.float() }
    case 3:
      return { kind: 'double', value: reader.double() }
    case 4:
      return { kind: 'boolean', value: reader.bool() }
    case 5:
      return { kind: 'string', value: reader.string(true) }
    default:
      reader.bytes()
      return { kind: 'other' }
  }
}

/** Past 2^53 a number is no time of ours, and one step more or less does not matter. */
const msOf = (stated: bigint | string): number => Number(stated)

/**
 * The command that asks an edge node for all its births anew (Sparkplug 3.0 §6.4.25): no seq, one metric. 11 is
 * the datatype Boolean.
 */
export function rebirthCommand(nowMs: number): Uint8Array {
  const metric = new BinaryWriter()
    .tag(1, LengthDelimited)
    .string('Node Control/Rebirth')
    .tag(3, Varint)
    .uint64(nowMs)
    .tag(4, Varint)
    .uint32(11)
    .tag(14, Varint)
    .bool(true)
    .finish()
  return new BinaryWriter().tag(1, Varint).uint64(nowMs).tag(2, LengthDelimited).bytes(metric).finish()
}

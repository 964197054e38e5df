import { create, createFileRegistry, fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf'
import {
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt'

/**
 * An edge node's pen: Sparkplug B payloads written through a protobuf descriptor, so that what the agent reads with
 * its own table was not written with it. Fields that the agent passes over are here too.
 */
type Shape = Readonly<Record<string, readonly [number: number, type: Type | string, more?: 'list' | 'value']>>

const { STRING, UINT32, UINT64, BOOL, FLOAT, DOUBLE, BYTES } = Type

const SHAPES: Readonly<Record<string, Shape>> = {
  Payload: {
    timestamp: [1, UINT64],
    metrics: [2, 'Metric', 'list'],
    seq: [3, UINT64],
    uuid: [4, STRING],
    body: [5, BYTES],
  },
  Metric: {
    name: [1, STRING],
    alias: [2, UINT64],
    timestamp: [3, UINT64],
    datatype: [4, UINT32],
    is_historical: [5, BOOL],
    is_transient: [6, BOOL],
    is_null: [7, BOOL],
    metadata: [8, 'MetaData'],
    properties: [9, 'PropertySet'],
    int_value: [10, UINT32, 'value'],
    long_value: [11, UINT64, 'value'],
    float_value: [12, FLOAT, 'value'],
    double_value: [13, DOUBLE, 'value'],
    boolean_value: [14, BOOL, 'value'],
    string_value: [15, STRING, 'value'],
    bytes_value: [16, BYTES, 'value'],
    dataset_value: [17, 'DataSet', 'value'],
    template_value: [18, 'Template', 'value'],
  },
  MetaData: { content_type: [2, STRING], size: [3, UINT64], description: [8, STRING] },
  PropertySet: { keys: [1, STRING, 'list'], values: [2, 'PropertyValue', 'list'] },
  PropertyValue: {
    type: [1, UINT32],
    is_null: [2, BOOL],
    int_value: [3, UINT32, 'value'],
    long_value: [4, UINT64, 'value'],
    float_value: [5, FLOAT, 'value'],
    double_value: [6, DOUBLE, 'value'],
    boolean_value: [7, BOOL, 'value'],
    string_value: [8, STRING, 'value'],
    propertyset_value: [9, 'PropertySet', 'value'],
  },
  DataSet: {
    num_of_columns: [1, UINT64],
    columns: [2, STRING, 'list'],
    types: [3, UINT32, 'list'],
    rows: [4, 'Row', 'list'],
  },
  Row: { elements: [1, 'DataSetValue', 'list'] },
  DataSetValue: { int_value: [1, UINT32, 'value'], string_value: [6, STRING, 'value'] },
  Template: {
    version: [1, STRING],
    metrics: [2, 'Metric', 'list'],
    template_ref: [4, STRING],
    is_definition: [5, BOOL],
  },
}

const file = create(FileDescriptorProtoSchema, {
  name: 'sparkplug-test.proto',
  package: 'sparkplug',
  syntax: 'proto2',
  messageType: Object.entries(SHAPES).map(([name, shape]) => ({
    name,
    oneofDecl: Object.values(shape).some(([, , more]) => more === 'value') ? [{ name: 'content' }] : [],
    field: Object.entries(shape).map(([field, [number, type, more]]) =>
      create(FieldDescriptorProtoSchema, {
        name: field,
        jsonName: field.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
        number,
        label: more === 'list' ? Label.REPEATED : Label.OPTIONAL,
        ...(typeof type === 'string' ? { type: Type.MESSAGE, typeName: `.sparkplug.${type}` } : { type }),
        ...(more === 'value' ? { oneofIndex: 0 } : {}),
      }),
    ),
  })),
})
const payloadSchema = createFileRegistry(file, () => undefined).getMessage('sparkplug.Payload')!

/** A payload as JSON, by the names of sparkplug_b.proto in camelCase (`isNull`, `floatValue`) → its bytes. */
export const payloadBytes = (payload: JsonObject): Uint8Array =>
  toBinary(payloadSchema, fromJson(payloadSchema, payload))

/** Numbers of the datatypes, by their names in the standard. */
export const DATATYPE = {
  ...{ Int8: 1, Int16: 2, Int32: 3, Int64: 4, UInt8: 5, UInt16: 6, UInt32: 7, UInt64: 8 },
  ...{ Float: 9, Double: 10, Boolean: 11, String: 12, DateTime: 13, Text: 14, UUID: 15, DataSet: 16 },
  ...{ Bytes: 17, File: 18, Template: 19 },
} as const
export type Datatype = keyof typeof DATATYPE

/** A value in the field that the standard has for its datatype; signed whole numbers as two's complement. */
export function valueField(datatype: Datatype, value: number | bigint | boolean | string): JsonObject {
  switch (datatype) {
    case 'Int8':
    case 'Int16':
    case 'Int32':
    case 'UInt8':
    case 'UInt16':
    case 'UInt32':
      return { intValue: Number(BigInt.asUintN(32, BigInt(value))) }
    case 'Int64':
    case 'UInt64':
    case 'DateTime':
      return { longValue: String(BigInt.asUintN(64, BigInt(value))) }
    case 'Float':
      return { floatValue: value as number }
    case 'Double':
      return { doubleValue: value as number }
    case 'Boolean':
      return { booleanValue: value as boolean }
    default:
      return { stringValue: String(value) }
  }
}

export const metric = (
  name: string,
  datatype: Datatype,
  value: number | bigint | boolean | string,
  more: JsonObject = {},
): JsonObject => ({ name, datatype: DATATYPE[datatype], ...valueField(datatype, value), ...more })

export const engUnit = (unit: string): JsonObject => ({
  properties: { keys: ['engUnit'], values: [{ type: 12, stringValue: unit }] },
})

export const quality = (code: number): JsonObject => ({
  properties: { keys: ['Quality'], values: [{ type: 3, intValue: code }] },
})

/** An edge node that counts seq and bdSeq as it must. */
export class SparkplugNode {
  readonly group: string
  readonly edge: string
  bdSeq: number
  #seq = 0

  constructor(group = 'farm', edge = 'edge', bdSeq = 0) {
    this.group = group
    this.edge = edge
    this.bdSeq = bdSeq
  }

  topic(type: string, device?: string): string {
    return `spBv1.0/${this.group}/${type}/${this.edge}${device === undefined ? '' : `/${device}`}`
  }

  birth(metrics: readonly JsonObject[] = [], more: JsonObject = {}) {
    this.#seq = 0
    const own = [
      metric('bdSeq', 'Int64', this.bdSeq),
      metric('Node Control/Rebirth', 'Boolean', false),
      ...metrics,
    ]
    return this.#message('NBIRTH', undefined, { seq: 0, metrics: own, ...more })
  }

  deviceBirth(device: string, metrics: readonly JsonObject[], more: JsonObject = {}) {
    return this.#message('DBIRTH', device, { seq: this.next(), metrics: [...metrics], ...more })
  }

  /** `device` undefined: of the node itself. */
  data(device: string | undefined, metrics: readonly JsonObject[], more: JsonObject = {}) {
    const seq = this.next()
    return this.#message(device === undefined ? 'NDATA' : 'DDATA', device, {
      seq,
      metrics: [...metrics],
      ...more,
    })
  }

  death(bdSeq = this.bdSeq) {
    return {
      topic: this.topic('NDEATH'),
      payload: payloadBytes({ metrics: [metric('bdSeq', 'Int64', bdSeq)] }),
    }
  }

  deviceDeath(device: string) {
    return this.#message('DDEATH', device, { seq: this.next() })
  }

  /** Takes a seq without sending: a message that was lost. */
  next(): number {
    this.#seq = (this.#seq + 1) % 256
    return this.#seq
  }

  #message(type: string, device: string | undefined, payload: JsonObject) {
    return { topic: this.topic(type, device), payload: payloadBytes({ timestamp: NOON_MS, ...payload }) }
  }
}

/** 2026-02-02 12:00 in Vietnam. */
export const NOON_MS = Date.UTC(2026, 1, 2, 5)

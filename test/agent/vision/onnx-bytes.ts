/** The few messages of an ONNX file (onnx.proto3, IR 7) that a small network of a test needs, written byte by byte. */
export interface OnnxNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly ints?: Readonly<Record<string, readonly number[]>>
  readonly int?: Readonly<Record<string, number>>
}

export interface OnnxTensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

/** `input` is uint8 (NHWC, all but the channels free), `outputs` are float of `rank` free dimensions. */
export function onnxBytes(model: {
  readonly input: string
  readonly nodes: readonly OnnxNode[]
  readonly constants: readonly OnnxTensor[]
  readonly outputs: readonly { readonly name: string; readonly rank: number }[]
}): Uint8Array {
  const graph = [
    ...model.nodes.map((node) => part(1, nodeBytes(node))),
    text(2, 'drawn'),
    ...model.constants.map((each) => part(5, tensorBytes(each))),
    part(11, valueBytes(model.input, UINT8, ['n', 'h', 'w', 3])),
    ...model.outputs.map(({ name, rank }) =>
      part(
        12,
        valueBytes(
          name,
          FLOAT,
          Array.from({ length: rank }, (_, at) => `${name}${at}`),
        ),
      ),
    ),
  ]
  return Buffer.concat([number(1, 7), part(7, Buffer.concat(graph)), part(8, number(2, 13))])
}

// TensorProto.DataType and AttributeProto.AttributeType.
const [FLOAT, UINT8, INT, INTS] = [1, 2, 2, 7]

function nodeBytes({ op, inputs, output, ints = {}, int = {} }: OnnxNode): Buffer {
  const attribute = (name: string, type: number, values: Buffer[]) =>
    part(5, Buffer.concat([text(1, name), ...values, number(20, type)]))
  return Buffer.concat([
    ...inputs.map((each) => text(1, each)),
    text(2, output),
    text(3, output),
    text(4, op),
    ...Object.entries(ints).map(([name, values]) =>
      attribute(
        name,
        INTS,
        values.map((each) => number(8, each)),
      ),
    ),
    ...Object.entries(int).map(([name, value]) => attribute(name, INT, [number(3, value)])),
  ])
}

const tensorBytes = ({ name, dims, values }: OnnxTensor): Buffer =>
  Buffer.concat([
    ...dims.map((each) => number(1, each)),
    number(2, FLOAT),
    text(8, name),
    part(9, Buffer.from(Float32Array.from(values).buffer)),
  ])

function valueBytes(name: string, type: number, dims: readonly (string | number)[]): Buffer {
  const shape = dims.map((each) => part(1, typeof each === 'number' ? number(1, each) : text(2, each)))
  const tensor = Buffer.concat([number(1, type), part(2, Buffer.concat(shape))])
  return Buffer.concat([text(1, name), part(2, part(1, tensor))])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Buffer.from([...bytes, value])
}

const number = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)])

const part = (field: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes])

const text = (field: number, value: string): Buffer => part(field, Buffer.from(value))

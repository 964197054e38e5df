import { concatBytes, toHex, utf8 } from '#contract/ground/bytes.ts'
import { withCrc } from '../../agent/devices/modbus/crc.ts'
import type { ReadRequest } from '../../agent/devices/modbus/framing.ts'
import { framingOf, type ModbusProtocol } from '../../agent/devices/modbus/framing-of.ts'
import type { FuzzTarget } from './fuzz-targets.ts'
import { mutated } from './mutated.ts'

/** The right answer to a question, as a probe frames it. */
type Answer = (request: ReadRequest, words: readonly number[], question: Uint8Array) => Uint8Array

const bodyOf = ({ unit, function: code }: ReadRequest, words: readonly number[]): number[] => [
  ...[unit, code, words.length * 2],
  ...words.flatMap((word) => [word >> 8, word & 255]),
]

const ANSWERS: Readonly<Record<ModbusProtocol, Answer>> = {
  rtu: (request, words) => withCrc(Uint8Array.from(bodyOf(request, words))),
  tcp: (request, words, question) => {
    const body = bodyOf(request, words)
    return Uint8Array.from([question[0]!, question[1]!, 0, 0, 0, body.length, ...body])
  },
  ascii: (request, words) => {
    const body = bodyOf(request, words)
    const sum = body.reduce((total, byte) => total + byte, 0)
    return utf8(`:${toHex(Uint8Array.from([...body, -sum & 255])).toUpperCase()}\r\n`)
  },
}

/** Whole answers among broken ones, in pieces of any size. `damaged`: taken for right, and not what was sent. */
const framingTarget = (protocol: ModbusProtocol): FuzzTarget => ({
  name: `modbus-${protocol}`,
  create: () => {
    const framing = framingOf(protocol)
    return (random) => {
      const any = (below: number) => Math.floor(random() * below)
      const request: ReadRequest = {
        unit: 1 + any(5),
        function: any(2) === 0 ? 3 : 4,
        address: any(100),
        count: 1 + any(12),
      }
      const question = framing.ask(request)
      const words = Array.from({ length: request.count }, () => any(65_536))
      const right = ANSWERS[protocol](request, words, question.bytes)
      const input = random() < 0.1 ? right : mutated(concatBytes(question.bytes, right, right), random)
      const reply = () => {
        for (let at = 0; at < input.length; ) {
          const size = 1 + any(9)
          const found = question.push(input.slice(at, at + size))
          if (found) return found
          at += size
        }
        return question.giveUp()
      }
      return {
        run: () => {
          const answer = reply()
          if (answer.strayBytes > input.length) throw new Error(`${answer.strayBytes} stray bytes`)
          if (answer.kind !== 'registers') return answer.kind
          if (answer.words.length !== request.count) throw new Error(`${answer.words.length} words`)
          return answer.words.every((word, at) => word === words[at]) ? 'registers' : 'damaged'
        },
        show: () => `${JSON.stringify(request)} ${toHex(input)}`,
      }
    }
  },
})

export const FRAMING_TARGETS: readonly FuzzTarget[] = (['rtu', 'ascii', 'tcp'] as const).map(framingTarget)

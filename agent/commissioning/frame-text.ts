import { exceptionText, type ReadRequest } from '../devices/modbus/framing.ts'
import { framingOf, type ModbusProtocol } from '../devices/modbus/framing-of.ts'

/** What a question to a probe and its answer say, in the words of the Modbus specification. */
export function frameText(
  protocol: ModbusProtocol,
  request: Uint8Array,
  response: Uint8Array,
): { readonly asked: string; readonly answered: string } {
  const read = requestOf(protocol, request)
  if (!read) return { asked: '', answered: '' }
  const { unit, function: code, address, count } = read
  const kind = code === 3 ? 'holding' : 'input'
  const asked = `unit ${unit}, function ${code}: ${count} ${kind} registers from ${address}`
  const question = framingOf(protocol).ask(read)
  const reply = question.push(protocol === 'tcp' ? renumbered(response, question.bytes) : response)
  switch (reply?.kind) {
    case 'registers': {
      const contents = reply.words.map((word, index) => `${address + index}: ${word}`)
      return { asked, answered: `registers ${contents.join(', ')}` }
    }
    case 'exception':
      return { asked, answered: exceptionText(reply.code) }
    default:
      return { asked, answered: response.length === 0 ? '' : 'not the answer to this' }
  }
}

function requestOf(protocol: ModbusProtocol, request: Uint8Array): ReadRequest | undefined {
  const body = protocol === 'tcp' ? request.subarray(6) : protocol === 'ascii' ? hexBody(request) : request
  const [unit, code, addressHigh, addressLow, countHigh, countLow] = body
  if (unit === undefined || (code !== 3 && code !== 4) || countLow === undefined) return undefined
  return {
    unit,
    function: code,
    address: addressHigh! * 256 + addressLow!,
    count: countHigh! * 256 + countLow,
  }
}

/** A new framing numbers its first question 1; the answer was to another number. */
function renumbered(response: Uint8Array, question: Uint8Array): Uint8Array {
  const copy = response.slice()
  if (copy.length >= 2) copy.set(question.subarray(0, 2))
  return copy
}

/** ":" and two hex digits a byte. */
const hexBody = (characters: Uint8Array): Uint8Array =>
  Uint8Array.from(
    String.fromCharCode(...characters.subarray(1, 13)).match(/../g) ?? [],
    (digits) => Number.parseInt(digits, 16) & 0xff,
  )

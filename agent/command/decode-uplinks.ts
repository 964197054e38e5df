import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { codecPath, readCodec } from '../devices/lorawan/codec-file.ts'
import { CodecWorker } from '../devices/lorawan/codec-worker.ts'
import { type CodecAnswer, noAnswer, parseUplink } from '../devices/lorawan/uplink.ts'
import { parseLine } from './json-lines.ts'

// So many lines are on their way at once: it is the thread's batches that make thousands a second.
const AT_ONCE = 1000

export type PrintedAnswer = Pick<CodecAnswer, 'data' | 'warnings' | 'errors'>

/**
 * Answers each line `{fPort, bytes, recvTime?, variables?, device?}` in order. Lines of one `device` share the
 * codec's globals, as in the agent; lines that name none are one device. `codec` is a file, or the name of one of
 * ours. Throws `file-unreadable`.
 */
export async function* decodeUplinks(
  codec: string,
  lines: AsyncIterable<string>,
): AsyncGenerator<PrintedAnswer> {
  const own = existsSync(codec) ? undefined : codecPath(codec, '.')
  const path = own !== undefined && existsSync(own) ? own : codec
  const read = readCodec(path, basename(codec))
  const worker = new CodecWorker({ clock: systemClock })
  const answer = async (line: string): Promise<PrintedAnswer> => {
    const parsed = parseLine(line)
    const uplink = 'problem' in parsed ? parsed : parseUplink(parsed.value)
    if ('problem' in uplink) return noAnswer('codec-failed', uplink.problem)
    const { device } = (parsed as { value: Record<string, unknown> }).value
    return worker.decode(read, typeof device === 'string' ? device.slice(0, 64) : '', uplink)
  }
  const said = ({ data, warnings, errors }: PrintedAnswer): PrintedAnswer => ({ data, warnings, errors })
  try {
    const waiting: Promise<PrintedAnswer>[] = []
    for await (const line of lines) {
      waiting.push(answer(line))
      if (waiting.length >= AT_ONCE) for (const each of waiting.splice(0, AT_ONCE / 2)) yield said(await each)
    }
    for (const each of waiting) yield said(await each)
  } finally {
    await worker.stop()
  }
}

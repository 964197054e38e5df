import { VuonError } from '#contract/ground/errors.ts'
import type { LineSettings } from '../../../bus/byte-line.ts'
import { type Conversation, interFrameGapMs } from '../conversation.ts'
import type { Answer, Registers } from './unit-answers.ts'

/** One question to a unit that nobody knows. `line` is null where speed and parity are not ours to set. */
export type AskStranger = (
  unit: number,
  line: LineSettings | null,
  question: Registers,
  timeoutMs: number,
) => Promise<Answer>

/** What a TCP line is reckoned with; its converter has settings of its own. */
export const TCP_SETTINGS: LineSettings = { baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 }

/** Throws `link-down` when the line is lost, `input-invalid` for an address that is never asked. */
export const strangerOn =
  (conversation: Conversation): AskStranger =>
  async (unit, line, question, timeoutMs) => {
    // 0 reaches all; 248 to 255 are reserved, and reset some probes.
    if (unit < 1 || unit > 247) throw new VuonError('input-invalid', `Address ${unit} is never asked.`)
    const settings = line ?? TCP_SETTINGS
    const { outcome } = await conversation.ask({ unit, ...question }, settings, {
      gapMs: Math.max(interFrameGapMs(settings), LEAST_GAP_MS),
      timeoutMs,
    })
    if (outcome.kind === 'line-gone') throw new VuonError('link-down', outcome.reason)
    // A converter that finds nobody says so with exception 10 or 11: that is silence.
    if (outcome.kind === 'exception' && (outcome.code === 10 || outcome.code === 11))
      return { kind: 'silence', detail: `exception ${outcome.code} of the converter` }
    return outcome.kind === 'failure' ? { kind: 'silence', detail: outcome.detail } : outcome
  }

// 3.5 characters at 9600 baud: a slower probe of another setting may hang on the line.
const LEAST_GAP_MS = 4

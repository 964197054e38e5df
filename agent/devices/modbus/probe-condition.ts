import type { PollFault } from './polled-probe.ts'
import type { Profile } from './profile.ts'
import { contentOf, hexOf } from './register-content.ts'
import type { TemperatureUnit } from './registers.ts'

/** What a probe says of itself before its values can be taken: its unit switch and its status register. */

/** `words` is the one register. */
export function readUnitSwitch(
  unitSwitch: NonNullable<Profile['unitSwitch']>,
  words: readonly number[],
): { speaks: TemperatureUnit; fault?: PollFault } {
  const [content = 0] = words
  if (content === unitSwitch.celsius) return { speaks: 'celsius' }
  if (content === unitSwitch.fahrenheit)
    return {
      speaks: 'fahrenheit',
      fault: { code: 'unit-switched', detail: 'it is set to °F; its temperatures are converted to °C' },
    }
  return {
    speaks: 'unknown',
    fault: {
      code: 'unit-unknown',
      detail: `its unit switch holds ${hexOf(content)}, neither °C nor °F; temperatures are not kept`,
    },
  }
}

/** Undefined when the values may be trusted. */
export function readStatus(
  status: NonNullable<Profile['status']>,
  words: readonly number[],
): PollFault | undefined {
  const { bits, raw } = contentOf(status, words, 0)
  if (status.ok.includes(raw)) return undefined
  if (status.busy.includes(raw)) return { code: 'busy', detail: `not ready yet (${hexOf(bits)})` }
  return { code: 'probe-status', detail: `${hexOf(bits)}: ${status.why}` }
}

import { shortText } from '../commissioning/short-text.ts'
import type { TestedInput, TestedValue } from './test-input.ts'

/** For people. `sayFault` tells a fault's meaning and remedy in their language. */
export function testText(
  tested: readonly TestedInput[],
  sayFault: (code: string) => { means: string; todo: string },
): string {
  return tested
    .flatMap(({ device, bus, raw, values, faults, isGood }) => [
      `${isGood ? '✓' : '✗'} ${device || bus} (${bus})`,
      ...raw.map((part) =>
        part.kind === 'message'
          ? `  message ${part.topic} (QoS ${part.qos}${part.isRetained ? ', kept by the broker' : ''})\n    ${part.text || part.hex}`
          : `  ${part.kind.padEnd(5)} ${part.hex || '(nothing)'}${part.means ? `\n        ${part.means}` : ''}`,
      ),
      ...values.map(valueText),
      ...faults.flatMap(({ code, detail }) => {
        const { means, todo } = sayFault(code)
        return [`  ! ${code}: ${shortText(detail, 300)}`, ...(means ? [`    ${means}`, `    → ${todo}`] : [])]
      }),
    ])
    .join('\n')
}

function valueText({
  device,
  channel,
  quantity,
  unit,
  reported,
  calibration,
  value,
  range,
  marks,
}: TestedValue): string {
  const what = [device, quantity, channel].filter(Boolean).join(' ')
  const by = calibration ? ` (reported ${reported}, × ${calibration.scale} + ${calibration.offset})` : ''
  const [low, high] = range
  const verdict =
    marks.length > 0
      ? `marked ${marks.join(', ')}; possible is ${low} to ${high}`
      : `within ${low} to ${high}`
  return `  ${what} = ${value} ${unit}${by}: ${verdict}`
}

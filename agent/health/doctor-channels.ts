import type { Check } from './doctor.ts'
import type { say } from './messages.ts'

/** Who is told of alarms, as the running agent answers it. */
export interface ChannelFacts {
  readonly name: string
  readonly kind: string
  readonly waiting: number
  readonly delivered: number
  readonly lastDeliveredAt: number | null
  readonly lastError: { readonly at: number; readonly detail: string } | null
  readonly dropped: number
}

type Say = (key: Parameters<typeof say>[1], parameters?: Parameters<typeof say>[2]) => string

export function channelChecks(
  channels: readonly ChannelFacts[],
  t: Say,
  age: (at: number) => string,
): Check[] {
  return channels.flatMap(({ name, kind, waiting, lastDeliveredAt, lastError, dropped }): Check[] => {
    const checks: Check[] = []
    const about = { name, kind, waiting }
    if (lastError) {
      const sentence = t('channelFails', { ...about, age: age(lastError.at), detail: lastError.detail })
      checks.push({ name: `channel ${name}`, state: 'warning', sentence, hint: t('channelHint', { name }) })
    } else {
      const sentence =
        lastDeliveredAt === null
          ? t('channelUnused', about)
          : t('channel', { ...about, age: age(lastDeliveredAt) })
      checks.push({ name: `channel ${name}`, state: 'ok', sentence })
    }
    if (dropped > 0) {
      const sentence = t('channelDropped', { name, count: dropped })
      checks.push({ name: `channel ${name}`, state: 'warning', sentence })
    }
    return checks
  })
}

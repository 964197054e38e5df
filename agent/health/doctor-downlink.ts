import type { Check } from './doctor.ts'
import type { say } from './messages.ts'

/** What the province told the box, as the running agent answers it. */
export interface DownlinkFacts {
  readonly messages: {
    readonly through: number
    readonly waiting: number
    readonly notUnderstood: number
    readonly lastError: { readonly sentence: string } | null
  } | null
  readonly config: {
    readonly no: number | null
    readonly isOnTrial: boolean
    readonly changes: readonly { readonly key: string; readonly value: unknown }[]
    readonly rolledBack: { readonly no: number; readonly reason: string } | null
  }
  readonly models: readonly {
    readonly model: string
    readonly version: string
    readonly sizeBytes: number
    readonly state: 'offered' | 'stored' | 'installed' | 'refused'
  }[]
}

type Say = (key: Parameters<typeof say>[1], parameters?: Parameters<typeof say>[2]) => string

export function downlinkChecks({ messages, config, models }: DownlinkFacts, t: Say): Check[] {
  const checks: Check[] = []
  const { no, isOnTrial, changes, rolledBack } = config
  if (messages && messages.through > 0) {
    const { through, waiting, notUnderstood } = messages
    checks.push({ name: 'downlink', state: 'ok', sentence: t('downlink', { through, waiting }) })
    if (notUnderstood > 0) {
      const sentence = t('downlinkNewer', { count: notUnderstood })
      checks.push({ name: 'downlink', state: 'warning', sentence, hint: t('downlinkNewerHint') })
    }
  }
  if (messages?.lastError) {
    const sentence = t('downlinkError', { sentence: messages.lastError.sentence })
    checks.push({ name: 'downlink', state: 'warning', sentence })
  }
  if (no !== null) {
    const keys = changes.map(({ key, value }) => `${key} = ${JSON.stringify(value)}`).join(', ')
    const sentence = t(isOnTrial ? 'provinceTrial' : 'provinceConfig', { no, keys })
    checks.push({ name: 'province-config', state: 'ok', sentence, hint: t('provinceConfigHint') })
  }
  if (rolledBack) {
    const sentence = t('provinceRolledBack', { ...rolledBack })
    checks.push({ name: 'province-config', state: 'warning', sentence, hint: t('provinceRolledBackHint') })
  }
  for (const { model, version, sizeBytes, state } of models) {
    const parameters = { model, version, sizeMb: (sizeBytes / 1_000_000).toFixed(1) }
    const sentence = t(`model-${state}`, parameters)
    checks.push({ name: `model ${model}`, state: state === 'refused' ? 'warning' : 'ok', sentence })
  }
  return checks
}

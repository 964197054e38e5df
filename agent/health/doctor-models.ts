import type { Check } from './doctor.ts'
import type { say } from './messages.ts'

/** A disease model of the box, as the running agent answers it. */
export interface ModelFacts {
  readonly id: string
  readonly version: string
  readonly state: 'active' | 'shadow' | 'previous'
  readonly since: number
  readonly isRejected: boolean
  readonly figures?: {
    readonly photos: number
    readonly bothAnswered: number
    readonly agreed: number
    readonly failures: number
  }
}

type Say = (key: Parameters<typeof say>[1], parameters?: Parameters<typeof say>[2]) => string

/** Which models look at photos, which one is tried beside them, and which was taken back. */
export function modelChecks(models: readonly ModelFacts[], t: Say, age: (at: number) => string): Check[] {
  return models.flatMap(({ id, version, state, since, isRejected, figures }): Check[] => {
    const name = `model ${id}`
    const about = { id, version, age: age(since) }
    if (state === 'active') return [{ name, state: 'ok', sentence: t('modelActive', about) }]
    if (state === 'shadow' && figures) {
      const { photos, bothAnswered, agreed, failures } = figures
      const sentence = t('modelShadow', { ...about, photos, both: bothAnswered, agreed, failures })
      return [{ name, state: 'ok', sentence, hint: t('modelShadowHint', { id }) }]
    }
    // One that is kept only so that somebody may go back to it is nothing to mend.
    if (!isRejected) return []
    return [
      { name, state: 'warning', sentence: t('modelTakenBack', about), hint: t('modelTakenBackHint', { id }) },
    ]
  })
}

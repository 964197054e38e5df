import type { Language } from '#contract/ground/messages.ts'

export const ROLES = ['agronomist', 'department', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Who asks. Every question of insight takes one; a farm that the viewer may not see does not exist for them. */
export type Viewer =
  | {
      readonly kind: 'person'
      readonly personId: string
      readonly name: string
      readonly role: Role
      readonly farmIds: 'all' | readonly string[]
      readonly language: Language
    }
  | { readonly kind: 'public' }

export const maySeeFarm = (viewer: Viewer, farmId: string): boolean =>
  viewer.kind === 'person' && (viewer.farmIds === 'all' || viewer.farmIds.includes(farmId))

/** A recall names consignees of many farms: the Department's business alone. */
export const maySeeRecalls = (viewer: Viewer): boolean =>
  viewer.kind === 'person' && viewer.farmIds === 'all' && viewer.role !== 'agronomist'

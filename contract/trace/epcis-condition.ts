import type { Vocabulary } from './cbv-words.ts'
import type { Role } from './epcis-facts.ts'
import type { NamePattern } from './epcis-names.ts'

/**
 * The query language of EPCIS 2.0 (SimpleEventQuery, §8.2.7.1; REST bindings, query-schema.json). Every parameter is a
 * condition, and an event is found when all of them hold; several values of one parameter are alternatives.
 */
export interface EventQuery {
  readonly conditions: readonly Condition[]
  readonly orderBy: 'eventTime' | 'recordTime' | Field
  readonly orderDirection: 'ASC' | 'DESC'
  /** At most this many events are answered. */
  readonly eventCountLimit: number | undefined
  /** More than this many is a refusal. */
  readonly maxEventCount: number | undefined
}

/** A field that an author added: its place (`ILMD_`, `INNER_`, ..) and its name as the question wrote it. */
export interface Field {
  readonly place: string
  readonly prefix: string
  readonly local: string
}

export type Comparison = 'EQ' | 'GT' | 'GE' | 'LT' | 'LE'

/** Names are those of EventFacts. A `field` stands for every name that its prefix may be short for. */
export type Condition =
  | { readonly kind: 'word'; readonly names: readonly string[]; readonly values: readonly string[] }
  | { readonly kind: 'thing'; readonly roles: readonly Role[]; readonly patterns: readonly NamePattern[] }
  | {
      readonly kind: 'figure'
      readonly name: string
      readonly comparison: Comparison
      readonly values: readonly number[]
    }
  | { readonly kind: 'event-time' | 'record-time'; readonly comparison: 'GE' | 'LT'; readonly ms: number }
  | { readonly kind: 'event-id'; readonly values: readonly string[] }
  | { readonly kind: 'field-is'; readonly field: Field; readonly values: readonly string[] }
  | {
      readonly kind: 'field-figure'
      readonly field: Field
      readonly comparison: Comparison
      readonly value: number
      readonly isTime: boolean
    }
  | { readonly kind: 'field-exists'; readonly field: Field }
  | {
      /** The places themselves, and whatever lies in them. */
      readonly kind: 'within'
      readonly place: 'readPoint' | 'bizLocation'
      readonly places: readonly string[]
    }
  | {
      /** What the field names has one of these attributes in its master data; with `values`, with one of these. */
      readonly kind: 'attribute'
      readonly of: MasterField
      readonly attributes: readonly string[]
      readonly values: readonly string[] | undefined
    }

/** A field of an event whose value master data tells of: some words, things in some roles, or a field of an author's own. */
export type MasterField =
  | { readonly names: readonly string[]; readonly vocabulary?: Vocabulary }
  | { readonly roles: readonly Role[] }
  | { readonly field: Field }

import type { QuantityName } from '#contract/wire/quantities.ts'

/** How to read the lines of a device that nobody made a standard for: an Arduino, an ESP, a logger's print-out. */
export interface Pattern {
  /** `csv`: 12:00,23.5,60   `pairs`: T=23.5 H=60   `json`: {"t":23.5,"air":{"h":60}} */
  readonly format: 'csv' | 'pairs' | 'json'
  /** Between columns or pairs; undefined splits CSV at commas and pairs at commas, semicolons and white space. */
  readonly separator?: string | undefined
  /** Between a key and its value; only of pairs. Undefined takes `=` and `:`. */
  readonly assign?: string | undefined
  /** True when 23,5 means 23.5. */
  readonly decimalComma: boolean
  /** Lines that begin so are comments. */
  readonly comments: readonly string[]
  /** True when each line ends with `*` and two hex digits, the XOR of what is before (as NMEA does). */
  readonly hasChecksum: boolean
  /** Where a line says which of several nodes it is of; the device is then NAME/NODE. */
  readonly node?: Place | undefined
  readonly values: readonly PatternValue[]
}

/**
 * Where in a line something stands: a column counted from 1; a column's title, which the line of titles tells; a
 * key; or a JSON pointer (RFC 6901) when it begins with a slash.
 */
export type Place = number | string

export interface PatternValue {
  readonly from: Place
  readonly quantity: QuantityName
  readonly channel: string
  /** As the device means it, spelled as devices/units.ts does; the quantity's own unit if not given. */
  readonly unit?: string | undefined
  /** Of the stated number: number × scale + offset is in `unit`. */
  readonly scale: number
  readonly offset: number
}

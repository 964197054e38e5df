import { crc32 } from 'node:zlib'
import type Database from 'better-sqlite3'
import { isWhole } from './block-codec.ts'
import { isWholeSlot } from './slots.ts'

/** SQLite checks the shape of its pages, not what stands in them: a flipped bit inside a value would be believed. */
export const isWholeEntry = (body: Uint8Array, crc: number | null): boolean =>
  crc === null || crc32(body) === crc

const MOST_TOLD = 20

/** Names rows whose checksum does not hold; an empty list is good. */
export function brokenRows(db: Database.Database): string[] {
  const found: string[] = []
  const blocks = db.prepare<[], { id: number; body: Uint8Array }>('SELECT from_id AS id, body FROM block')
  for (const { id, body } of blocks.iterate()) {
    if (!isWhole(body)) found.push(`the readings from ${id} on are not what was written`)
    if (found.length === MOST_TOLD) return found
  }
  const slots = db.prepare<[], { no: number; bytes: Uint8Array }>('SELECT no, bytes FROM slot')
  for (const { no, bytes } of slots.iterate()) {
    if (!isWholeSlot(new Uint8Array(bytes))) found.push(`slot ${no} is not what was written`)
    if (found.length === MOST_TOLD) return found
  }
  const entries = db.prepare<[], { lane: string; id: number; body: Uint8Array; crc: number | null }>(
    'SELECT lane, id, body, crc FROM entry',
  )
  for (const { lane, id, body, crc } of entries.iterate()) {
    if (!isWholeEntry(body, crc)) found.push(`entry ${id} of the ${lane} lane is not what was written`)
    if (found.length === MOST_TOLD) return found
  }
  return found
}

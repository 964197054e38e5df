import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diskShare, freeBytesOf } from '../../agent/disk-share.ts'

const MB = 1_000_000
const facts = { fileBytes: 300 * MB, quotaBytes: 2000 * MB, freeBytes: 5000 * MB, keepFreeBytes: 200 * MB }

describe("the journal's share of the disk", () => {
  it('is its quota while there is room', () => {
    expect(diskShare(facts)).toEqual({ keepBytes: 2000 * MB, mayLose: true })
    expect(diskShare({ ...facts, freeBytes: null })).toEqual({ keepBytes: 2000 * MB, mayLose: true })
  })

  it('is the file that it has when little is left, and only history goes for it', () => {
    expect(diskShare({ ...facts, freeBytes: 150 * MB })).toEqual({ keepBytes: 294 * MB, mayLose: false })
  })

  it('is made of what was not sent yet when half of the last room is gone', () => {
    expect(diskShare({ ...facts, freeBytes: 99 * MB })).toMatchObject({ mayLose: true })
  })

  it('is never more than the quota', () => {
    const bytes = fc.integer({ min: 0, max: 10_000 * MB })
    fc.assert(
      fc.property(bytes, bytes, bytes, (fileBytes, quotaBytes, freeBytes) => {
        expect(diskShare({ ...facts, fileBytes, quotaBytes, freeBytes }).keepBytes).toBeLessThanOrEqual(
          quotaBytes,
        )
      }),
    )
  })

  it('asks the disk itself', () => {
    expect(freeBytesOf(tmpdir())).toBeGreaterThan(0)
    expect(freeBytesOf('/no/such/folder')).toBeNull()
  })
})

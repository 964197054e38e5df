/**
 * What the journal costs a card: bytes written to the device, bytes kept, and how long seven days of one series take to
 * draw, beside a table with a row a reading.
 *
 *   npm run bench -- flash [--out] [HOURS]
 *
 * The journal, its commits and its fsyncs are real; the clock is pretended, so that hours take as long as their
 * commits. Each case runs in a process of its own, for /proc/self/io counts by process, and where the machine allows
 * it on a file system of its own (ext4 on a loop device), whose own count is then beside it: that one holds the
 * metadata and its journal as well.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sayFigure } from './figures.ts'
import type { FlashCase, FlashCount } from './flash-case.ts'

const [hours = 6] = process.argv.slice(2).map(Number)
const SERIES = 20
const BLOCK = 4096

const folder = mkdtempSync(join(tmpdir(), 'vuon-flash-'))

/** An ext4 of its own on a loop device, or a plain folder where that is not allowed. */
function openDisk(): { path: string; written: () => number | null; close: () => void } {
  const image = join(folder, 'disk.img')
  const path = join(folder, 'disk')
  mkdirSync(path)
  try {
    execFileSync('truncate', ['-s', '1G', image])
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'loop,noatime', image, path], { stdio: 'ignore' })
  } catch {
    return { path, written: () => null, close: () => {} }
  }
  const device = execFileSync('findmnt', ['-n', '-o', 'SOURCE', path], { encoding: 'utf8' }).trim()
  const count = `/sys/fs/ext4/${basename(device)}/lifetime_write_kbytes`
  return {
    path,
    written: () => {
      execFileSync('sync', ['-f', path])
      return existsSync(count) ? Number(readFileSync(count, 'utf8')) * 1024 : null
    },
    close: () => execFileSync('umount', [path]),
  }
}

function run(asked: FlashCase): FlashCount & { fileSystemBytes: number | null } {
  const before = disk.written()
  const child = fileURLToPath(new URL('flash-case.ts', import.meta.url))
  const said = execFileSync(process.execPath, [child, JSON.stringify(asked)], { encoding: 'utf8' })
  const after = disk.written()
  const counted = JSON.parse(said) as FlashCount
  return { ...counted, fileSystemBytes: before === null || after === null ? null : after - before }
}

const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits))

const disk = openDisk()
try {
  for (const [rate, everyMs] of [
    ['1 Hz', 1000],
    ['1/min', 60_000],
  ] as const) {
    for (const windowS of [1, 10, 60]) {
      const common = { folder: disk.path, series: SERIES, everyMs, windowMs: windowS * 1000, hours }
      for (const form of ['journal', 'rows'] as const) {
        const { readings, commits, writtenBytes, keptBytes, fileSystemBytes } = run({ ...common, form })
        const perDay = (bytes: number) => rounded((bytes / hours) * 24 * 1e-6, 1)
        const floor = commits * BLOCK + keptBytes
        sayFigure({
          bench: 'flash',
          what: `${form === 'journal' ? 'journal' : 'a row a reading (bare SQLite, 4 KiB pages)'}, ${SERIES} series at ${rate}, loss window ${windowS} s`,
          figure: rounded(writtenBytes / readings, 1),
          unit: 'bytes written a reading (/proc/self/io)',
          floor: rounded(floor / readings, 1),
          floorIs: 'one block of 4 KiB a commit, and the bytes kept',
          ratio: rounded(writtenBytes / floor),
          mbADay: perDay(writtenBytes),
          fileSystemMbADay: fileSystemBytes === null ? null : perDay(fileSystemBytes),
          fileSystemRatio: fileSystemBytes === null ? null : rounded(fileSystemBytes / floor),
          keptBytesAReading: rounded(keptBytes / readings),
          ...{ readings, commits, hours },
        })
      }
    }
  }
  for (const [rate, everyMs, series] of [
    ['1/min', 60_000, 20],
    ['1 Hz', 1000, 4],
  ] as const) {
    const asked = { folder: disk.path, series, everyMs, windowMs: 60_000, hours: 7 * 24 }
    const ours = run({ ...asked, form: 'journal' })
    const rows = run({ ...asked, form: 'rows' })
    sayFigure({
      bench: 'flash',
      what: `seven days of one series at ${rate} drawn in 300 buckets, of ${series} in the journal`,
      figure: rounded(ours.drawMs, 1),
      unit: 'ms',
      floor: rounded(rows.drawMs, 1),
      floorIs: 'a row a reading with an index that covers the question',
      ratio: rounded(ours.drawMs / rows.drawMs),
      keptMb: rounded(ours.keptBytes * 1e-6, 1),
      keptMbInRows: rounded(rows.keptBytes * 1e-6, 1),
      keptBytesAReading: rounded(ours.keptBytes / ours.readings),
    })
  }
} finally {
  disk.close()
  rmSync(folder, { recursive: true, force: true })
}

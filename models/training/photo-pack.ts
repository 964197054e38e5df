import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One row of a pack's manifest.csv. */
export interface PackPhoto {
  /** Where the file lies on this machine. */
  readonly path: string
  readonly set: string
  readonly crop: string
  readonly organ: string
  readonly label: string
  readonly labelEn: string
  readonly labelVi: string
  /** Photos of one plant, leaf or session: never on both sides of a split. */
  readonly group: string
  readonly split: 'train' | 'val'
  readonly licence: string
}

const NEEDED = [
  'file',
  'set',
  'crop',
  'organ',
  'label',
  'label_en',
  'label_vi',
  'group',
  'split',
  'licence',
] as const

/**
 * The photos of folders in the pack's format: `manifest.csv` beside the files, RFC 4180 quoting. Throws, with the
 * folder and line, when a column or a file is missing, a split is neither train nor val, or a group is on both sides.
 */
export function readPack(folders: readonly string[]): readonly PackPhoto[] {
  const photos = folders.flatMap(readFolder)
  const sides = new Map<string, string>()
  for (const { group, split } of photos) {
    const side = sides.get(group) ?? split
    if (side !== split) throw new Error(`group ${group} is on both sides of the split; put it on one`)
    sides.set(group, side)
  }
  return photos
}

function readFolder(folder: string): PackPhoto[] {
  const path = join(folder, 'manifest.csv')
  if (!existsSync(path)) throw new Error(`${folder} has no manifest.csv; give a folder in the pack's format`)
  const [header = [], ...lines] = csvRows(readFileSync(path, 'utf8'))
  for (const name of NEEDED)
    if (!header.includes(name)) throw new Error(`${path}: no column ${name}; it has ${header.join(', ')}`)
  return lines.map((cells, index) => {
    const cell = (name: (typeof NEEDED)[number]): string => cells[header.indexOf(name)] ?? ''
    const at = `${path}:${index + 2}`
    const split = cell('split')
    if (split !== 'train' && split !== 'val') throw new Error(`${at}: split is ${split}; train or val`)
    const photo = join(folder, cell('file'))
    if (!existsSync(photo)) throw new Error(`${at}: ${cell('file')} is not there`)
    return {
      path: photo,
      set: cell('set'),
      crop: cell('crop'),
      organ: cell('organ'),
      label: cell('label'),
      labelEn: cell('label_en'),
      labelVi: cell('label_vi').normalize('NFC'),
      group: cell('group'),
      split,
      licence: cell('licence'),
    }
  })
}

function csvRows(text: string): string[][] {
  const rows: string[][] = []
  let [row, cell, quoted]: [string[], string, boolean] = [[], '', false]
  const endCell = () => {
    row.push(cell)
    cell = ''
  }
  const endRow = () => {
    endCell()
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (quoted) {
      if (char !== '"') cell += char
      else if (text[at + 1] === '"') {
        cell += '"'
        at++
      } else quoted = false
    } else if (char === '"') quoted = true
    else if (char === ',') endCell()
    else if (char === '\n') endRow()
    else if (char !== '\r') cell += char
  }
  if (cell !== '' || row.length > 0) endRow()
  return rows
}

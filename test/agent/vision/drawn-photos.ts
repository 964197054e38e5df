import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { seededRandom } from '../../world/seeded.ts'

/** Photos as a phone would take them, drawn: a leaf with veins and spots before a mottled ground. */
export interface DrawnLeaf {
  readonly widthPx?: number
  readonly heightPx?: number
  readonly seed?: number
}

export function drawLeaf({ widthPx = 1200, heightPx = 900, seed = 1 }: DrawnLeaf = {}): Sharp {
  const random = seededRandom(seed)
  const spot = () =>
    `<circle cx="${20 + random() * 60}%" cy="${25 + random() * 50}%" r="${0.5 + random() * 2}%" fill="#6b3a12"/>`
  const speck = () =>
    `<circle cx="${random() * 100}%" cy="${random() * 100}%" r="${0.2 + random() * 0.7}%" fill="hsl(${20 + random() * 30},30%,${20 + random() * 50}%)"/>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}">
    <rect width="100%" height="100%" fill="#8a7a5c"/>${Array.from({ length: 300 }, speck).join('')}
    <ellipse cx="50%" cy="50%" rx="42%" ry="34%" fill="#3f8a2e"/>
    ${Array.from({ length: 14 }, (_, index) => `<line x1="${14 + index * 5}%" y1="30%" x2="${18 + index * 5}%" y2="70%" stroke="#255c1a" stroke-width="3"/>`).join('')}
    ${Array.from({ length: 25 }, spot).join('')}</svg>`
  return sharp(Buffer.from(svg)).flatten({ background: '#8a7a5c' })
}

export const leafJpeg = (leaf: DrawnLeaf = {}): Promise<Buffer> =>
  drawLeaf(leaf).jpeg({ quality: 90 }).toBuffer()

export function put(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** A PNG that says in its header that it is as large as you like, with as little behind it. */
export function pngOfSize(widthPx: number, heightPx: number, data = deflateSync(Buffer.alloc(1024))): Buffer {
  const chunk = (name: string, content: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(name, 'latin1'), content])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(content.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(widthPx, 0)
  header.writeUInt32BE(heightPx, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

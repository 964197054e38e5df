import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { OWN_CODECS, readCodec } from '../../agent/devices/lorawan/codec-file.ts'
import { CodecWorker } from '../../agent/devices/lorawan/codec-worker.ts'
import { parseUplink } from '../../agent/devices/lorawan/uplink.ts'
import { near } from '../agent/devices/lorawan/near.ts'
import { vectors } from './vectors.ts'

/**
 * Our own codecs over the bytes that vendors publish with their meaning: every value of theirs is among ours, under
 * the same name. The codec of a device is found by the name of the vendor's.
 */
const OURS: readonly [vendor: RegExp, own: string, unread?: RegExp][] = [
  [
    /decentlab.*[/_](dl-trs11|dl-trs12|dl-trs21|dl-5tm|dl-lws|dl-par|dl-pyr|dl-atm22|dl-gmm|dl-zn1|dl-ifd)\b/,
    'decentlab-$1',
  ],
  [/decentlab.*[/_](dl-atm41)\b(?!g)/, 'decentlab-$1'],
  [/dragino.*[/_]lse01\b/, 'dragino-lse01', /_flag$|^TempC_DS18B20$/],
  [/dragino.*[/_]lht65\b/, 'dragino-lht65', /^Ext|^Bat_status|^Work_mode/],
  [/elsys/, 'elsys'],
  [/milesight.*em300-(?:th|sld)/, 'milesight-em300-th'],
  [/milesight.*em500-smtc/, 'milesight-em500-smtc'],
  [/sensecap/, 'sensecap-s210x'],
]

interface Example {
  readonly source: string
  readonly path: string
  readonly kind: string
  readonly i: number
  readonly codec?: string
  readonly decoderFile?: string
  readonly selfCheck?: string
  readonly input: Record<string, unknown>
  readonly output?: { data?: Record<string, unknown>; errors?: unknown[] }
  readonly expected?: { data?: Record<string, unknown>; errors?: unknown[] }
}

const worker = new CodecWorker({ clock: systemClock })
afterAll(() => worker.stop())

describe.each([
  ['lorawan', 420],
  ['lorawan-chirpstack', 90],
])('%s: bytes that vendors published', (set, count) => {
  const folder = vectors(set, count)
  if (!folder) return
  const uplinks = readFileSync(join(folder, 'examples.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Example)
    .filter(({ kind, selfCheck = 'pass' }) => /^uplinkDecoder$|^decode$/.test(kind) && selfCheck === 'pass')
  const examples = uplinks.flatMap((example) => {
    const name = `${example.path} ${example.codec ?? ''} ${example.decoderFile ?? ''}`.replaceAll(
      /\.json|-codec\b/g,
      '',
    )
    for (const [vendor, own, unread] of OURS) {
      const found = vendor.exec(name)
      if (found) return [{ ...example, own: own.replace('$1', found[1] ?? ''), unread }]
    }
    return []
  })
  console.log(
    `${set}: ${examples.length} of ${uplinks.length} uplinks are of devices that we have a codec for`,
  )

  test('there are some', () => expect(examples.length).toBeGreaterThan(0))

  const codecs = new Map(
    [...new Set(examples.map(({ own }) => own))].map((own) => [
      own,
      readCodec(join(OWN_CODECS, own, 'codec.js'), own),
    ]),
  )
  test.each(examples)('$path $i', async ({ own, unread, input, output, expected }) => {
    const uplink = parseUplink(input)
    if ('problem' in uplink) throw new Error(uplink.problem)
    const answer = await worker.decode(codecs.get(own)!, own, uplink)
    const theirs = output ?? expected ?? {}
    expect(answer.errors.length > 0, answer.errors.join()).toBe((theirs.errors ?? []).length > 0)
    const wanted = Object.entries(theirs.data ?? {}).filter(([key]) => !unread?.test(key))
    expect(near(answer.data, Object.fromEntries(wanted))).toEqual([])
  })
})

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromHex } from '#contract/ground/bytes.ts'
import { QUANTITIES } from '#contract/wire/quantities.ts'
import { identify, unitsOf } from '../../../agent/command/probe-identify.ts'
import { hostAndPort } from '../../../agent/command/probe-line.ts'
import { readProbe } from '../../../agent/command/probe-read.ts'
import type { ReadRequest } from '../../../agent/devices/modbus/framing.ts'
import { identifyProbes, likelyLines } from '../../../agent/devices/modbus/identify/identify-probes.ts'
import {
  loadProfile,
  type Profile,
  profileNames,
  profileSchema,
} from '../../../agent/devices/modbus/profile.ts'
import { decodeRtuRequest, rtuFraming } from '../../../agent/devices/modbus/rtu-frame.ts'
import { PretendSlaves, type SlaveUnit, tableUnit } from '../../world/pretend-slave.ts'
import { findTool, hasPymodbus, socatPair } from '../../world/real-services.ts'
import { running } from '../../world/running.ts'
import { startPymodbusSlave } from '../../world/slaves/start-slave.ts'
import { casesOf, type ProbeCase } from './probe-cases.ts'

const PROFILES = profileNames().map((name) => loadProfile(name))
const lineOf = (name: string) => loadProfile(name).line

/** Identifies what hangs on a pretend line, and keeps what was asked. */
async function identified(
  units: ReadonlyMap<number, SlaveUnit>,
  options: { profiles?: readonly Profile[]; units?: number[]; lines?: Profile['line'][] } = {},
) {
  const slaves = new PretendSlaves(units)
  const asked: ReadRequest[] = []
  const { found } = await identifyProbes({
    ask: async (unit, _line, question) => {
      const request: ReadRequest = { unit, ...question }
      asked.push(request)
      const waiting = rtuFraming.ask(request)
      const bytes = slaves.answer(waiting.bytes)
      const reply = bytes && waiting.push(bytes)
      return reply ?? { kind: 'silence', detail: 'no answer' }
    },
    profiles: options.profiles ?? PROFILES,
    lines: options.lines ?? [lineOf('xy-md02')],
    units: options.units ?? [1],
    timeoutMs: 100,
    onProgress: () => {},
  })
  return { found, asked }
}

/** A unit that holds what the undisturbed cases of its profile show, and refuses every other register. */
function asInItsCases(profile: Profile): SlaveUnit {
  const tables: Record<3 | 4, Record<number, number>> = { 3: {}, 4: {} }
  // A probe in the ground, before one in a freezer.
  const isOrdinary = ({ readings }: ProbeCase): boolean =>
    readings.every(({ quantity, value }) => value > 0 && value <= QUANTITIES[quantity].range[1])
  const plain = casesOf(profile.name)
    .filter(({ faults }) => faults.length === 0)
    .sort((a, b) => Number(isOrdinary(b)) - Number(isOrdinary(a)))
  for (const { request, response } of plain.flatMap(({ frames }) => frames)) {
    const asked = decodeRtuRequest(fromHex(request))
    const reply = asked && rtuFraming.ask(asked).push(fromHex(response))
    if (reply?.kind === 'registers')
      reply.words.forEach((word, index) => {
        tables[asked!.function][asked!.address + index] ??= word
      })
  }
  const { status } = profile
  for (const each of status ? [0, 1].map((offset) => status.address + offset) : [])
    tables[status!.function][each] ??= 0
  return tableUnit({ holding: tables[3], input: tables[4] })
}

const CWT = tableUnit({ holding: { 0: 341, 1: 268, 2: 412, 3: 61, 4: 29, 5: 40, 6: 81 } })
const JXCT = tableUnit({
  holding: { 6: 640, 18: 341, 19: 268, 20: 0, 21: 410, 30: 29, 31: 40, 32: 81 },
})
const XY_MD02 = tableUnit({ input: { 1: 305, 2: 612 } })

describe('a probe is found by what it answers', () => {
  test.each<[string, SlaveUnit, string, string]>([
    ['the 7-in-1 with the map from register 0', CWT, 'cwt-soil-7in1', 'jxct-soil-7in1'],
    ['its look-alike with the map from register 6', JXCT, 'jxct-soil-7in1', 'cwt-soil-7in1'],
  ])('%s comes first, and its look-alike is ruled out with a reason', async (_, slave, first, other) => {
    const { found } = await identified(new Map([[1, slave]]), { lines: [lineOf(first)] })
    expect(found[0]?.candidates[0]?.profile.name).toBe(first)
    expect(found[0]?.candidates[0]?.reasons.length).toBeGreaterThan(3)
    expect(found[0]?.not).toContainEqual({ profile: other, why: expect.stringContaining('refuses') })
  })

  test('XY-MD02 and MD02 answer alike: it says that it is unsure, and where to look', async () => {
    const { found } = await identified(new Map([[1, XY_MD02]]))
    expect(found[0]?.candidates.map(({ profile }) => profile.name)).toEqual(
      expect.arrayContaining(['xy-md02', 'md02']),
    )
    expect(found[0]?.candidates[0]?.profile.name).toBe('xy-md02')
    expect(found[0]?.unsure?.between).toEqual(expect.arrayContaining(['xy-md02', 'md02']))
    expect(found[0]?.unsure?.why.join()).toContain('nothing on the line tells them apart')
    expect(found[0]?.unsure?.check.join()).toContain('257')
  })

  test('a station whose block begins at 501 is not taken for the one at 500', async () => {
    const block = [12, 2, 3, 135, 655, 284, 450, 12, 20, 1004, 0, 800]
    const at = (first: number) =>
      tableUnit({
        holding: Object.fromEntries(
          Array.from({ length: 40 }, (_, index) => [490 + index, block[490 + index - first] ?? 0]),
        ),
      })
    const names = async (first: number) => {
      const { found } = await identified(new Map([[1, at(first)]]), { lines: [lineOf('station-500')] })
      return found[0]?.candidates.map(({ profile }) => profile.name) ?? []
    }
    const [of500, of501] = [await names(500), await names(501)]
    expect(of500[0]).toBe('station-500')
    expect(of501[0]).toBe('station-501')
  })

  test('a pH that is ten times off is named as such', async () => {
    const odd = tableUnit({ holding: { 0: 341, 1: 268, 2: 412, 3: 610, 4: 29, 5: 40, 6: 81 } })
    const { found } = await identified(new Map([[1, odd]]), { lines: [lineOf('cwt-soil-7in1')] })
    const cwt = found[0]?.candidates.find(({ profile }) => profile.name === 'cwt-soil-7in1')
    expect(cwt?.reasons.join()).toMatch(/soil-ph 61 .*impossible.*scale were off by 10/)
    expect(cwt?.score).toBeLessThan(70)
  })

  test('something that answers like nothing we know is still reported, without a name', async () => {
    const { found } = await identified(new Map([[1, tableUnit({ holding: { 9999: 1 } })]]))
    expect(found).toMatchObject([{ unit: 1, candidates: [], unsure: null }])
  })

  test('a silent line gives nothing, and an address that nobody is shipped with costs three questions', async () => {
    const { found, asked } = await identified(new Map(), { units: [200] })
    expect(found).toEqual([])
    expect(asked.length).toBe(3)
  })
})

describe('it only reads what can hurt nobody', () => {
  test('functions 3 and 4 only, and of every probe no register that is dangerous or cleared by reading', async () => {
    for (const profile of PROFILES) {
      const { asked } = await identified(new Map([[1, asInItsCases(profile)]]), { lines: [profile.line] })
      expect(asked.length).toBeGreaterThan(0)
      const touched = asked.filter(({ function: code, address, count }) => {
        const overlaps = (each: { address: number; count: number }) =>
          each.address < address + count && address < each.address + each.count
        return (
          profile.dangerous.some(overlaps) ||
          profile.reads.some((read) => read.destructive && read.function === code && overlaps(read))
        )
      })
      expect(touched, profile.name).toEqual([])
    }
  })

  test('a gauge that forgets what it tells is not asked by the maps of others either', async () => {
    const stated = {
      maker: 'test',
      grade: 'manual',
      sources: ['this test'],
      line: { baudRate: 9600 },
      defaultUnit: 1,
    }
    const gauge = profileSchema.parse({
      ...stated,
      name: 'gauge',
      model: 'gauge',
      reads: [
        { function: 4, address: 4, count: 1 },
        { function: 4, address: 2, count: 1, destructive: true },
      ],
      values: [
        { quantity: 'air-temperature', address: 4, type: 's16', scale: 0.1 },
        { quantity: 'rain', address: 2, type: 'u16', counter: { perRead: true } },
      ],
    })
    const cover = profileSchema.parse({
      ...stated,
      name: 'cover',
      model: 'cover',
      reads: [{ function: 4, address: 1, count: 2 }],
      values: [{ quantity: 'air-humidity', address: 2, type: 'u16', scale: 0.1 }],
    })
    const line = gauge.line
    const answering = tableUnit({ input: { 1: 305, 2: 7, 4: 280 } })
    const { found, asked } = await identified(new Map([[1, answering]]), {
      profiles: [cover, gauge],
      lines: [line],
    })
    expect(asked.map(({ address }) => address)).toEqual([4])
    expect(found[0]?.candidates[0]?.profile.name).toBe('gauge')
    expect(found[0]?.notAsked).toEqual([expect.stringContaining('would hurt gauge')])

    // One that refuses the register of the gauge is no gauge, and may be asked.
    const other = await identified(new Map([[1, tableUnit({ input: { 1: 305, 2: 612 } })]]), {
      profiles: [cover, gauge],
      lines: [line],
    })
    expect(other.asked.map(({ address }) => address)).toEqual([4, 1])
    expect(other.found[0]?.candidates[0]?.profile.name).toBe('cover')
  })

  test.each(['0', '248', '255', '1-300', '5-2', '', 'x', '1,,2', '1-2-3'])(
    'units "%s" are refused',
    (text) => {
      expect(() => unitsOf(text)).toThrow()
    },
  )

  test('units are a list of numbers and ranges', () => {
    expect(unitsOf('1-3, 47,2')).toEqual([1, 2, 3, 47])
    expect(unitsOf('1-247').length).toBe(247)
  })
})

test('line settings come from the profiles, or from the speeds that were asked for', () => {
  expect(likelyLines(PROFILES, null)[0]).toEqual(lineOf('xy-md02'))
  const speeds = likelyLines(PROFILES, [2400]).map(({ baudRate, parity }) => `${baudRate} ${parity}`)
  expect(speeds.sort()).toEqual(['2400 even', '2400 none'])
})

test('a host is a name, an address, or either with a port', () => {
  expect(hostAndPort('box.local')).toEqual({ host: 'box.local', port: 502 })
  expect(hostAndPort('10.0.0.9:4001')).toEqual({ host: '10.0.0.9', port: 4001 })
  expect(hostAndPort('[::1]:502')).toEqual({ host: '::1', port: 502 })
  for (const bad of ['', ':502', 'a b', 'host:0', 'host:99999', 'host:x'])
    expect(() => hostAndPort(bad)).toThrow()
})

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function vuonAgent(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(join(import.meta.dirname, '../../../bin/vuon-agent'), words)
    let [out, err] = ['', '']
    child.stdout.on('data', (part: Buffer) => {
      out += part
    })
    child.stderr.on('data', (part: Buffer) => {
      err += part
    })
    child.once('exit', (code) => resolve({ code, out, err }))
  })
}

describe('the commands on a real line [needs socat, pymodbus]', () => {
  test.skipIf(!findTool('socat') || !hasPymodbus())(
    'probe identify finds both probes and says what it is unsure of; probe read shows frames and values',
    async () => {
      const pair = running(await socatPair())
      running(
        await startPymodbusSlave(
          ...['--serial', pair.there, '--holding', '1:0=341,268,412,61,29,40,81', '--input', '2:1=305,1200'],
        ),
      )
      const told: string[] = []
      const words = { port: pair.here, units: '1-2', baud: '9600', timeout: '100' }
      const { found } = await identify(words, (text) => told.push(text))
      expect(told[0]).toContain('9600 8N1')
      expect(found.map(({ unit }) => unit)).toEqual([1, 2])
      expect(found[0]?.candidates[0]).toMatchObject({ profile: 'cwt-soil-7in1' })
      expect(found[0]?.candidates[0]?.readings).toContainEqual({
        quantity: 'soil-ph',
        channel: '',
        value: 6.1,
        unit: '[pH]',
      })

      const reading = await readProbe({ port: pair.here, profile: 'cwt-soil-7in1', unit: '1' })
      expect(reading).toMatchObject({ plausible: true, errors: [] })
      expect(reading.exchanges[0]?.request).toBe('0103000000070408')
      // 120 % humidity can't be.
      const read = ['probe', 'read', '--port', pair.here, '--profile', 'xy-md02', '--unit', '2']
      const odd = await vuonAgent(...read)
      expect(odd.code).toBe(1)
      expect(odd.out).toContain('← 02 04 04 01 31 04 B0')
      expect(odd.out).toMatch(/air-humidity: 120 %.*NOT PLAUSIBLE/)
    },
  )
})

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '#contract/ground/bytes.ts'
import { QUANTITIES, UNITS } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { characterMs } from '../../../agent/bus/byte-line.ts'
import { withCrc } from '../../../agent/devices/modbus/crc.ts'
import { decodeProbe } from '../../../agent/devices/modbus/decode-probe.ts'
import { listProbes } from '../../../agent/devices/modbus/list-probes.ts'
import type { PolledProbe } from '../../../agent/devices/modbus/polled-probe.ts'
import { ModbusPoller } from '../../../agent/devices/modbus/poller.ts'
import {
  loadProfile,
  PROBES_FOLDER,
  type Profile,
  profileNames,
} from '../../../agent/devices/modbus/profile.ts'
import { decodeRtuRequest, rtuFraming } from '../../../agent/devices/modbus/rtu-frame.ts'
import type { Observation } from '../../../agent/devices/observation.ts'
import { PretendClock } from '../../world/pretend-clock.ts'
import { casesOf, type ProbeCase } from './probe-cases.ts'
import { ScriptedLine } from './scripted-line.ts'

const names = profileNames()

describe.each(names)('probe %s', (name) => {
  const profile = loadProfile(name)
  const cases = casesOf(name)

  test.each(cases)('$name: $what', async (each) => {
    const expected = each.readings.map(withMarks)
    if (!each.frames.some((frame) => isCondition(profile, frame.request))) {
      const byFrame = each.frames.map((frame) => decodeProbe(profile, frame))
      expect(byFrame.flatMap(({ readings }) => readings).map(asInCase)).toEqual(expected)
      // That an answer may be lost for good is not in the frames.
      const told = each.faults.filter((code) => code !== 'maybe-lost')
      expect(byFrame.flatMap(({ errors }) => errors).map(({ code }) => code)).toEqual(told)
    }
    // A manual may print a shorter question than the poller puts.
    if (!each.frames.every((frame) => isPolled(profile, frame.request))) return
    const { readings, faults } = await polledOnce(profile, each)
    expect(readings.map(asInCase), 'the poller reads the same').toEqual(expected)
    expect(faults, 'and counts the same').toEqual(each.faults)
  })

  test('every value of the profile is read in some case', () => {
    const seen = new Set(
      cases.flatMap((each) => each.readings.map((reading) => `${reading.quantity}/${reading.channel ?? ''}`)),
    )
    expect(
      profile.values.map((value) => `${value.quantity}/${value.channel}`).filter((key) => !seen.has(key)),
    ).toEqual([])
  })

  test('the cases show what this probe can do wrong', () => {
    const faults = new Set(cases.flatMap((each) => each.faults))
    expect(
      cases.some((each) => each.faults.length === 0),
      'a case in which all is well',
    ).toBe(true)
    expect(faults, 'a disturbed frame').toContain('crc')
    if (profile.values.some((value) => value.type.startsWith('s') && value.quantity.endsWith('temperature')))
      expect(
        cases.some((each) => each.readings.some(({ value }) => value < 0)),
        'below zero',
      ).toBe(true)
    if (profile.values.some((value) => value.sentinels.length > 0))
      expect(faults, 'the probe says "no value"').toContain('sentinel')
    if (profile.reads.some((read) => read.fallbackCount !== undefined))
      expect(
        cases.some(
          (each) => each.frames.length > 1 && each.faults.includes('exception') && each.readings.length > 0,
        ),
        'the smaller variant',
      ).toBe(true)
  })

  test('every question of the cases is about registers that the profile reads', () => {
    for (const each of cases)
      for (const { request } of each.frames) {
        const asked = decodeRtuRequest(fromHex(request))
        expect(asked, `${each.name}: ${request}`).toBeDefined()
        const isInside = profile.reads.some(
          (read) =>
            asked !== undefined &&
            asked.address >= read.address &&
            asked.address + asked.count <= read.address + read.count,
        )
        expect(isInside || isCondition(profile, request), `${each.name}: ${request}`).toBe(true)
      }
    expect(
      cases.some(
        (each) => each.readings.length > 0 && each.frames.every((f) => isPolled(profile, f.request)),
      ),
      'one that is polled',
    ).toBe(true)
  })

  test('it waits longer than its longest answer takes on the wire', () => {
    // Unit, function, length and check sum are five more bytes, the question is eight.
    const longest = Math.max(...profile.reads.map((read) => read.count * 2 + 13))
    expect(profile.replyTimeoutMs).toBeGreaterThan(longest * characterMs(profile.line) * 1.5)
  })

  test('its README tells how to wire it, its traps and where the map is from', () => {
    const file = join(PROBES_FOLDER, name, 'README.md')
    expect(existsSync(file)).toBe(true)
    const headings = [...readmeOf(name).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(expect.arrayContaining(['Wiring', 'Traps', 'Source']))
  })

  test('every value has a unit of the table', () => {
    for (const { quantity } of profile.values) expect(UNITS).toHaveProperty([QUANTITIES[quantity].unit])
  })
})

const profiles = names.map((name) => loadProfile(name))
const readmeOf = (name: string): string => readFileSync(join(PROBES_FOLDER, name, 'README.md'), 'utf8')

describe('all probes together', () => {
  test('the list names every folder, and each can be read', () => {
    const listed = listProbes()
    expect(listed.map(({ name }) => name)).toEqual(names)
    expect(listed).toContainEqual(
      expect.objectContaining({
        name: 'xy-md02',
        line: '9600 8N1',
        quantities: ['air-temperature', 'air-humidity'],
      }),
    )
  })

  test('there are at least 25 of them, each with three cases, sources and a maker', () => {
    expect(profiles.length).toBeGreaterThanOrEqual(25)
    expect(names.filter((name) => casesOf(name).length < 3)).toEqual([])
    expect(profiles.filter(({ sources }) => sources.some((each) => each.length < 10))).toEqual([])
  })

  test('no name and no alias is there twice, in whatever spelling', () => {
    const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
    const all = profiles.flatMap(({ name, aliases }) => [...new Set([name, ...aliases].map(plain))])
    expect(all.filter((each, at) => all.indexOf(each) !== at)).toEqual([])
  })

  test('a look-alike is a profile that is there, and says the same of this one', () => {
    for (const { name, lookAlikes } of profiles)
      for (const { profile: other } of lookAlikes) {
        expect(names, `${name} → ${other}`).toContain(other)
        const back = profiles.find((each) => each.name === other)?.lookAlikes ?? []
        expect(
          back.map(({ profile }) => profile),
          `${other} → ${name}`,
        ).toContain(name)
      }
  })

  test('every value has a range, or its README says why it has none', () => {
    for (const { name, values } of profiles) {
      const [, reasons = ''] = readmeOf(name).split('## No range')
      const missing = values
        .filter(({ range, validRaw, map }) => !range && !validRaw && !map)
        .filter(({ quantity }) => !(reasons.split('\n## ')[0] ?? '').includes(`\`${quantity}\``))
      expect(
        missing.map(({ quantity }) => quantity),
        name,
      ).toEqual([])
    }
  })

  test('no read touches a dangerous register, but for the one that owns up to clearing it', () => {
    for (const { name, reads, dangerous } of profiles)
      for (const read of reads)
        for (const { address, count } of dangerous) {
          const isTouched = address < read.address + read.count && read.address < address + count
          expect(isTouched && !read.destructive, `${name}: ${read.address} touches ${address}`).toBe(false)
        }
  })

  test('a profile that nobody checked against a manual says so of every value', () => {
    for (const { name, grade, values } of profiles)
      if (grade !== 'manual')
        expect(
          values.filter(({ unverified }) => !unverified).map(({ quantity }) => quantity),
          name,
        ).toEqual([])
  })

  test('the list and its README show what is unverified', () => {
    for (const { name, unverified } of listProbes()) {
      const values = profiles.find((each) => each.name === name)?.values ?? []
      const expected = values
        .filter((value) => value.unverified)
        .map(({ quantity, channel }) => `${quantity} ${channel}`.trim())
      expect(unverified, name).toEqual(expected)
      if (unverified.length > 0) expect(readmeOf(name), name).toMatch(/unverified/)
    }
  })

  test('where both functions read the same registers, a recorded frame may carry either', () => {
    const both = profiles.filter(({ reads }) => reads.some(({ alsoFunction }) => alsoFunction !== undefined))
    expect(both.length).toBeGreaterThan(0)
    for (const profile of both) {
      const plain = casesOf(profile.name).find(({ faults }) => faults.length === 0)
      const answer = fromHex(plain?.frames[0]?.response ?? '').slice(0, -2)
      for (const code of [3, 4]) {
        answer[1] = code
        const { readings, errors } = decodeProbe(profile, { response: toHex(withCrc(answer)) })
        expect(errors, `${profile.name}, function ${code}`).toEqual([])
        expect(readings.map(({ value }) => value)).toEqual(plain?.readings.map(({ value }) => value))
      }
    }
  })

  test('the page of all probes has a row for each, with its line and grade', () => {
    const page = readFileSync(join(PROBES_FOLDER, 'README.md'), 'utf8')
    for (const { name, line, grade, defaultUnit } of listProbes()) {
      const row = page.split('\n').find((each) => each.startsWith(`| [${name}](${name}/)`))
      expect(row, name).toBeDefined()
      const cells = row?.split('|').map((cell) => cell.trim()) ?? []
      expect(cells, name).toEqual(expect.arrayContaining([line, grade]))
      expect(cells[5]?.split(/[ ,]+/), name).toContain(String(defaultUnit))
    }
  })
})

function asInCase({ quantity, channel, value, unit, quality }: Observation) {
  return { quantity, channel, value, unit, quality }
}

function withMarks({ quantity, channel = '', value, unit, marks = [] }: ProbeCase['readings'][number]) {
  const bits = { 'out-of-range': QUALITY.outOfRange, estimated: QUALITY.estimated }
  return { quantity, channel, value, unit, quality: marks.reduce((sum, mark) => sum | bits[mark], 0) }
}

/** Its first poll, over a line whose other end answers as the case says. */
async function polledOnce(profile: Profile, each: ProbeCase) {
  const clock = new PretendClock(Date.UTC(2026, 0, 1))
  const line = new ScriptedLine(clock, (question) => {
    const frame = each.frames.find(({ request }) => toHex(fromHex(request)) === toHex(question))
    const response = frame ? fromHex(frame.response) : untroubled(profile, question)
    return response && response.length > 0 ? [{ afterMs: 30, bytes: response }] : []
  })
  const probe: PolledProbe = {
    name: profile.name,
    unit: decodeRtuRequest(fromHex(each.frames[0]?.request ?? ''))?.unit ?? 0,
    // Other reads of the profile are other cases.
    profile: { ...profile, reads: profile.reads.filter((read) => isAskedIn(each, read)) },
    everyMs: 60_000,
    timeoutMs: profile.replyTimeoutMs,
    settings: profile.line,
  }
  const readings: Observation[] = []
  const faults: string[] = []
  const poller = new ModbusPoller({
    line,
    framing: rtuFraming,
    probes: [probe],
    clock,
    onReadings: async (_, observations) => void readings.push(...observations),
    onFault: (_, code) => void faults.push(code),
  })
  poller.start()
  // Long enough for one turn, too short for the question that follows a failure 5 s later.
  await clock.advance(profile.replyTimeoutMs + 1500)
  await poller.stop()
  return { readings, faults }
}

/** What a probe says of itself where the case is about something else: °C, and ready. */
function untroubled({ unitSwitch, status }: Profile, question: Uint8Array): Uint8Array | undefined {
  const asked = decodeRtuRequest(question)
  if (!asked) return undefined
  if (unitSwitch && asked.address === unitSwitch.address)
    return withCrc(Uint8Array.of(asked.unit, asked.function, 2, 0, unitSwitch.celsius))
  if (status && asked.address === status.address && status.ok.includes(0))
    return withCrc(
      Uint8Array.of(asked.unit, asked.function, asked.count * 2, ...Array(asked.count * 2).fill(0)),
    )
  return undefined
}

/** Whether it asks for the unit switch or the status rather than for values. */
function isCondition({ unitSwitch, status }: Profile, request: string): boolean {
  const asked = decodeRtuRequest(fromHex(request))
  return [unitSwitch, status].some(
    (each) => each && each.function === asked?.function && each.address === asked.address,
  )
}

/** Whether the poller puts this very question. */
function isPolled(profile: Profile, request: string): boolean {
  const asked = decodeRtuRequest(fromHex(request))
  return (
    isCondition(profile, request) ||
    profile.reads.some(
      (read) =>
        read.function === asked?.function &&
        read.address === asked.address &&
        [read.count, read.fallbackCount].includes(asked.count),
    )
  )
}

const isAskedIn = (each: ProbeCase, read: Profile['reads'][number]): boolean =>
  each.frames.some(({ request }) => {
    const asked = decodeRtuRequest(fromHex(request))
    return asked?.function === read.function && asked.address === read.address
  })

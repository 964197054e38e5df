import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '#contract/ground/bytes.ts'
import { QUANTITIES, UNITS } from '#contract/wire/quantities.ts'
import { QUALITY } from '#contract/wire/records.ts'
import { characterMs } from '../../../agent/bus/byte-line.ts'
import type { PolledProbe, ProbeAnswer } from '../../../agent/devices/modbus/ask-probe.ts'
import { decodeProbe } from '../../../agent/devices/modbus/decode-probe.ts'
import { listProbes } from '../../../agent/devices/modbus/list-probes.ts'
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
    const byFrame = each.frames.map((frame) => decodeProbe(profile, frame))
    expect(byFrame.flatMap(({ readings }) => readings).map(asInCase)).toEqual(each.readings.map(withMarks))
    expect(byFrame.flatMap(({ errors }) => errors).map(({ code }) => code)).toEqual(each.faults)

    const answer = await askedOnLine(profile, each)
    expect(answer.readings.map(asInCase), 'the poller reads the same').toEqual(each.readings.map(withMarks))
    expect(
      answer.faults.map(({ code }) => code),
      'and counts the same',
    ).toEqual(each.faults)
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

  test('every question of the cases is one that the profile asks', () => {
    for (const each of cases)
      for (const { request } of each.frames) {
        const asked = decodeRtuRequest(fromHex(request))
        expect(asked, `${each.name}: ${request}`).toBeDefined()
        expect(
          profile.reads.some(
            (read) =>
              read.function === asked?.function &&
              read.address === asked.address &&
              [read.count, read.fallbackCount].includes(asked.count),
          ),
          `${each.name}: ${request}`,
        ).toBe(true)
      }
  })

  test('it waits longer than its longest answer takes on the wire', () => {
    // Unit, function, length and check sum are five more bytes, the question is eight.
    const longest = Math.max(...profile.reads.map((read) => read.count * 2 + 13))
    expect(profile.replyTimeoutMs).toBeGreaterThan(longest * characterMs(profile.line) * 1.5)
  })

  test('its README tells how to wire it, its traps and where the map is from', () => {
    const file = join(PROBES_FOLDER, name, 'README.md')
    expect(existsSync(file)).toBe(true)
    const headings = [...readFileSync(file, 'utf8').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(expect.arrayContaining(['Wiring', 'Traps', 'Source']))
  })

  test('every value has a unit of the table', () => {
    for (const { quantity } of profile.values) expect(UNITS).toHaveProperty([QUANTITIES[quantity].unit])
  })
})

test('the list of probes names every folder, and each can be read', () => {
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

function asInCase({ quantity, channel, value, unit, quality }: Observation) {
  return { quantity, channel, value, unit, quality }
}

function withMarks({ quantity, channel = '', value, unit, marks = [] }: ProbeCase['readings'][number]) {
  const bits = { 'out-of-range': QUALITY.outOfRange, estimated: QUALITY.estimated }
  return { quantity, channel, value, unit, quality: marks.reduce((sum, mark) => sum | bits[mark], 0) }
}

/** The whole turn over a line whose other end answers as the case says. */
async function askedOnLine(profile: Profile, each: ProbeCase): Promise<ProbeAnswer> {
  const clock = new PretendClock(Date.UTC(2026, 0, 1))
  const line = new ScriptedLine(clock, (question) => {
    const frame = each.frames.find(({ request }) => toHex(fromHex(request)) === toHex(question))
    return frame && frame.response !== '' ? [{ afterMs: 30, bytes: fromHex(frame.response) }] : []
  })
  const unit = decodeRtuRequest(fromHex(each.frames[0]?.request ?? ''))?.unit ?? 0
  const probe: PolledProbe = {
    name: profile.name,
    unit,
    // Other reads of the profile are other cases.
    profile: { ...profile, reads: profile.reads.filter((read) => isAskedIn(each, read)) },
    everyMs: 60_000,
    timeoutMs: profile.replyTimeoutMs,
    settings: profile.line,
  }
  const poller = new ModbusPoller({
    line,
    framing: rtuFraming,
    probes: [],
    clock,
    onReadings: async () => {},
    onFault: () => {},
  })
  poller.start()
  const answer = poller.readOnce(probe)
  await clock.advance(profile.replyTimeoutMs * 4)
  await poller.stop()
  return answer
}

const isAskedIn = (each: ProbeCase, read: Profile['reads'][number]): boolean =>
  each.frames.some(({ request }) => {
    const asked = decodeRtuRequest(fromHex(request))
    return asked?.function === read.function && asked.address === read.address
  })

import { describe, expect, test } from 'vitest'
import { utf8 } from '#contract/ground/bytes.ts'
import { LineSplitter } from '../../../../agent/devices/lines/line-splitter.ts'
import { createTalker, type TalkerSpec } from '../../../../agent/devices/lines/talkers.ts'
import { PretendClock } from '../../../world/pretend-clock.ts'
import { type Piece, ScriptedLine } from '../scripted-line.ts'

const text = new TextDecoder()

describe('lines out of bytes', () => {
  const cut = (splitter: LineSplitter, bytes: string) =>
    splitter
      .push(utf8(bytes))
      .map((piece) => (piece.kind === 'line' ? text.decode(piece.bytes) : `${piece.why} ${piece.count}`))

  test('CR, LF and both end a line; pieces are put together; empty lines are none', () => {
    const splitter = new LineSplitter(80)
    expect(cut(splitter, 'a\r\nb\nc\r\r\n\nd')).toEqual(['a', 'b', 'c'])
    expect(cut(splitter, 'e')).toEqual([])
    expect(cut(splitter, '\r')).toEqual(['de'])
  })

  test('a line that grows too long is dropped whole and told once, the next is read', () => {
    const splitter = new LineSplitter(8)
    expect(cut(splitter, '12345678\n')).toEqual(['12345678'])
    expect(cut(splitter, '123456789')).toEqual([])
    expect(cut(splitter, 'abc'.repeat(1000))).toEqual([])
    expect(cut(splitter, '\nnext\n')).toEqual(['too-long 3009', 'next'])
  })
})

const AIR: TalkerSpec = {
  kind: 'lines',
  name: 'uno',
  everyS: 60,
  keepEveryS: 0,
  format: 'csv',
  decimalComma: false,
  comments: ['#'],
  hasChecksum: false,
  values: [
    { from: 1, quantity: 'air-temperature', channel: '', scale: 1, offset: 0 },
    { from: 2, quantity: 'air-humidity', channel: '', scale: 1, offset: 0 },
  ],
}

function listen(spec: TalkerSpec, answer: (question: Uint8Array) => readonly Piece[] = () => []) {
  const clock = new PretendClock(Date.UTC(2026, 4, 1))
  const line = new ScriptedLine(clock, answer)
  const faults: string[] = []
  const kept: string[] = []
  const seen: string[] = []
  let isDiskFull = false
  const talker = createTalker(spec, {
    line,
    clock,
    onReadings: async (readings) => {
      if (isDiskFull) throw new Error('no space')
      kept.push(readings.map(({ quantity, value }) => `${quantity} ${value}`).join(', '))
    },
    onSeen: (device) => seen.push(device),
    onFault: (device, code) => faults.push(`${device}: ${code}`),
  })
  talker.start()
  const hear = async (bytes: string, thenMs = 10) => {
    line.send(utf8(bytes))
    await clock.advance(thenMs)
  }
  return {
    clock,
    line,
    faults,
    kept,
    seen,
    talker,
    hear,
    fillDisk: () => {
      isDiskFull = true
    },
  }
}

describe('a device that talks by itself', () => {
  test('is heard from the first whole line on: the end of one is no reading', async () => {
    const { hear, kept, faults } = listen(AIR)
    await hear('2.5,60\r\n')
    await hear('22.5,60\r\n')
    expect(kept).toEqual(['air-temperature 22.5, air-humidity 60'])
    expect(faults).toEqual(['uno: line-cut-short'])
  })

  test('its first line counts when silence was before it', async () => {
    const { hear, kept, faults, clock } = listen(AIR)
    await clock.advance(5_000)
    await hear('22.5,60\r\n')
    expect(kept).toEqual(['air-temperature 22.5, air-humidity 60'])
    expect(faults).toEqual([])
  })

  test('half a line whose rest never comes does not spoil the next', async () => {
    const { hear, kept, faults, clock } = listen(AIR)
    await clock.advance(5_000)
    await hear('22.', 60_000)
    await hear('23.5,61\r\n')
    expect(kept).toEqual(['air-temperature 23.5, air-humidity 61'])
    expect(faults).toEqual(['uno: line-cut-short'])
  })

  test('a slow sketch that pauses within a line is understood', async () => {
    const { hear, kept, clock } = listen(AIR)
    await clock.advance(5_000)
    await hear('22.5,', 1_500)
    await hear('60', 1_500)
    await hear('\r\n')
    expect(kept).toEqual(['air-temperature 22.5, air-humidity 60'])
  })

  test('a stick that is pulled in the middle of a line goes on with the next whole one', async () => {
    const { hear, kept, faults, line, clock } = listen(AIR)
    await clock.advance(5_000)
    await hear('22.5,')
    line.lose()
    await clock.advance(30_000)
    line.back()
    await hear('9,60\r\n23.5,61\r\n')
    expect(kept).toEqual(['air-temperature 23.5, air-humidity 61'])
    expect(faults).toEqual(['null: link-down', 'uno: line-cut-short'])
  })

  test('the wrong speed is told as noise', async () => {
    const { hear, faults, line, clock } = listen(AIR)
    await hear('\n')
    line.send(Uint8Array.of(0xf8, 0x00, 0xe6, 0x7f, 0x80, 0x0a))
    await clock.advance(10)
    expect(faults).toEqual(['uno: garbage'])
  })

  test('of what comes every second one value in ten seconds is kept; the rest shows that it lives', async () => {
    const { hear, kept, seen } = listen({ ...AIR, keepEveryS: 10 })
    await hear('\n')
    for (let second = 0; second < 30; second++) await hear(`2${second % 10}.5,60\n`, 1_000)
    // Seconds 0, 9, 19 and 29: one that comes a little early is taken, and the period stays ten seconds.
    expect(kept.map((each) => each.slice(0, 20))).toEqual(
      [0, 9, 9, 9].map((last) => `air-temperature 2${last}.5`),
    )
    expect(seen).toHaveLength(26)
  })

  test('what is wrong with a board that passes on what nodes say is told of the line', async () => {
    const { hear, faults, kept } = listen({ ...AIR, node: 3 })
    await hear('\n22.5,60,n7\nx\nnan,60,n7\n')
    expect(kept).toHaveLength(2)
    expect(faults).toEqual(['null: no-device', 'uno/n7: not-a-number'])
  })

  test('a full disk is counted, and listening goes on', async () => {
    const { hear, faults, fillDisk } = listen(AIR)
    fillDisk()
    await hear('\n1,2\n3,4\n')
    expect(faults).toEqual(['uno: not-stored', 'uno: not-stored'])
  })

  test('is left alone after it was stopped', async () => {
    const { hear, kept, talker } = listen(AIR)
    await hear('\n')
    await talker.stop()
    await hear('22.5,60\n')
    expect(kept).toEqual([])
  })
})

describe('a device that answers when it is prompted', () => {
  const RAIN: TalkerSpec = { kind: 'rg15', name: 'rain', everyS: 60 }
  const soon = (said: string): Piece => ({ afterMs: 30, bytes: utf8(said) })

  test('an RG-15 is asked once a minute', async () => {
    const { clock, line, kept, faults } = listen(RAIN, () => [
      soon('Acc 0.00 mm, EventAcc 0.00 mm, TotalAcc 1.00 mm, RInt 0.00 mmph\r\n'),
    ])
    await clock.advance(125_000)
    expect(line.asked.map(({ bytes }) => text.decode(bytes))).toEqual(['R\n', 'R\n', 'R\n'])
    expect(kept).toEqual(Array(3).fill('rain 1, rain-rate 0'))
    expect(faults).toEqual([])
  })

  test('silence is a fault, each time', async () => {
    const { clock, faults } = listen(RAIN)
    await clock.advance(125_000)
    expect(faults).toEqual(['rain: timeout', 'rain: timeout', 'rain: timeout'])
  })

  test('an answer without what was asked for is no answer', async () => {
    const { clock, faults } = listen(RAIN, () => [soon('; busy\r\n')])
    await clock.advance(10_000)
    expect(faults).toEqual(['rain: timeout'])
  })

  test('any device can be given a prompt in the config', async () => {
    const { clock, kept } = listen({ ...AIR, ask: 'M!\r\n' }, (question) =>
      text.decode(question) === 'M!\r\n' ? [soon('22.5,60\r\n')] : [],
    )
    await clock.advance(65_000)
    expect(kept).toHaveLength(2)
  })
})

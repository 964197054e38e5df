import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '#contract/ground/bytes.ts'
import { MAX_JSON_BYTES } from '../../../agent/devices/bounded-json.ts'
import { createDecoder } from '../../../agent/devices/decode-as.ts'
import type { DecoderKind } from '../../../agent/devices/decode-kinds.ts'
import { parseTemplate, TemplateError } from '../../../agent/devices/home-assistant/template.ts'
import type { DecodeResult } from '../../../agent/devices/observation.ts'
import { outcomeOf } from '../../world/fuzz-targets.ts'
import { mutated } from '../../world/mutated.ts'
import { seededRandom, seedFromEnvironment } from '../../world/seeded.ts'

/** Whatever bytes come: an answer, no exception, no number that is none, nothing without a bound. */
const INPUTS = 20_000
const seed = seedFromEnvironment()
console.log(`fuzz of node messages: ${INPUTS} inputs each, seed ${seed} (VUON_SEED takes it back)`)

function checkResult(result: DecodeResult): void {
  const isAnswered = result.readings.length > 0 || result.errors.length > 0
  if (result.ignored === isAnswered) throw new Error(`ignored ${result.ignored}`)
  outcomeOf(result, { readings: 400, errors: 200 })
}

type Sample = readonly [topic: string, payload: string]
const UPLINK = 'application/1/device/0101010101010101/event'
const KINDS: readonly [DecoderKind, readonly Sample[]][] = [
  [
    'esphome',
    [
      ['shed/sensor/temperature/state', '23.4'],
      ['farm/shed/binary_sensor/door/state', 'ON'],
      ['shed/light/grow/state', '{"state":"ON","brightness":20}'],
      ['shed/status', 'online'],
      [
        'homeassistant/sensor/shed/t/config',
        '{"dev_cla":"temperature","unit_of_meas":"°F","stat_t":"shed/sensor/t/state","dev":{"name":"x"}}',
      ],
      ['shed/sensor/t/state', '68'],
    ],
  ],
  [
    'home-assistant',
    [
      [
        'homeassistant/sensor/n/t/config',
        '{"~":"a","stat_t":"~/s","dev_cla":"temperature","unit_of_meas":"°C","val_tpl":"{{ value_json.t[0] | float(1) / 10 }}","avty":[{"t":"~/l"}],"dev":{"ids":["x"],"name":"N"}}',
      ],
      [
        'homeassistant/device/d/config',
        '{"dev":{"name":"D"},"stat_t":"a/s","cmps":{"m":{"p":"sensor","dev_cla":"moisture","val_tpl":"{{ value_json[\'m\'] }}"}}}',
      ],
      ['a/s', '{"t":[265,1],"m":31,"last_seen":"2026-02-02T09:40:00Z"}'],
      ['a/l', 'offline'],
      ['homeassistant/sensor/n/t/config', ''],
    ],
  ],
  [
    'chirpstack',
    [
      [
        `${UPLINK}/up`,
        '{"time":"2026-02-02T09:40:00Z","deviceInfo":{"deviceName":"B","devEui":"01"},"fPort":2,"data":"AQI=","object":{"TempC_SHT":25.1,"soil":{"moisture":[30,31]},"x":{"value":3,"unit":"V"}},"rxInfo":[{"rssi":-47,"snr":8}]}',
      ],
      [`${UPLINK}/up`, '{"deviceInfo":{"deviceName":"B"},"fPort":2,"data":"AQI="}'],
      [`${UPLINK}/status`, '{"deviceInfo":{"deviceName":"B"},"batteryLevel":75.3}'],
      [`${UPLINK}/log`, '{"level":"ERROR","code":"UPLINK_CODEC","description":"x"}'],
    ],
  ],
  [
    'ttn',
    [
      [
        'v3/a@t/devices/d/up',
        '{"end_device_ids":{"device_id":"d"},"uplink_message":{"f_port":1,"frm_payload":"AQI=","decoded_payload":{"temperature":1,"readings":[{"time":1770000000,"humidity":"60 %"}]},"rx_metadata":[{"rssi":-35,"snr":5}]}}',
      ],
      [
        'v3/a@t/devices/d/up',
        '{"uplink_message":{"normalized_payload":[{"air":{"temperature":20},"soil":{"depth":10,"ec":0.5}},{"action":{"contactState":"open"}}]}}',
      ],
      ['v3/a@t/devices/d/join', '{"end_device_ids":{"device_id":"d"}}'],
    ],
  ],
  [
    'json',
    [
      ['farm/a/data', '{"t":21.5,"m":[30,"31"],"ts":1770000000,"id":"x","on":true}'],
      ['other/b', '{"temperature":21,"soil":{"moisture":30}}'],
    ],
  ],
]
const mappings = [
  {
    topic: 'farm/+/data',
    time: '/ts',
    readings: [
      { pointer: '/t', quantity: 'air-temperature', unit: '°F' },
      { pointer: '/m/1', quantity: 'soil-moisture', scale: 0.1 },
      { pointer: '/on', quantity: 'switch' },
    ],
  },
  { topic: 'other/#', readings: [] },
] as const
const lenient = new TextDecoder()

describe.each(KINDS)('the %s decoder', (kind, samples) => {
  test('answers every mutated message', async () => {
    const random = seededRandom(seed)
    let decoder = createDecoder(kind, { mappings })
    const seen = { readings: 0, errors: 0 }
    for (let index = 0; index < INPUTS; index++) {
      // A broken announcement takes its device away: new ones are made often enough for readings to come.
      if (index % 100 === 0) {
        decoder = createDecoder(kind, { mappings })
        for (const [topic, payload] of samples.slice(0, 2))
          await decoder.decode({ topic, payload: utf8(payload) })
      }
      const [plainTopic, plain] = samples[Math.floor(random() * samples.length)]!
      const topic = random() < 0.15 ? lenient.decode(mutated(utf8(plainTopic), random)) : plainTopic
      const payload = mutated(utf8(plain), random)
      try {
        const answer = decoder.decode({ topic, payload, isRetained: random() < 0.1 })
        const result = answer instanceof Promise ? await answer : answer
        checkResult(result)
        if (result.readings.length > 0) seen.readings++
        if (result.errors.length > 0) seen.errors++
        decoder.takeNewTopics?.()
      } catch (error) {
        throw new Error(`seed ${seed}: ${topic} ${toHex(payload)}`, { cause: error })
      }
    }
    // The mutations reach both sides, so the check is worth its time.
    console.log(`fuzz of ${kind}: ${seen.readings} with readings, ${seen.errors} with errors`)
    expect(seen.readings).toBeGreaterThan(INPUTS / 100)
    expect(seen.errors).toBeGreaterThan(INPUTS / 50)
  })

  test('is not held up by the largest and worst message', async () => {
    const fill = (piece: (at: number) => string, size: number) => {
      let text = ''
      for (let at = 0; text.length < size; at++) text += piece(at)
      return text
    }
    const size = MAX_JSON_BYTES - 2000
    const wide = fill((at) => `"temperature_${at}":${at},`, size)
    const worst = [
      `{${wide}"a":1}`,
      `{"deviceInfo":{"deviceName":"B"},"object":{${wide}"a":1}}`,
      `{"uplink_message":{"decoded_payload":{"readings":[${fill(() => '{"temperature":1},', size)}{}]}}}`,
      `{"uplink_message":{"normalized_payload":[${fill(() => '{"air":{"temperature":1}},', size)}{}]}}`,
      `{"dev":{"name":"D"},"stat_t":"x","cmps":{${fill((at) => `"c${at}":{"p":"sensor","dev_cla":"humidity","name":"n${at}"},`, size)}"z":{}}}`,
      `{"stat_t":"x","val_tpl":"{{ ${fill(() => '(', 480)}"}`,
      fill(() => '{"a":', size),
      `"${fill(() => 'a_', size)}"`,
      `{"${fill(() => 'a_1', size)}":1}`,
      `"${fill(() => '9', size)}"`,
    ]
    const decoder = createDecoder(kind, { mappings })
    const started = performance.now()
    for (const [topic] of [...samples, ['homeassistant/device/d/config'], ['a/'.repeat(30_000)]])
      for (const payload of worst)
        checkResult(await decoder.decode({ topic: topic!, payload: utf8(payload) }))
    // Some fifty messages of a quarter of a megabyte; a runaway would take minutes.
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})

test('a mutated template is evaluated or refused', () => {
  const random = seededRandom(seed + 1)
  const templates = [
    "{{ value_json.a['b'] | float(0) | round(1) }}",
    '{{ (value | int) / 10 - value_json[0] * 2 }}',
    "{{ value_json.get('x', 1) | default(0, true) }}",
  ]
  let evaluated = 0
  for (let index = 0; index < INPUTS; index++) {
    const text = lenient.decode(mutated(utf8(templates[index % templates.length]!), random))
    const parsed = parseTemplate(text)
    if (parsed.kind === 'refused') continue
    evaluated++
    try {
      parsed.evaluate('7', { a: { b: '21.5' }, x: null })
    } catch (error) {
      if (!(error instanceof TemplateError)) throw new Error(`seed ${seed}: ${text}`, { cause: error })
    }
  }
  // About two in a hundred mutants are templates still; one in a hundred is no seed's bad luck.
  expect(evaluated).toBeGreaterThan(INPUTS / 100)
})

import type { BoxOverview } from '../../agent/page/page-sources.ts'
import type { FarmDetail } from '../../gateway/insight/answers.ts'
import { FormVisitor } from '../../test/world/form-visitor.ts'
import { MqttNodes } from '../../test/world/mqtt-nodes.ts'
import type { HarvestedLot, Journey } from './harvest-once.ts'

/** `--once`: waits until every device's readings are on the agronomist's screen, then says what travelled. */
const ALL_WITHIN_MS = 60_000
const PROBES = ['air-shed', 'soil-a']

export async function watchJourney(journey: Journey, lot: HarvestedLot): Promise<number> {
  const wanted = journey.nodes ? [...PROBES, ...Object.values(MqttNodes.devices)] : []
  const agronomist = await signIn(journey)
  const deadline = performance.now() + ALL_WITHIN_MS
  let detail = await agronomist.farm()
  const lacking = () => {
    const there = new Set(detail.series.filter((card) => card.last).map((card) => card.device))
    return wanted.length > 0
      ? wanted.filter((device) => !there.has(device))
      : there.size > 0
        ? []
        : ['any device']
  }
  while (lacking().length > 0) {
    if (performance.now() > deadline) {
      console.error(`Within a minute no reading came of: ${lacking().join(', ')}.`)
      return 1
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    detail = await agronomist.farm()
  }
  const latencies = await probeToScreen(journey, agronomist)
  const light = journey.nodes ? await lightToScreen(journey.nodes, agronomist) : undefined
  detail = await agronomist.farm()
  await print(journey, lot, detail, latencies, light)
  return 0
}

interface Agronomist {
  farm(): Promise<FarmDetail>
}

async function signIn({ province, farmId, email, password }: Journey): Promise<Agronomist> {
  const visitor = FormVisitor.to(province.url)
  const page = await visitor.open('/sign-in')
  const home = await visitor.submit(page, '/sign-in', { email, password })
  if (home.status !== 200) throw new Error(`the agronomist could not sign in: ${home.status}`)
  return {
    farm: async () => {
      const answer = await visitor.open(`/api/v1/farms/${farmId}`)
      if (answer.status !== 200) throw new Error(`the farm's page answers ${answer.status}`)
      return JSON.parse(answer.html) as FarmDetail
    },
  }
}

/**
 * For each device, how long its newest reading needed from the box's stamp (just after the probe's answer) until
 * the province's API showed it. Stamps travel in whole seconds, so the exact one is looked up on the box.
 */
async function probeToScreen({ box }: Journey, agronomist: Agronomist): Promise<Map<string, number>> {
  const before = new Map((await agronomist.farm()).series.map((card) => [card.uuid, card.last?.t ?? 0]))
  const latencies = new Map<string, number>()
  const exact = new Map<string, number>()
  const deadline = performance.now() + 15_000
  while (performance.now() < deadline) {
    const overview = (await (await fetch(`${box.url}/api/overview`)).json()) as BoxOverview
    for (const device of overview.devices)
      for (const { quantity, channel, t } of device.readings)
        exact.set(`${device.name}|${quantity}|${channel}|${Math.round(t / 1000)}`, t)
    const { series } = await agronomist.farm()
    const seenAt = Date.now()
    for (const { uuid, device, quantity, channel, last } of series) {
      if (!last || latencies.has(device) || last.t <= (before.get(uuid) ?? 0)) continue
      const t = exact.get(`${device}|${quantity}|${channel}|${Math.round(last.t / 1000)}`)
      if (t !== undefined) latencies.set(device, seenAt - t)
    }
    if (series.every((card) => latencies.has(card.device) || card.device === 'vuon-box')) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return latencies
}

/** From a node's publish to the screen, with a value that nothing else has. */
async function lightToScreen(nodes: MqttNodes, agronomist: Agronomist): Promise<number | undefined> {
  const lux = 10_000 + (Date.now() % 50_000)
  const started = performance.now()
  await nodes.publishLight(lux)
  while (performance.now() - started < 15_000) {
    const { series } = await agronomist.farm()
    if (series.some((card) => card.quantity === 'light' && card.last?.value === lux))
      return performance.now() - started
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return undefined
}

async function print(
  { box, nodes }: Journey,
  lot: HarvestedLot,
  detail: FarmDetail,
  latencies: ReadonlyMap<string, number>,
  light: number | undefined,
): Promise<void> {
  const overview = (await (await fetch(`${box.url}/api/overview`)).json()) as BoxOverview
  const bus = new Map(overview.buses.map((each) => [each.name, each.kind]))
  const busOf = new Map(
    overview.devices.map((device) => [device.name, bus.get(device.bus) ?? 'the box itself']),
  )
  const rows = [...new Set(detail.series.map((card) => card.device))].map((device) => {
    const series = detail.series.filter((card) => card.device === device)
    const shown = series.find((card) => card.last)
    return [
      device,
      busOf.get(device) ?? '',
      `${series.length}`,
      shown?.last ? `${shown.quantity} ${shown.last.value} ${shown.unit}` : '',
      latencies.has(device) ? `${Math.round(latencies.get(device) ?? 0)}` : '–',
    ]
  })
  table(['device', 'came by', 'series', 'for example', 'ms from probe to screen'], rows)
  const reading = overview.journal.lanes.find((lane) => lane.lane === 'reading')
  const sent = overview.uplink
  const faults = [...overview.buses, ...overview.devices].flatMap((each) => each.faults)
  table(
    ['what travelled', 'figure'],
    [
      ...(nodes
        ? [['MQTT messages published, QoS 1', `${nodes.messages} (${nodes.bytes} bytes of payload)`]]
        : []),
      ['readings in the journal, after fsync', `${reading?.lastSeq ?? 0}`],
      ['readings that the province holds durably', `${reading?.durableThrough ?? 0}`],
      ['signed batches sent, all lanes', `${sent?.sentBatches ?? 0} (${sent?.sentBytes ?? 0} bytes)`],
      [
        'MQTT publish to screen',
        light === undefined ? '–' : `${Math.round(light)} ms (batches leave every 2 s)`,
      ],
      ['harvest: form to "saved"', `${Math.round(lot.savedMs)} ms`],
      ['harvest: form to the public page', `${Math.round(lot.publicMs)} ms`],
      ['label scanned', lot.uri],
      ["the lot's page on the wire", `${lot.pageBytes} bytes`],
      ['bad frames, payloads, refusals', `${faults.reduce((sum, fault) => sum + fault.count, 0)}`],
    ],
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  console.log(`\n${line(head)}\n${widths.map((width) => '─'.repeat(width)).join('  ')}`)
  for (const row of rows) console.log(line(row))
}

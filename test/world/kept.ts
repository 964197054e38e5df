import { sql } from 'kysely'
import { decodeSegments } from '#contract/wire/columns-codec.ts'
import type { Agent } from '../../agent/agent.ts'
import type { Gateway } from '../../gateway/gateway.ts'

/** What each side really holds, read past every screen: the raw material of "nothing lost, nothing twice". */
export interface KeptReading {
  readonly uuid: string
  readonly t: number
  readonly value: number
}

const sorted = (readings: KeptReading[]): string[] =>
  readings.map(({ uuid, t, value }) => `${uuid} ${t} ${value}`).sort()

/** Every reading of the box's journal, times rounded to the series' step as they travel. */
export async function readingsAtBox(agent: Agent): Promise<string[]> {
  const steps = new Map(agent.journal.series().map((row) => [row.uuid, row.timeStepMs]))
  const readings: KeptReading[] = []
  for (let after = 0; ; ) {
    const page = (await agent.journal.exportReadings(after, 5000)) as (KeptReading & { id: number })[]
    for (const { uuid, t, value } of page) {
      const step = steps.get(uuid) ?? 1
      readings.push({ uuid, t: Math.round(t / step) * step, value: Number(value.toPrecision(12)) })
    }
    const last = page.at(-1)
    if (!last) return sorted(readings)
    after = last.id
  }
}

/** Every reading of one box at the gateway. */
export async function readingsAtProvince(gateway: Gateway, agentId: string): Promise<string[]> {
  const declared = await sql<{ epoch: string; no: number; uuid: string; resolution: number }>`
    SELECT n.epoch, n.no, n.uuid, s.resolution FROM series_number n JOIN series s ON s.agent = n.agent AND s.uuid = n.uuid
    WHERE n.agent = ${agentId}`.execute(gateway.db)
  const chunks = await sql<{ epoch: string; data: Uint8Array }>`
    SELECT epoch, data FROM chunk WHERE agent = ${agentId}`.execute(gateway.db)
  const readings = chunks.rows.flatMap(({ epoch, data }) =>
    decodeSegments(new Uint8Array(data)).flatMap((segment) =>
      segment.readings.flatMap(({ seriesNo, t, scaled }) => {
        const series = declared.rows.find((row) => row.epoch === epoch && row.no === seriesNo)
        if (!series) return []
        return [{ uuid: series.uuid, t, value: Number((scaled * series.resolution).toPrecision(12)) }]
      }),
    ),
  )
  return sorted(readings)
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { QUANTITIES, type QuantityName } from '#contract/wire/quantities.ts'
import { PROBES_FOLDER } from '../../../agent/devices/modbus/profile.ts'

/** firmware-config/probes/<name>/cases/*.json: what goes over the wire and what it means. */
export const MARKS = ['out-of-range', 'estimated'] as const

const hex = z.string().regex(/^([0-9A-F]{2}( [0-9A-F]{2})*)?$/, 'write bytes as 01 0A FF')

const probeCase = z.strictObject({
  what: z.string().min(10),
  frames: z.array(z.strictObject({ request: hex.min(23), response: hex })).min(1),
  readings: z.array(
    z.strictObject({
      quantity: z.enum(Object.keys(QUANTITIES) as [QuantityName, ...QuantityName[]]),
      channel: z.string().optional(),
      value: z.number(),
      unit: z.string(),
      marks: z.array(z.enum(MARKS)).optional(),
    }),
  ),
  faults: z.array(z.string()),
})

export type ProbeCase = z.output<typeof probeCase> & { readonly name: string }

export const casesOf = (profileName: string): ProbeCase[] => {
  const folder = join(PROBES_FOLDER, profileName, 'cases')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const parsed = probeCase.safeParse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
      if (!parsed.success) throw new Error(`${profileName}/cases/${file}: ${z.prettifyError(parsed.error)}`)
      return { ...parsed.data, name: `${profileName}/${file}` }
    })
}

import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'

/** What the province told this box when it was claimed; master data that the farm book works with offline. */
const enrolmentSchema = z.object({
  gateway: z.url(),
  agent: z.string(),
  /** Name of the key that was enrolled, where the claim made a new one. */
  key: z.string().exactOptional(),
  boxCode: z.string(),
  farm: z.object({ farmId: z.string(), name: z.string(), commune: z.string(), province: z.string() }),
  province: z.object({ name: z.string(), publicKey: z.string() }),
  publicUrl: z.string().optional(),
  allocations: z.array(
    z.object({
      gtin: z.string(),
      crop: z.string(),
      productVi: z.string(),
      productEn: z.string(),
      growingArea: z.object({ gln: z.string(), code: z.string(), validTo: z.string().optional() }).optional(),
    }),
  ),
  issuedAt: z.number(),
})

export type Enrolment = z.output<typeof enrolmentSchema>

/** Null while the box is not claimed. A file that can't be understood counts as not claimed, and is kept. */
export function readEnrolment(path: string): Enrolment | null {
  try {
    return enrolmentSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}

/** Another after each claim, which replaces the file; a look at it each few seconds must not read and parse it. */
export function enrolmentVersion(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}` : ''
}

export function writeEnrolment(path: string, enrolment: Enrolment): void {
  writeFileAtomically(path, `${JSON.stringify(enrolment, null, 2)}\n`, 0o600)
}

import { sql } from 'kysely'
import { toHex } from '#contract/ground/bytes.ts'
import { type Consent, consentsOf, privateFacts } from '../accounts/holders.ts'
import type { Db } from '../store/open-store.ts'

/**
 * Everything that the province holds about the person behind a farm, for that person (Law 91/2025/QH15, Decree
 * 356/2025/NĐ-CP: within two working days). What the farm measured and did is the farm's own and is named by its counts
 * and where to get it; nothing is held about who scanned a lot.
 */
export interface SubjectAnswer {
  readonly farmId: string
  readonly farm: { readonly name: string; readonly commune: string; readonly province: string } | null
  readonly personal: readonly { readonly field: string; readonly value: string; readonly salt: string }[]
  readonly consents: readonly Consent[]
  readonly boxes: readonly { readonly agent: string; readonly boxCode: string; readonly enrolledAt: number }[]
  /** Ids that the farm's own box gave to the people who wrote in its book: names of them are not known here. */
  readonly peopleOfTheBox: readonly string[]
  readonly photos: readonly { readonly sha256: string; readonly at: number }[]
  readonly certificates: readonly string[]
  readonly growingAreas: readonly string[]
  readonly counts: Readonly<Record<'activities' | 'lots' | 'events' | 'series' | 'alarms', number>>
  readonly notHeld: readonly string[]
}

// A farm's photos of some years.
const MAX_PHOTOS = 100_000

export async function subjectAnswer(db: Db, farmId: string): Promise<SubjectAnswer> {
  const rowsOf = async <Row>(query: ReturnType<typeof sql<Row>>) => (await query.execute(db)).rows
  const agents = sql`SELECT agent FROM enrolment WHERE farm_id = ${farmId}`
  const [farm] = await rowsOf(
    sql<{
      name: string
      commune: string
      province: string
    }>`SELECT name, commune, province FROM farm WHERE farm_id = ${farmId}`,
  )
  const [counts] = await rowsOf(
    sql<Record<'activities' | 'lots' | 'events' | 'series' | 'alarms', number>>`SELECT
      (SELECT count(*) FROM activity WHERE agent IN (${agents})) AS activities,
      (SELECT count(*) FROM lot_part WHERE agent IN (${agents})) AS lots,
      (SELECT count(*) FROM event WHERE agent IN (${agents})) AS events,
      (SELECT count(*) FROM series WHERE agent IN (${agents})) AS series,
      (SELECT count(*) FROM alarm WHERE agent IN (${agents})) AS alarms`,
  )
  const boxes = await rowsOf(
    sql<{
      agent: string
      box_code: string
      decided_at: number
    }>`SELECT agent, box_code, decided_at FROM enrolment WHERE farm_id = ${farmId} ORDER BY agent`,
  )
  const people = await rowsOf(
    sql<{
      person: string
    }>`SELECT DISTINCT person FROM activity WHERE agent IN (${agents}) AND person <> '' ORDER BY person`,
  )
  const photos = await rowsOf(
    sql<{
      photo: string
      t: number
    }>`SELECT photo, min(at) AS t FROM finding WHERE agent IN (${agents}) GROUP BY photo ORDER BY 2 LIMIT ${MAX_PHOTOS}`,
  )
  const certificates = await rowsOf(
    sql<{
      certificate_no: string
    }>`SELECT certificate_no FROM certificate WHERE farm_id = ${farmId} ORDER BY certificate_no`,
  )
  const areas = await rowsOf(
    sql<{ code: string }>`SELECT code FROM growing_area WHERE holder_farm_id = ${farmId} ORDER BY code`,
  )
  const facts = await privateFacts(db, farmId)
  const counted = (name: keyof SubjectAnswer['counts']) => Number(counts?.[name] ?? 0)
  return {
    farmId,
    farm: farm ?? null,
    personal: facts.map(({ field, value, salt }) => ({ field, value, salt: toHex(salt) })),
    consents: await consentsOf(db, farmId),
    boxes: boxes.map((row) => ({
      agent: row.agent,
      boxCode: row.box_code,
      enrolledAt: Number(row.decided_at),
    })),
    peopleOfTheBox: people.map(({ person }) => person),
    photos: photos.map(({ photo, t }) => ({ sha256: photo, at: Number(t) })),
    certificates: certificates.map((row) => row.certificate_no),
    growingAreas: areas.map(({ code }) => code),
    counts: {
      ...{ activities: counted('activities'), lots: counted('lots'), events: counted('events') },
      ...{ series: counted('series'), alarms: counted('alarms') },
    },
    notHeld: [
      'who scanned a lot',
      'where a household’s parcel lies',
      'names of the people in the box’s book',
    ],
  }
}

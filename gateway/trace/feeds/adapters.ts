import { diaryCsv } from './diary-csv.ts'
import type { FeedAdapter } from './feed-adapter.ts'
import { gaccCsv, gaccJson } from './gacc-labels.ts'
import { portalCsv } from './portal-csv.ts'
import { portalEpcis } from './portal-epcis.ts'

/** A further portal is a file beside these and a line here. */
export const FEEDS: readonly FeedAdapter[] = [portalCsv, portalEpcis, diaryCsv, gaccCsv, gaccJson]

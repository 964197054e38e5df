import { Gauge, type Registry } from '@prometheus-io/client'
import type { Db } from '../../store/open-store.ts'
import { type Cosigner, cosignerName, cosignerStates } from './cosigning.ts'
import { checkpointOf, leftOut } from './read-tree.ts'

/** How the log stands, for people and monitors. */
export interface LogStatus {
  readonly origin: string
  /** The verifier key under which its checkpoints are signed (C2SP signed-note). */
  readonly key: string
  readonly size: number
  readonly signedAt: number | null
  /** Events that could not become a leaf. */
  readonly leftOut: number
  readonly cosigners: readonly {
    readonly name: string
    readonly url: string
    /** Of the largest log that it has signed; 0 for none. */
    readonly size: number
    readonly failures: number
    readonly answeredAt: number | null
    /** What went wrong the last time; empty when nothing did. */
    readonly trouble: string
  }[]
}

export async function logStatus(
  db: Db,
  { origin, key }: { readonly origin: string; readonly key: string },
  cosigners: readonly Cosigner[],
): Promise<LogStatus> {
  const newest = await checkpointOf(db, 'newest')
  const states = new Map((await cosignerStates(db)).map((state) => [state.cosigner, state]))
  return {
    origin,
    key,
    size: newest?.size ?? 0,
    signedAt: newest?.signedAt ?? null,
    leftOut: await leftOut(db),
    cosigners: cosigners.map((cosigner) => {
      const state = states.get(cosignerName(cosigner.key))
      const { size = 0, failures = 0, trouble = '' } = state ?? {}
      return {
        name: cosigner.key.name,
        url: cosigner.url,
        size,
        failures,
        answeredAt: state?.answeredAt || null,
        trouble,
      }
    }),
  }
}

/** The same as figures, asked when somebody reads the metrics. Labels are as many as there are cosigners. */
export function logMetrics(registry: Registry, status: () => Promise<LogStatus>): void {
  new Gauge({
    name: 'vuon_gateway_log_entries',
    help: 'Leaves of the transparency log under the newest checkpoint',
    registers: [registry],
    async collect() {
      this.set((await status()).size)
    },
  })
  new Gauge({
    name: 'vuon_gateway_log_checkpoint_timestamp_seconds',
    help: 'When the newest checkpoint was signed',
    registers: [registry],
    async collect() {
      this.set(((await status()).signedAt ?? 0) / 1000)
    },
  })
  new Gauge({
    name: 'vuon_gateway_log_cosigner_failures',
    help: 'Times in a row that a cosigner has not signed',
    labelNames: ['cosigner'],
    registers: [registry],
    async collect() {
      for (const { name, failures } of (await status()).cosigners) this.set({ cosigner: name }, failures)
    },
  })
}

import { readFileSync, renameSync } from 'node:fs'
import { z } from 'zod'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { DOWNLINK_OUTCOMES, type DownlinkOutcome } from '#contract/wire/downlink.ts'
import type { AgentConfig } from './config.ts'
import { type LaidOver, layOver, type Settings, sentenceOf } from './config-overlay.ts'
import { overlayPath } from './data-folder.ts'

/**
 * A config from the province is on trial until the box has exchanged with the province under it. Until then the one before
 * it is kept, and the box goes back to it by itself:
 *
 *   proposed ─► in force, on trial ──┬─► exchanged ────────────────────────────► applied
 *                                    ├─► 15 min with a link and no exchange ───► rolled back
 *                                    ├─► a day without any exchange ───────────► rolled back
 *                                    ├─► the program does not start ───────────► rolled back
 *                                    └─► it ended three times within 5 min ────► rolled back
 *
 * "With a link" is: something answers, and it is not the exchange that was wanted. A farm whose line is dead is not a
 * config that is wrong, for a day at least.
 */
export interface ConfigTrialOptions {
  readonly local: AgentConfig
  readonly onFault: (code: string, detail: string) => void
}

/** What the sync says of itself; the trial needs no more. */
export interface ExchangeState {
  readonly phase: string
  readonly lastOkAt: number | null
  readonly lastError: { readonly code: string; readonly at: number } | null
}

export interface TrialState {
  /** The message whose settings are in force; null for the box's own file alone. */
  readonly no: number | null
  readonly isOnTrial: boolean
  readonly changes: readonly LaidOver[]
  /** Why the last one was taken back, since this box has had a newer one. */
  readonly rolledBack: { readonly no: number; readonly reason: string } | null
}

export const TRIAL_MS = 15 * 60_000
const TRIAL_OFFLINE_MS = 24 * 3_600_000
// A box that the family switches off each evening has done nothing wrong: only short lives count.
const STAYS_UP_MS = 5 * 60_000
const MAX_SHORT_LIVES = 3

const stage = z.object({ no: z.int().min(1), settings: z.record(z.string(), z.unknown()) }).nullable()
const decided = z.object({ no: z.int().min(1), outcome: z.enum(DOWNLINK_OUTCOMES), reason: z.string() })
const fileSchema = z.object({
  version: z.literal(1),
  /** Hex of its key; null before the first. */
  province: z.string().max(64).nullable(),
  active: stage,
  /** What is gone back to; of meaning while `trial` is there. */
  before: stage,
  trial: z.object({ shortLives: z.int().min(0) }).nullable(),
  /** The newest message that was ever put in force: each is so once. */
  lastNo: z.int().min(0),
  rolledBack: z.object({ no: z.int(), reason: z.string() }).nullable(),
  /** Decided and not in the journal yet. */
  untold: z.array(decided).max(16),
})
type OverlayFile = z.output<typeof fileSchema>

const NOTHING: OverlayFile = {
  version: 1,
  province: null,
  active: null,
  before: null,
  trial: null,
  lastNo: 0,
  rolledBack: null,
  untold: [],
}

export class ConfigTrial {
  /** What the program runs by. */
  readonly config: AgentConfig
  readonly #local: AgentConfig
  readonly #path: string
  readonly #onFault: ConfigTrialOptions['onFault']
  readonly #changes: readonly LaidOver[]
  /** Of what this run began with. */
  readonly #no: number | null
  /** Settings that were put in force during this run are tried in the next one. */
  readonly #isTried: boolean
  #file: OverlayFile
  #lastTickMs: number | undefined
  #ranMs = 0
  #linkedMs = 0

  /** A start of the program: counts it, and goes back where the last ones ended too soon or the file on the box changed. */
  constructor({ local, onFault }: ConfigTrialOptions) {
    this.#local = local
    this.#path = overlayPath(local.dataDir)
    this.#onFault = onFault
    this.#file = load(this.#path, onFault)
    const { trial } = this.#file
    if (trial && trial.shortLives >= MAX_SHORT_LIVES)
      this.rollBack(`the program ended ${trial.shortLives} times within ${STAYS_UP_MS / 60_000} minutes`)
    else if (trial) this.#keepOrTell({ trial: { shortLives: trial.shortLives + 1 } })
    const { active } = this.#file
    const laid = inForce(local, active)
    if ('mistakes' in laid) this.#file = this.#withdrawn(sentenceOf(laid.mistakes))
    const sound = 'mistakes' in laid ? inForce(local, this.#file.active) : laid
    this.#no = 'mistakes' in sound ? null : (this.#file.active?.no ?? null)
    this.#isTried = this.#file.trial !== null
    this.config = 'mistakes' in sound ? local : sound.config
    this.#changes = 'mistakes' in sound ? [] : sound.changes
  }

  get state(): TrialState {
    const { trial, rolledBack } = this.#file
    return { no: this.#no, isOnTrial: trial !== null, changes: this.#changes, rolledBack }
  }

  /**
   * Another province has numbers of its own, and what the one before set is over. True when the program has to start anew
   * without it.
   */
  listenTo(province: string): boolean {
    const { province: before, active } = this.#file
    if (before === province) return false
    this.#keepOrTell(before === null ? { province } : { ...NOTHING, province })
    return before !== null && active !== null
  }

  /**
   * Puts settings in force from the next start on. `later` while others are on trial. Told the same number again it answers
   * the same and changes nothing. Throws when the disk does not take it.
   */
  propose(
    no: number,
    settings: Settings,
  ): 'later' | { outcome: DownlinkOutcome; reason: string; isToRestart?: boolean } {
    const { active, trial, lastNo } = this.#file
    if (no <= lastNo) return { outcome: 'on-trial', reason: '' }
    if (this.#local.downlink.config === 'refuse')
      return { outcome: 'refused', reason: 'downlink.config on the box says refuse' }
    if (trial) return 'later'
    const laid = layOver(this.#local, settings)
    if ('mistakes' in laid) return { outcome: 'refused', reason: sentenceOf(laid.mistakes) }
    this.#keep({
      active: { no, settings },
      before: active,
      trial: { shortLives: 0 },
      lastNo: no,
      rolledBack: null,
    })
    return { outcome: 'on-trial', reason: '', isToRestart: true }
  }

  /** Called every few seconds. True when the config was taken back: the program has to start again. */
  tick(monotonicMs: number, exchange: ExchangeState | null): boolean {
    const passedMs = this.#lastTickMs === undefined ? 0 : monotonicMs - this.#lastTickMs
    this.#lastTickMs = monotonicMs
    const { active, trial } = this.#file
    if (!this.#isTried || !trial || !active) return false
    // Idle is where the sync comes to only after the province has answered it.
    if (exchange?.phase === 'idle' || (exchange !== null && exchange.lastOkAt !== null)) {
      this.#keepOrTell({
        trial: null,
        before: null,
        untold: this.#told({ no: active.no, outcome: 'applied', reason: '' }),
      })
      return false
    }
    this.#ranMs += passedMs
    if (this.#ranMs >= STAYS_UP_MS && trial.shortLives > 0) this.#keepOrTell({ trial: { shortLives: 0 } })
    const error = exchange?.lastError
    if (error && error.code !== 'link-down') this.#linkedMs += passedMs
    if (this.#linkedMs >= TRIAL_MS) {
      this.rollBack(`no exchange with the province for ${TRIAL_MS / 60_000} minutes (${error?.code})`)
      return true
    }
    if (this.#ranMs < TRIAL_OFFLINE_MS) return false
    this.rollBack('no exchange with the province for a day')
    return true
  }

  /** Back to what was in force before; from the next start on. False when nothing is on trial. */
  rollBack(reason: string): boolean {
    const { active, before, trial } = this.#file
    if (!trial || !active) return false
    const { no } = active
    this.#keepOrTell({
      active: before,
      before: null,
      trial: null,
      rolledBack: { no, reason },
      untold: this.#told({ no, outcome: 'rolled-back', reason }),
    })
    return true
  }

  /** The program ends because somebody wants it: that is no short life. */
  endedWell(): void {
    const { trial } = this.#file
    if (this.#isTried && trial && trial.shortLives > 0)
      this.#keepOrTell({ trial: { shortLives: trial.shortLives - 1 } })
  }

  /** What was decided and is not in the journal yet; `told` says that it is. */
  get untold(): readonly { no: number; outcome: DownlinkOutcome; reason: string }[] {
    return this.#file.untold
  }

  told(): void {
    if (this.#file.untold.length > 0) this.#keep({ untold: [] })
  }

  /** The box's own file was changed, and the settings no longer fit to it (an alarm is gone): the farm's word stands. */
  #withdrawn(reason: string): OverlayFile {
    if (this.rollBack(`does not fit the file on the box: ${reason}`)) return this.#file
    const { active } = this.#file
    if (!active) return this.#file
    const said = `no longer fits the file on the box: ${reason}`
    this.#keepOrTell({
      active: null,
      rolledBack: { no: active.no, reason: said },
      untold: this.#told({ no: active.no, outcome: 'rolled-back', reason: said }),
    })
    return this.#file
  }

  #told(entry: OverlayFile['untold'][number]): OverlayFile['untold'] {
    return [...this.#file.untold, { ...entry, reason: entry.reason.slice(0, 300) }].slice(-16)
  }

  /** Throws when it is not on disk; then nothing is changed. */
  #keep(change: Partial<OverlayFile>): void {
    const file = { ...this.#file, ...change }
    writeFileAtomically(this.#path, `${JSON.stringify(file, null, 2)}\n`, 0o600)
    this.#file = file
  }

  /** Where a full disk must not stop what has to be done: it is done, and written with the next change. */
  #keepOrTell(change: Partial<OverlayFile>): void {
    try {
      this.#keep(change)
    } catch (error) {
      this.#file = { ...this.#file, ...change }
      this.#onFault('not-stored', `config of the province: ${(error as Error).message}`)
    }
  }
}

/** What a command shows: the same config that the program runs by, without counting a start. */
export function inForceAt(local: AgentConfig): { config: AgentConfig; state: TrialState } {
  const file = load(overlayPath(local.dataDir), () => {}, { isOnlyLooking: true })
  const laid = inForce(local, file.active)
  const { active, trial, rolledBack } = file
  if ('mistakes' in laid)
    return { config: local, state: { no: null, isOnTrial: false, changes: [], rolledBack } }
  const { config, changes } = laid
  return { config, state: { no: active?.no ?? null, isOnTrial: trial !== null, changes, rolledBack } }
}

const inForce = (local: AgentConfig, active: OverlayFile['active']): ReturnType<typeof layOver> =>
  active === null || local.downlink.config === 'refuse'
    ? { config: local, changes: [] }
    : layOver(local, active.settings)

/** A file that is damaged is set aside and told; the box then runs by its own. */
function load(
  path: string,
  onFault: ConfigTrialOptions['onFault'],
  { isOnlyLooking }: { isOnlyLooking: boolean } = { isOnlyLooking: false },
): OverlayFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return NOTHING
  }
  try {
    return fileSchema.parse(JSON.parse(text))
  } catch {
    if (isOnlyLooking) return NOTHING
    const aside = `${path}.bad`
    renameSync(path, aside)
    onFault('overlay-damaged', `set aside as ${aside}; the file on the box alone is in force`)
    return NOTHING
  }
}

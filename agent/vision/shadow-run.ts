import { copyFileSync, linkSync, rmSync } from 'node:fs'
import { fromHex } from '#contract/ground/bytes.ts'
import type { FindingEntry } from '#contract/wire/finding.ts'
import type { ShadowLookEntry } from '#contract/wire/model-life.ts'
import type { ModelLife } from './model-life.ts'
import type { VisionWorker } from './vision-worker.ts'
import type { InstalledModel } from './worker/model-folder.ts'
import type { SpentMs } from './worker/photo-answer.ts'

/**
 * Shows each photo to the model in the shadow too, after its answer was shown: one at a time, only while no photo waits,
 * in the same process, which holds two models at most as before. What it says goes to the journal and nowhere else.
 */
export interface ShadowRunOptions {
  readonly life: Pick<ModelLife, 'shadowFor' | 'looked'>
  readonly worker: Pick<VisionWorker, 'examineBehind'>
  readonly onError: (error: unknown) => void
}

interface Waiting {
  readonly path: string
  readonly finding: FindingEntry
  readonly shadow: InstalledModel
  readonly activeMs: number
}

// A day's photos of a farm; each is a name for bytes that lie on the disk until then.
const MAX_WAITING = 100
// So many of a burst go into the journal at once.
const TOGETHER = 20
const MAX_PUT_OFF = 5

export class ShadowRun {
  readonly #options: ShadowRunOptions
  readonly #waiting: Waiting[] = []
  #looks: ShadowLookEntry[] = []
  #missed = 0
  #isStopped = false
  #running: Promise<void> | undefined

  constructor(options: ShadowRunOptions) {
    this.#options = options
  }

  /** Photos about which the shadow was not heard, because others came or too many waited, since the start. */
  get missed(): number {
    return this.#missed
  }

  /** `path` is a photo that is about to be removed: it is kept under a second name until the shadow has looked. */
  take(path: string, finding: FindingEntry, ms: SpentMs): void {
    const shadow = this.#options.life.shadowFor(finding.crop, finding.organ)
    if (!shadow || this.#isStopped) return
    if (this.#waiting.length >= MAX_WAITING) {
      this.#missed++
      return
    }
    const second = `${path}.shadow`
    try {
      linkSync(path, second)
    } catch {
      // A file system without links, such as a camera's card: a copy.
      try {
        copyFileSync(path, second)
      } catch (error) {
        this.#options.onError(error)
        return
      }
    }
    this.#waiting.push({ path: second, finding, shadow, activeMs: ms.infer })
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves when everything that was taken has been looked at. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Resolves when the worker has stopped too: what still waited was not looked at, and is swept at the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting.shift(); next && !this.#isStopped; next = this.#waiting.shift()) {
      try {
        const look = await this.#look(next)
        if (look) this.#looks.push(look)
        if (this.#looks.length >= TOGETHER || this.#waiting.length === 0) await this.#keep()
      } catch (error) {
        if (!this.#isStopped) this.#options.onError(error)
      } finally {
        rmSync(next.path, { force: true })
      }
    }
  }

  async #keep(): Promise<void> {
    const looks = this.#looks
    this.#looks = []
    if (looks.length > 0) await this.#options.life.looked(looks)
  }

  async #look({ path, finding, shadow, activeMs }: Waiting): Promise<ShadowLookEntry | undefined> {
    const { crop, organ, findingId, model, verdict, abstained } = finding
    const { id, version, sha256 } = shadow.manifest
    // Another one may have taken its place while the photo waited.
    const now = this.#options.life.shadowFor(crop, organ)?.manifest
    if (now?.version !== version || now.sha256 !== sha256) return undefined
    const look: ShadowLookEntry = {
      ...{ kind: 'shadow-look', findingId, model: { id, version, sha256: fromHex(sha256) } },
      ...{ verdict: null, abstained: null, probability: null, ms: 0, failure: '' },
      beside: { model, verdict, abstained, ms: activeMs },
    }
    for (let times = 0; times < MAX_PUT_OFF; times++) {
      const answer = await this.#options.worker.examineBehind({ path, crop, organ, keep: false })
      if (answer.kind === 'died' && answer.how === 'put-off') continue
      if (answer.kind === 'died') return { ...look, failure: answer.how }
      // What was a photo a moment ago is one still; if not, nobody learns anything of the model.
      if (answer.kind === 'no-photo') return undefined
      const { diagnosis, ms } = answer
      if (diagnosis.fault !== undefined) return { ...look, failure: diagnosis.fault }
      const { verdict: own, abstained: why, labels } = diagnosis
      const said = labels.find(({ label }) => label === own) ?? labels[0]
      return { ...look, verdict: own, abstained: why, probability: said?.probability ?? null, ms: ms.infer }
    }
    this.#missed++
    return undefined
  }
}

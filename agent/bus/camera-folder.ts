import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { type Clock, every } from '#contract/ground/clock.ts'
import { VuonError } from '#contract/ground/errors.ts'

/**
 * A folder into which a camera, an FTP server or a person puts photos:
 *
 *   folder/*        new files; looked at every few seconds, for a network share tells nobody of a new file
 *   folder/bad/     what no picture came out of, so that somebody can look
 *
 * A file is taken when it has stopped growing, and removed only after `deliver` resolved: until then it is the only
 * copy. What can't be kept at the moment stays and is tried again.
 */
export interface CameraFolderOptions {
  readonly path: string
  readonly everyMs: number
  /** How long a file must not have changed; 0 where files appear whole. */
  readonly settledMs?: number
  readonly clock: Clock
  /** `bad`: no picture came out of the file. Rejects when it can't be kept now. */
  readonly deliver: (path: string) => Promise<'kept' | 'bad'>
  readonly onFault: (code: 'bad-file' | 'not-kept' | 'too-many-bad' | 'not-readable', detail: string) => void
}

export interface CameraFolderState {
  readonly isUp: boolean
  readonly detail: string
  readonly since: number
}

interface Seen {
  readonly size: number
  readonly mtimeMs: number
  readonly sinceMs: number
}

// An FTP upload over a weak link pauses for seconds; a camera that pauses for longer has dropped it.
const SETTLED_MS = 5_000
// Half-uploaded names of cameras, browsers, rsync and Syncthing.
const UNFINISHED = new Set(['.part', '.tmp', '.partial', '.crdownload', '.filepart', '.uploading'])
// A folder of a year of a time-lapse: more names than that are read on the next look.
const MAX_NAMES = 5_000
// What nobody looks at must not fill the card: the oldest goes, and is counted.
const MAX_BAD_FILES = 100

export class CameraFolder {
  readonly #options: CameraFolderOptions
  readonly #seen = new Map<string, Seen>()
  #stop = () => {}
  #isLooking: Promise<void> | undefined
  #isStopped = true
  #state: CameraFolderState

  constructor(options: CameraFolderOptions) {
    this.#options = options
    this.#state = { isUp: false, detail: '', since: options.clock.wallMs() }
  }

  /** Throws when the folder can be neither read nor made. */
  async start(): Promise<void> {
    mkdirSync(this.#badFolder, { recursive: true })
    this.#isStopped = false
    this.#note(true, this.#options.path)
    this.#stop = every(this.#options.clock, this.#options.everyMs, () => void this.look())
    void this.look()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#stop()
    await this.#isLooking
    this.#note(false, 'stopped')
  }

  state(): CameraFolderState {
    return this.#state
  }

  /** One pass over the folder; a second one while it runs is the same one. */
  look(): Promise<void> {
    this.#isLooking ??= this.#look().finally(() => {
      this.#isLooking = undefined
    })
    return this.#isLooking
  }

  /** A pass that begins from now on: it sees what is there now. */
  async lookAnew(): Promise<void> {
    await this.#isLooking
    await this.look()
  }

  async #look(): Promise<void> {
    let names: string[]
    try {
      names = readdirSync(this.#options.path).slice(0, MAX_NAMES)
      this.#note(true, this.#options.path)
    } catch (error) {
      const detail = (error as Error).message
      if (this.#state.isUp) this.#options.onFault('not-readable', detail)
      this.#note(false, detail)
      return
    }
    for (const name of this.#settled(names)) {
      if (this.#isStopped || !(await this.#take(name))) return
    }
  }

  /** Names of files that have not changed for a while, oldest first. */
  #settled(names: readonly string[]): string[] {
    const { clock, settledMs = SETTLED_MS } = this.#options
    const nowMs = clock.monotonicMs()
    const present = new Set(names)
    for (const name of this.#seen.keys()) if (!present.has(name)) this.#seen.delete(name)
    const settled: { name: string; mtimeMs: number }[] = []
    for (const name of names) {
      if (name.startsWith('.') || UNFINISHED.has(extname(name).toLowerCase())) continue
      // A link could lead anywhere on the box, a pipe would wait for ever.
      const stat = lstatSync(join(this.#options.path, name), { throwIfNoEntry: false })
      if (!stat?.isFile()) continue
      const { size, mtimeMs } = stat
      const seen = this.#seen.get(name)
      const isSame = seen?.size === size && seen.mtimeMs === mtimeMs
      const sinceMs = isSame ? seen.sinceMs : nowMs
      if (!isSame) this.#seen.set(name, { size, mtimeMs, sinceMs })
      if (nowMs - sinceMs >= settledMs) settled.push({ name, mtimeMs })
    }
    return settled
      .sort((a, b) => a.mtimeMs - b.mtimeMs || a.name.localeCompare(b.name))
      .map(({ name }) => name)
  }

  /** False when the others should wait, too: the disk is full, the worker busy, the journal closed. */
  async #take(name: string): Promise<boolean> {
    const path = join(this.#options.path, name)
    const before = this.#seen.get(name)
    let outcome: 'kept' | 'bad'
    try {
      outcome = await this.#options.deliver(path)
    } catch (error) {
      this.#options.onFault('not-kept', `${name}: ${(error as Error).message}`)
      // Whatever is wrong with the picture is an answer; this is about the box, and the file stays until it is over.
      // What can't be read (its rights, another program's lock) does not keep the others waiting.
      return !(error instanceof VuonError)
    }
    const now = statSync(path, { throwIfNoEntry: false })
    // The camera went on writing meanwhile: what was looked at was not the whole. It is looked at again.
    if (now && before && (now.size !== before.size || now.mtimeMs !== before.mtimeMs)) return true
    this.#seen.delete(name)
    if (outcome === 'kept') rmSync(path, { force: true })
    else this.#setAside(name)
    return true
  }

  #setAside(name: string): void {
    this.#options.onFault('bad-file', name)
    const bad = readdirSync(this.#badFolder)
      .map((each) => ({ each, mtimeMs: statSync(join(this.#badFolder, each)).mtimeMs }))
      .sort((a, b) => a.mtimeMs - b.mtimeMs)
    for (const { each } of bad.slice(0, Math.max(0, bad.length - MAX_BAD_FILES + 1))) {
      rmSync(join(this.#badFolder, each), { force: true, recursive: true })
      this.#options.onFault('too-many-bad', each)
    }
    const taken = new Set(bad.map(({ each }) => each))
    let free = name
    for (let number = 2; taken.has(free); number++) free = `${number}-${name}`
    renameSync(join(this.#options.path, name), join(this.#badFolder, free))
  }

  get #badFolder(): string {
    return join(this.#options.path, 'bad')
  }

  #note(isUp: boolean, detail: string): void {
    if (isUp === this.#state.isUp && detail === this.#state.detail) return
    this.#state = { isUp, detail, since: this.#options.clock.wallMs() }
  }
}

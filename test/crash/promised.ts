import { LANES, type Lane } from '#contract/wire/records.ts'
import type { Journal } from '../../agent/journal/journal.ts'
import { bytesOf, lastSeqsOf, type Said, type SealedName, type Step, type Told } from './journal-work.ts'
import { type Found, type LaneFound, look, newLanes } from './look-at-journal.ts'

/**
 * What a journal has promised, kept by somebody whose power did not go. `told` follows the work (journal-work.ts);
 * `check` looks at the journal that was opened again and says every promise that is broken, in a sentence each.
 *
 * Of what was under way when the power went, each append is there whole or not at all; marks stand before it or after it.
 */
interface KnownReading {
  isPromised: boolean
  /** Sealed in this epoch, in the batch that ends with this seq. */
  isSealed: boolean
  sealedTo: number
  isAcknowledged: boolean
  /** Of an epoch before this one. */
  isOld: boolean
  /** Somebody has made room since this was in a batch, or in another epoch. */
  mayBeGone: boolean
}

export class Promised {
  readonly #readings = new Map<string, KnownReading>()
  /** Entries by name: the epoch and seq that they were promised with. */
  readonly #entries = new Map<string, { epoch: string; seq: number } | null>()
  readonly #underWay = new Map<number, Step>()
  readonly #uuids = new Set<string>()
  #lanes: Record<Lane, LaneFound> = newLanes()
  #epoch = ''
  #isEpochKnown = false
  #hasPromised = false
  #counter = 0
  #lastName = 0
  /** Broken in what the journal said while it worked. */
  readonly #broken: string[] = []

  get readings(): number {
    return this.#readings.size
  }

  get promisedReadings(): number {
    return [...this.#readings.values()].filter(({ isPromised }) => isPromised).length
  }

  told(told: Told): void {
    if (told.at === 'begin') this.#begun(told.id, told.step)
    else this.#done(told.id, told.said)
  }

  #done(id: number, said: Said): void {
    const step = this.#underWay.get(id)
    this.#underWay.delete(id)
    if (!step) return
    this.#hasPromised = true
    if (step.kind === 'counter') {
      if (said.value !== undefined && said.value <= this.#counter)
        this.#broken.push(`the counter said ${said.value} after ${this.#counter}`)
      this.#counter = said.value ?? this.#counter
    }
    if (step.kind === 'series' && said.uuid) this.#uuids.add(said.uuid)
    if (step.kind === 'entries')
      for (const [index, name] of step.names.entries())
        this.#entries.set(name, { epoch: said.epoch ?? '', seq: said.seqs?.[index] ?? 0 })
    if (step.kind === 'epoch') this.#epochBegan(said.epoch ?? '', said.lastSeqs)
    else this.#happened(step)
  }

  /** The journal was opened again: what does it hold, and which promise is broken? Goes on from what it holds. */
  async check(journal: Journal): Promise<string[]> {
    const broken = this.#broken.splice(0)
    if (journal.salvage) broken.push('the journal was mended, but nothing that was synced was hit')
    const found = await look(journal)
    for (const name of found.doubled) broken.push(`${name} is there twice`)
    for (const name of found.changed) broken.push(`reading ${name} is another`)
    // Until something was promised in it, a start may choose another.
    if (!this.#isEpochKnown) this.#epoch = found.epoch
    this.#isEpochKnown ||= this.#hasPromised
    if (found.epoch !== this.#epoch) {
      if (this.#isUnderWay('epoch')) this.#epochBegan(found.epoch, lastSeqsOf(found.lanes))
      else broken.push(`the epoch is ${found.epoch}, not ${this.#epoch}`)
    }
    this.#checkAppends(found, broken)
    this.#checkReadings(found, broken)
    this.#checkEntries(found, broken)
    for (const lane of LANES) await this.#checkLane(lane, found, journal, broken)
    const uuids = new Set(journal.series().map(({ uuid }) => uuid))
    // Only the newest is declared now; the others are known by their readings.
    const newest = [...this.#uuids].at(-1)
    if (newest && !this.#isUnderWay('series') && !uuids.has(newest)) broken.push(`series ${newest} is gone`)
    this.#underWay.clear()
    return broken
  }

  /** After synced data was hit: less may be there, but nothing twice, nothing made up, and it works. */
  async checkMended(journal: Journal, { mayLackUntold }: { mayLackUntold: boolean }): Promise<string[]> {
    const found = await look(journal)
    const broken = [
      ...found.doubled.map((name) => `${name} is there twice after mending`),
      ...found.changed.map((name) => `reading ${name} is another after mending`),
    ]
    // With its log gone the file may be from before somebody made room.
    for (const name of [...found.readings.keys(), ...found.entries.keys()])
      if (Number(name) > this.#lastName) broken.push(`${name} was made up`)
    const isMissing = [...this.#readings].some(
      ([name, { isPromised, mayBeGone }]) => isPromised && !mayBeGone && !found.readings.has(name),
    )
    if (isMissing && !journal.salvage && !mayLackUntold)
      broken.push('readings are missing, and nobody says so')
    return broken
  }

  #begun(id: number, step: Step): void {
    this.#underWay.set(id, step)
    if (step.kind === 'readings' || step.kind === 'entries')
      this.#lastName = Math.max(this.#lastName, ...step.names.map(Number))
    if (step.kind === 'readings') {
      for (const name of step.names)
        this.#readings.set(name, {
          isPromised: false,
          isSealed: false,
          sealedTo: 0,
          isAcknowledged: false,
          isOld: false,
          mayBeGone: false,
        })
    }
    if (step.kind === 'entries') for (const name of step.names) this.#entries.set(name, null)
    if (step.kind === 'evict')
      for (const reading of this.#readings.values())
        if (reading.isSealed || reading.isAcknowledged || reading.isOld) reading.mayBeGone = true
    if (step.kind === 'seal') this.#handedOut(step)
  }

  #handedOut({ lane, epoch, from, to, names, isLost }: Extract<Step, { kind: 'seal' }>): void {
    if (isLost) this.#broken.push(`seqs ${from} to ${to} of ${lane} can't be read`)
    // Whoever was handed a batch knows the epoch, even where nobody has looked into the file yet.
    if (!this.#isEpochKnown) this.#epoch = epoch
    this.#isEpochKnown = true
    if (epoch !== this.#epoch) this.#broken.push(`a batch of epoch ${epoch} in epoch ${this.#epoch}`)
    if (lane !== 'reading') return
    if (names.length !== to - from + 1)
      this.#broken.push(`seqs ${from} to ${to} are ${names.length} readings`)
    for (const name of names) {
      const reading = this.#readings.get(name)
      if (!reading) this.#broken.push(`reading ${name} was handed out and is nobody's`)
      else if (reading.isSealed || reading.isAcknowledged)
        this.#broken.push(`reading ${name} was handed out twice`)
    }
  }

  #happened(step: Step): void {
    switch (step.kind) {
      case 'readings':
        for (const name of step.names) (this.#readings.get(name) as KnownReading).isPromised = true
        this.#lanes.reading.lastSeq += step.names.length
        break
      case 'entries':
        for (const name of step.names)
          this.#lanes[step.lane].lastSeq = Math.max(
            this.#lanes[step.lane].lastSeq,
            this.#entries.get(name)?.seq ?? 0,
          )
        break
      case 'seal': {
        const { lane, epoch, from, to, names } = step
        this.#lanes[lane].batches.push({ lane, epoch, from, to })
        this.#lanes[lane].sealed = to
        if (lane === 'reading')
          for (const name of names) {
            const reading = this.#readings.get(name)
            if (reading) Object.assign(reading, { isSealed: true, sealedTo: to })
          }
        break
      }
      case 'acknowledge': {
        const lane = this.#lanes[step.lane]
        lane.durable = Math.max(lane.durable, step.through)
        lane.batches = lane.batches.filter(({ to }) => to > lane.durable)
        if (step.lane === 'reading')
          for (const reading of this.#readings.values())
            if (reading.isSealed && reading.sealedTo <= lane.durable) reading.isAcknowledged = true
        break
      }
      default:
        break
    }
  }

  /** What was sealed and not acknowledged may be handed out again, under another seq; what is older is history. */
  #epochBegan(epoch: string, lastSeqs: Readonly<Record<Lane, number>> | undefined): void {
    this.#epoch = epoch
    this.#isEpochKnown = true
    for (const reading of this.#readings.values()) {
      reading.isSealed = false
      reading.isOld = true
    }
    this.#lanes = newLanes()
    for (const lane of LANES) this.#lanes[lane].lastSeq = lastSeqs?.[lane] ?? 0
  }

  #isUnderWay(kind: Step['kind']): boolean {
    return [...this.#underWay.values()].some((step) => step.kind === kind)
  }

  #checkAppends(found: Found, broken: string[]): void {
    for (const step of this.#underWay.values()) {
      if (step.kind === 'readings') {
        const there = step.names.filter((name) => found.readings.has(name)).length
        if (there === step.names.length) this.#happened(step)
        else if (there > 0) broken.push(`${there} of an append of ${step.names.length} readings are there`)
      } else if (step.kind === 'entries') {
        const there = step.names.filter((name) => found.entries.has(name))
        if (there.length > 0 && there.length < step.names.length)
          broken.push(`${there.length} of an append of ${step.names.length} entries are there`)
        for (const name of there)
          this.#entries.set(name, { epoch: found.epoch, seq: found.entries.get(name) ?? 0 })
        if (there.length > 0) this.#happened(step)
      }
    }
  }

  #checkReadings({ readings }: Found, broken: string[]): void {
    for (const [name, { isPromised, mayBeGone }] of this.#readings)
      if (isPromised && !mayBeGone && !readings.has(name)) broken.push(`reading ${name} is gone`)
    for (const name of readings.keys())
      if (!this.#readings.get(name)?.isPromised) broken.push(`reading ${name} was never appended`)
    // What the power took was promised to nobody, and what was made room for needs no watching.
    for (const [name, { isPromised }] of this.#readings)
      if (!isPromised || !readings.has(name)) this.#readings.delete(name)
  }

  #checkEntries({ entries, epoch }: Found, broken: string[]): void {
    for (const [name, known] of this.#entries) {
      const seq = entries.get(name)
      if (!known) this.#entries.delete(name)
      else if (seq === undefined) broken.push(`entry ${name} is gone`)
      else if (known.epoch === epoch && known.seq !== seq)
        broken.push(`entry ${name} has seq ${seq}, not ${known.seq}`)
    }
    for (const name of entries.keys())
      if (!this.#entries.has(name)) broken.push(`entry ${name} was never appended`)
  }

  async #checkLane(lane: Lane, found: Found, journal: Journal, broken: string[]): Promise<void> {
    for (const step of this.#underWay.values()) {
      const { sealed, durable } = found.lanes[lane]
      if (step.kind === 'seal' && step.lane === lane && sealed === step.to) this.#happened(step)
      if (step.kind === 'acknowledge' && step.lane === lane && durable === step.through) this.#happened(step)
    }
    const known = this.#lanes[lane]
    const { lastSeq, sealed, durable, batches } = found.lanes[lane]
    if (sealed !== known.sealed) broken.push(`${lane} is sealed through ${sealed}, not ${known.sealed}`)
    if (durable !== known.durable) broken.push(`${lane} is durable through ${durable}, not ${known.durable}`)
    // Series and losses that the journal enters by itself are lines of the record lane as well.
    const isAsLong = lane === 'reading' ? lastSeq === known.lastSeq : lastSeq >= known.lastSeq
    if (!isAsLong) broken.push(`${lane} ends at ${lastSeq}, not at ${known.lastSeq}`)
    known.lastSeq = lastSeq
    if (namesOf(batches) !== namesOf(known.batches))
      broken.push(`${lane} keeps the batches ${namesOf(batches)}, not ${namesOf(known.batches)}`)
    for (const batch of batches) {
      const bytes = await journal.sealedBytes(lane, batch.from)
      if (!bytes || Buffer.compare(bytes, bytesOf(batch)) !== 0)
        broken.push(`batch ${batch.from} to ${batch.to} of ${lane} has other bytes`)
    }
  }
}

const namesOf = (batches: readonly SealedName[]): string =>
  batches.map(({ from, to }) => `${from}-${to}`).join(' ')

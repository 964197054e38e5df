import { fromBase64 } from '#contract/ground/bytes.ts'
import type { Clock } from '#contract/ground/clock.ts'
import { compression } from '#contract/ground/node/compression.ts'
import { publicKeyFromRaw, sha256 } from '#contract/ground/node/crypto.ts'
import type { Random, RandomBytes } from '#contract/ground/random.ts'
import type { SecretKey } from '#contract/ground/signing.ts'
import type { DownlinkLine } from './downlink-desk.ts'
import { type Enrolment, enrolmentVersion, readEnrolment } from './enrolment.ts'
import type { Journal } from './journal/journal.ts'
import { adoptClaimKey, dropOldestKey, keyRingVersion, openKeyRing } from './key-ring.ts'
import type { LinkBudget } from './link-budget.ts'
import { type BlobSource, BlobUpload } from './sync/blob-upload.ts'
import type { BudgetState, Traffic } from './sync/budget.ts'
import { countedLink } from './sync/counted-link.ts'
import { KeptConnections } from './sync/kept-connections.ts'
import type { Link } from './sync/link.ts'
import { fetchTime } from './sync/province.ts'
import { SigningKeys } from './sync/signing-keys.ts'
import { TravellingPhotos } from './sync/travelling-photos.ts'
import { Uplink, type UplinkState } from './sync/uplink.ts'

/** What ties the box to the province: its enrolment, and what travels because of it. A box without one only keeps. */
export interface UpstreamOptions {
  /** Where the claim writes the enrolment. */
  readonly enrolmentFile: string
  /** The file of the key that signs; those that are to follow it lie beside it. */
  readonly keyFile: string
  readonly journal: Journal
  readonly photos: BlobSource
  readonly linkTo: (gateway: string) => Link
  readonly clock: Clock
  readonly random: Random
  readonly randomBytes: RandomBytes
  /** How often readings go, what the line may cost, and which photos travel. */
  readonly budget: LinkBudget
  readonly retryLongestMs: number
  /** Who hears what the province says to this box. */
  readonly downlink?: {
    open(line: DownlinkLine): void
    close(): Promise<void>
    heard(highest: number): void
  }
  /** A model is not worth what a metered line costs. */
  readonly isMetered?: boolean
  /** The province holds something else under our numbers. */
  readonly onEquivocation: () => void
}

export class Upstream {
  readonly #options: UpstreamOptions
  #enrolment: Enrolment | null = null
  /** Of the enrolment's file, as it was read last. */
  #version = ''
  /** Of the keys' folder, likewise. */
  #ringVersion = ''
  #ring: readonly SecretKey[] = []
  #keys: SigningKeys | undefined
  #uplink: Uplink | undefined
  #photoUpload: BlobUpload | undefined
  readonly #photos: TravellingPhotos
  #line: { readonly gateway: string; readonly link: Link; readonly kept: KeptConnections } | undefined

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.#photos = new TravellingPhotos(options.photos, options.budget.photoChoice)
  }

  /** Throws when there is an enrolment that can't be read: a box must not go on as if it had none. */
  start(): void {
    const { enrolmentFile, journal } = this.#options
    this.#openRing()
    this.#version = enrolmentVersion(enrolmentFile)
    this.#enrolment = readEnrolment(enrolmentFile)
    journal.onRecord(() => this.#uplink?.wake())
    this.#begin()
  }

  async stop(): Promise<void> {
    await this.#options.downlink?.close()
    await this.#photoUpload?.stop()
    await this.#uplink?.stop()
  }

  /** After everything else has stopped: what was spent of the budget is on disk then. */
  close(): Promise<void> {
    return this.#options.budget.close()
  }

  /** A claim made while the agent runs is taken up without a restart; true when there was one. */
  async renew(): Promise<boolean> {
    await this.#tendKeys()
    const { enrolmentFile } = this.#options
    const version = enrolmentVersion(enrolmentFile)
    if (version === this.#version) return false
    this.#version = version
    const enrolment = readEnrolment(enrolmentFile)
    if (!enrolment || enrolment.issuedAt === this.#enrolment?.issuedAt) return false
    this.#openRing()
    await this.stop()
    this.#enrolment = enrolment
    this.#begin()
    return true
  }

  /** A key that was made meanwhile is taken up; one whose every word is durable at the province is destroyed. */
  async #tendKeys(): Promise<void> {
    const { keyFile, journal } = this.#options
    if (this.#keys && this.#ring.length > 1 && this.#enrolment) {
      const { epoch, lanes } = await journal.state()
      if (this.#keys.isOldestDone(epoch, lanes)) {
        // First, so that after a cut the journal still knows itself in the key that is left.
        await journal.setOrigin(`${this.#enrolment.agent} ${this.#keys.keyIds.at(-1)}`)
        dropOldestKey(keyFile)
      }
    }
    if (keyRingVersion(keyFile) === this.#ringVersion) return
    // First: keys that can't be opened are told of, and what runs goes on with those that it has.
    this.#openRing()
    await this.stop()
    this.#begin()
  }

  /** The province enrolled a key that a cut kept from its place: it is put there first. */
  #openRing(): void {
    const { keyFile, enrolmentFile } = this.#options
    const enrolled = readEnrolment(enrolmentFile)?.key
    if (enrolled) adoptClaimKey(keyFile, enrolled)
    this.#ring = openKeyRing(keyFile)
    this.#ringVersion = keyRingVersion(keyFile)
  }

  get enrolment(): Enrolment | null {
    return this.#enrolment
  }

  get uplink(): Uplink | undefined {
    return this.#uplink
  }

  get state(): UplinkState | null {
    return this.#uplink?.state ?? null
  }

  get budget(): BudgetState {
    return this.#options.budget.budget.state
  }

  /** Somebody at the province asks for a photo that would not travel by itself. */
  photoWanted(sha256: string): void {
    this.#photos.want(sha256)
    this.#photoUpload?.wake()
  }

  photoTaken(): void {
    this.#photoUpload?.wake()
  }

  /** As whom the box signs its events; null before it is enrolled. */
  identity() {
    const enrolment = this.#enrolment
    if (!enrolment) return null
    if (!this.#keys) return null
    return {
      agent: enrolment.agent,
      ...this.#keys.newest,
      boxCode: enrolment.boxCode,
      publicUrl: enrolment.publicUrl ?? enrolment.gateway,
      allocations: enrolment.allocations.map(({ growingArea, ...rest }) => ({
        ...rest,
        ...(growingArea ? { growingArea: withoutUndefined(growingArea) } : {}),
      })),
    }
  }

  /** The province's signed time, ms UTC; null before the box is enrolled. Rejects as the link does. */
  async provinceTime(): Promise<number | null> {
    const enrolment = this.#enrolment
    if (!enrolment) return null
    const key = publicKeyFromRaw(fromBase64(enrolment.province.publicKey))
    return fetchTime(this.#linkTo(enrolment.gateway, 'other'), key, this.#options.randomBytes)
  }

  /** Every way to the province is counted. */
  #linkTo(gateway: string, traffic: Traffic): Link {
    const { linkTo, clock, budget } = this.#options
    // One link for all, so that they share its connections.
    if (this.#line?.gateway !== gateway)
      this.#line = { gateway, link: linkTo(gateway), kept: new KeptConnections() }
    const { link, kept } = this.#line
    const onBytes = (bytes: number) => budget.budget.spend(traffic, bytes)
    return countedLink(link, { isTls: gateway.startsWith('https:'), clock, onBytes, kept })
  }

  #begin(): void {
    const enrolment = this.#enrolment
    if (!enrolment) return
    const { journal, clock, random, budget, retryLongestMs, onEquivocation } = this.#options
    const keys = new SigningKeys({ agent: enrolment.agent, ring: this.#ring, sha256, outbox: journal })
    const key = keys.speaker
    this.#keys = keys
    const uplink = new Uplink({
      agent: enrolment.agent,
      outbox: journal,
      link: this.#linkTo(enrolment.gateway, 'sync'),
      key,
      keys,
      sha256,
      compression,
      clock,
      random,
      batchEveryMs: budget.batchEveryMs,
      retryLongestMs,
      budget: budget.budget,
      onDownlink: (highest) => this.#options.downlink?.heard(highest),
      onEquivocation,
    })
    this.#uplink = uplink
    // Photos travel when nothing else does: each part asks whether the line is free.
    this.#photoUpload = new BlobUpload({
      agent: enrolment.agent,
      key,
      link: this.#linkTo(enrolment.gateway, 'photos'),
      source: this.#photos,
      clock,
      random,
      isIdle: () => uplink.state.phase === 'idle' && budget.budget.mayGo('photo'),
      retryLongestMs,
    })
    // Heard before the uplink's first answer can say what there is.
    this.#options.downlink?.open({
      agent: enrolment.agent,
      key,
      province: publicKeyFromRaw(fromBase64(enrolment.province.publicKey)),
      link: this.#linkTo(enrolment.gateway, 'other'),
      modelLink: this.#linkTo(enrolment.gateway, 'photos'),
      mayFetchModels: () =>
        this.#options.isMetered !== true && uplink.state.phase === 'idle' && budget.budget.mayGo('photo'),
    })
    uplink.start()
    this.#photoUpload.start()
  }
}

function withoutUndefined<T extends { validTo?: string | undefined }>(area: T) {
  const { validTo, ...rest } = area
  return validTo === undefined ? rest : { ...rest, validTo }
}

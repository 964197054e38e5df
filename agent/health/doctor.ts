import type { Language } from '#contract/ground/messages.ts'
import { type ChannelFacts, channelChecks } from './doctor-channels.ts'
import { type DownlinkFacts, downlinkChecks } from './doctor-downlink.ts'
import { type ModelFacts, modelChecks } from './doctor-models.ts'
import { type PrinterFacts, printerChecks } from './doctor-printers.ts'
import { say } from './messages.ts'

/** One thing that `doctor` looked at. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'warning' | 'problem'
  readonly sentence: string
  readonly hint?: string
}

/** What was found on the machine; `running` is what the running agent answered, null when it did not. */
export interface DoctorFacts {
  readonly configFile: string
  readonly arch: string
  readonly totalMemoryBytes: number
  readonly freeMemoryBytes: number
  readonly dataDir: string
  readonly isWritable: boolean
  readonly freeDiskBytes: number | null
  readonly hasKey: boolean
  readonly keyProblem: { sentence: string; hint: string } | null
  readonly claimed: { farm: string; gateway: string; boxCode: string } | null
  readonly pageCode: string | null
  /** Built-in brokers that ask nobody for a password. */
  readonly openBrokers?: readonly string[]
  readonly pagePort: number
  readonly lossWindowMs: number
  readonly quotaMb: number
  /** Ports of the config; `lasting` is the name of such a port that stays when sticks are swapped. */
  readonly serialPorts: readonly { bus: string; path: string; lasting: string | null }[]
  readonly printers?: readonly PrinterFacts[]
  /** Only looked at while the agent does not run. */
  readonly journalDamage: readonly string[]
  readonly running: RunningAgent | null
}

export interface RunningAgent {
  readonly now: number
  readonly clock: 'synchronised' | 'holdover' | 'unknown'
  readonly devices: readonly {
    readonly name: string
    readonly lastHeardAt: number | null
    readonly status: string
    readonly faults: readonly Fault[]
  }[]
  readonly buses: readonly {
    readonly name: string
    readonly kind: string
    readonly isUp: boolean
    readonly detail: string
    readonly faults: readonly Fault[]
  }[]
  readonly alarms: readonly { readonly name: string; readonly rule: string; readonly device: string }[]
  readonly journal: {
    readonly readings: number
    readonly sizeBytes: number
    readonly lastCommitMs: number
    readonly setAside: string | null
    readonly lanes: readonly { readonly lastSeq: number; readonly durableThrough: number }[]
  }
  readonly uplink: {
    readonly phase: string
    readonly lastOkAt: number | null
    readonly lastError: { readonly sentence: string; readonly hint: string } | null
    readonly budget?: {
      readonly dayBytes: number
      readonly dayLimitBytes: number | null
      readonly readings: { readonly reason: 'day' | 'hour' | 'quiet'; readonly until: number } | null
      readonly photos: { readonly reason: 'day' | 'hour' | 'quiet'; readonly until: number } | null
    }
  } | null
  readonly downlink?: DownlinkFacts
  readonly models?: readonly ModelFacts[]
  readonly channels?: readonly ChannelFacts[]
}

interface Fault {
  readonly code: string
  readonly detail: string
  readonly count: number
  readonly lastAt: number
}

// The kernel counts these in the order in which sticks are found.
const CHANGING_NAME = /^\/dev\/tty(USB|ACM)\d+$/
const LEAST_MEMORY_BYTES = 480_000_000
const LEAST_FREE_DISK_BYTES = 200_000_000
const DAY_MS = 86_400_000
// SQLite writes at least one 4 KiB block of flash for a durable commit.
const BLOCK_BYTES = 4096

/** Every check, in the order in which a technician mends things: the machine, the program, the buses, the uplink. */
export function examine(facts: DoctorFacts, language: Language): Check[] {
  const t = say.bind(null, language)
  const checks: Check[] = []
  const ok = (name: string, sentence: string): void => void checks.push({ name, state: 'ok', sentence })
  const warn = (name: string, sentence: string, hint?: string): void =>
    void checks.push({ name, state: 'warning', sentence, ...(hint ? { hint } : {}) })
  const fail = (name: string, sentence: string, hint?: string): void =>
    void checks.push({ name, state: 'problem', sentence, ...(hint ? { hint } : {}) })
  const mb = (bytes: number): string => (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)

  ok('config', t('config', { file: facts.configFile }))
  if (/64|s390x/.test(facts.arch)) ok('architecture', t('arch64', { arch: facts.arch }))
  else fail('architecture', t('arch32', { arch: facts.arch }), t('arch32Hint'))
  const memory = t('memory', { totalMb: mb(facts.totalMemoryBytes), freeMb: mb(facts.freeMemoryBytes) })
  if (facts.totalMemoryBytes >= LEAST_MEMORY_BYTES) ok('memory', memory)
  else warn('memory', memory, t('memoryHint'))
  if (!facts.isWritable)
    fail(
      'data-folder',
      t('notWritable', { folder: facts.dataDir }),
      t('notWritableHint', { folder: facts.dataDir }),
    )
  else if (facts.freeDiskBytes !== null) {
    const disk = t('disk', { freeMb: mb(facts.freeDiskBytes), folder: facts.dataDir })
    if (facts.freeDiskBytes >= LEAST_FREE_DISK_BYTES) ok('disk', disk)
    else warn('disk', disk, t('diskHint'))
  }
  if (facts.keyProblem) fail('key', facts.keyProblem.sentence, facts.keyProblem.hint)
  else ok('key', facts.hasKey ? t('key') : t('keyNone'))
  if (facts.claimed) ok('enrolment', t('claimed', facts.claimed))
  else warn('enrolment', t('unclaimed'), t('unclaimedHint'))
  for (const name of facts.openBrokers ?? [])
    warn(`bus ${name}`, t('openBroker', { name }), t('openBrokerHint'))
  if (facts.pageCode) warn('page-code', t('pageCode', { code: facts.pageCode }))

  ok('loss-window', t('lossWindow', { seconds: facts.lossWindowMs / 1000 }))
  const commits = Math.ceil(DAY_MS / Math.max(facts.lossWindowMs, 50))
  ok('flash-wear', t('wear', { commits, mb: mb(commits * BLOCK_BYTES) }))
  if (facts.serialPorts.length > 0)
    checks.push({ name: 'rs485', state: 'ok', sentence: t('rs485'), hint: t('rs485Hint') })
  for (const { bus, path, lasting } of facts.serialPorts) {
    if (!CHANGING_NAME.test(path)) continue
    const hint = lasting ? t('plainPortHint', { lasting }) : t('plainPortNoName')
    warn(`port ${path}`, t('plainPort', { bus, path }), hint)
  }
  checks.push(...printerChecks(facts.printers ?? [], t))
  for (const detail of facts.journalDamage) fail('journal', t('journalDamaged', { detail }))

  const { running } = facts
  if (!running) {
    fail('program', t('notRunning', { port: facts.pagePort }), t('notRunningHint'))
    return checks
  }
  ok('program', t('running'))
  const { journal, uplink, now } = running
  ok(
    'journal',
    t('journal', {
      readings: journal.readings,
      sizeMb: mb(journal.sizeBytes),
      quotaMb: facts.quotaMb,
      ms: Math.round(journal.lastCommitMs),
    }),
  )
  if (journal.setAside)
    fail('journal', t('journalSetAside', { file: journal.setAside }), t('journalSetAsideHint'))
  if (running.clock === 'synchronised') ok('clock', t('clockGood'))
  else if (running.clock === 'holdover') warn('clock', t('clockHoldover'), t('clockHint'))
  else warn('clock', t('clockUnknown'), t('clockHint'))

  const age = (at: number): string => ageText(now - at, language)
  for (const { name, kind, isUp, detail } of running.buses) {
    if (isUp) ok(`bus ${name}`, t('bus', { name, kind, detail }))
    else fail(`bus ${name}`, t('busDown', { name, kind, detail }), t('busDownHint'))
  }
  for (const { name, lastHeardAt, status } of running.devices) {
    if (lastHeardAt === null) warn(`device ${name}`, t('deviceNever', { name }), t('deviceHint'))
    else if (status === 'silent')
      warn(`device ${name}`, t('deviceSilent', { name, age: age(lastHeardAt) }), t('deviceHint'))
    else ok(`device ${name}`, t('device', { name, age: age(lastHeardAt) }))
  }
  for (const { name: subject, faults } of [...running.buses, ...running.devices]) {
    for (const { code, detail, count, lastAt } of faults)
      warn(`fault ${code}`, t('fault', { subject, code, count, age: age(lastAt), detail }))
  }
  for (const { name, rule, device } of running.alarms) warn('alarm', t('alarm', { name, rule, device }))
  checks.push(...channelChecks(running.channels ?? [], t, age))
  if (uplink) {
    const waiting = journal.lanes.reduce((sum, lane) => sum + lane.lastSeq - lane.durableThrough, 0)
    const { phase, lastOkAt, lastError } = uplink
    const sentence =
      lastOkAt === null
        ? t('syncNever', { phase, waiting })
        : t('synced', { phase, waiting, age: age(lastOkAt) })
    if (phase === 'suspended' || phase === 'refused') fail('sync', sentence)
    else if (phase === 'waiting') warn('sync', sentence)
    else ok('sync', sentence)
    const { budget } = uplink
    if (budget) {
      const { dayBytes, dayLimitBytes, readings, photos } = budget
      const spent = mb(dayBytes)
      const until = (at: number): string => ageText(at - now, language)
      ok(
        'budget',
        dayLimitBytes === null ? t('spent', { spent }) : t('spentOf', { spent, limit: mb(dayLimitBytes) }),
      )
      if (readings)
        warn('budget', t(`held-${readings.reason}`, { until: until(readings.until) }), t('heldHint'))
      else if (photos) warn('budget', t('heldPhotos', { until: until(photos.until) }), t('heldHint'))
    }
    if (lastError) warn('sync', t('syncError', { sentence: lastError.sentence }), lastError.hint)
  }
  checks.push(...modelChecks(running.models ?? [], t, age))
  if (running.downlink) checks.push(...downlinkChecks(running.downlink, t))
  return checks
}

function ageText(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [value, vi, en] =
    seconds < 120
      ? [seconds, 'giây', 's']
      : seconds < 7200
        ? [Math.round(seconds / 60), 'phút', 'min']
        : seconds < 172_800
          ? [Math.round(seconds / 3600), 'giờ', 'h']
          : [Math.round(seconds / 86_400), 'ngày', 'days']
  return `${value} ${language === 'vi' ? vi : en}`
}

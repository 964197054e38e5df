import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import cron from 'node-cron'
import pino from 'pino'
import { VuonError } from '#contract/ground/errors.ts'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import { giveBackMemory } from '#contract/ground/node/give-back-memory.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { Agent, type AgentOutside } from '../agent.ts'
import { boxMark } from '../box-name.ts'
import type { AgentConfig } from '../config.ts'
import { inForceAt } from '../config-trial.ts'
import { openMqttSource } from '../mqtt-sources.ts'
import { FetchLink } from '../sync/fetch-link.ts'
import { THERMAL_ZONES } from '../vision/heat-limit.ts'
import { openRealLine } from './real-line.ts'

/** Runs the agent over the real outside until SIGTERM. `load` reads the box's own file, again at each new start. */
export async function run(load: () => AgentConfig, program: string): Promise<void> {
  let local = load()
  mkdirSync(local.dataDir, { recursive: true })
  const release = lockFolder(local.dataDir)
  const log = pino({ level: inForceAt(local).config.log })
  process.on('unhandledRejection', (error) => {
    // Going on with a broken promise unseen is worse than a restart by the service manager.
    log.fatal({ error: String((error as Error)?.stack ?? error) }, 'a promise failed that nobody awaits')
    process.exit(70)
  })
  const stopped = new Promise<'stop'>((resolve) => {
    process.once('SIGTERM', () => resolve('stop'))
    process.once('SIGINT', () => resolve('stop'))
  })
  while ((await runOnce(local, program, log, stopped)) === 'restart') {
    local = loadedAgain(load, local, log)
    log.level = inForceAt(local).config.log
  }
  release()
  process.exit(0)
}

/** One life of the agent. In this process, so that a box without a service manager starts again too. */
async function runOnce(
  local: AgentConfig,
  program: string,
  log: pino.Logger,
  stopped: Promise<'stop'>,
): Promise<'stop' | 'restart'> {
  const restarted = Promise.withResolvers<'restart'>()
  const restart = (why: string): void => {
    log.info({ why }, 'starting anew')
    restarted.resolve('restart')
  }
  const agent = new Agent(local, { ...realOutside(local, program, log), restart })
  try {
    await agent.start()
    giveBackMemory()
  } catch (error) {
    const why = `the program did not start: ${(error as Error).message}`
    if (!agent.rollBackConfig(why)) throw error
    log.error({ why }, 'the config of the province was taken back')
    await agent.stop().catch(() => {})
    return 'restart'
  }
  const next = await Promise.race([stopped, restarted.promise])
  log.info({}, 'stopping')
  // A disk that hangs must not keep the machine from shutting down.
  const hard = setTimeout(() => process.exit(75), 15_000)
  await agent.stop()
  clearTimeout(hard)
  return next
}

/** A file that somebody is in the middle of editing must not end the program: the one that was read before still goes. */
function loadedAgain(load: () => AgentConfig, before: AgentConfig, log: pino.Logger): AgentConfig {
  try {
    const loaded = load()
    // Another folder has another lock, journal and key: that is for a real restart.
    if (loaded.dataDir === before.dataDir) return loaded
    log.warn({}, 'dataDir was changed in the file: it is taken up when the service is restarted')
  } catch (error) {
    log.warn(
      { error: (error as Error).message },
      'the file has mistakes: the one that was read before still goes',
    )
  }
  return before
}

export function realOutside(config: AgentConfig, program: string, log: pino.Logger): AgentOutside {
  const clock = systemClock
  const random = Math.random
  return {
    clock,
    random,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    openLine: openRealLine(clock, random),
    openSource: (bus, topics, onFault, presence) =>
      openMqttSource(bus, topics, {
        presence,
        clock,
        random,
        clientIdOf: (name) => clientIdOf(config.dataDir, name),
        onFault,
      }),
    linkTo: (gateway) => new FetchLink(gateway),
    schedule: (expression, timeZone, job) => {
      const task = cron.schedule(expression, job, { timezone: timeZone, noOverlap: true })
      return () => void task.stop()
    },
    // systemd-timesyncd and chrony both leave this mark when the clock has been set.
    isNtpSynchronised: () => existsSync('/run/systemd/timesync/synchronized'),
    log,
    program,
    isJournalInWorker: true,
    withProcessMetrics: true,
    thermalZones: THERMAL_ZONES,
  }
}

const clientIdOf = (dataDir: string, bus: string): string =>
  `vuon-${boxMark(dataDir, (length) => new Uint8Array(randomBytes(length)))}-${bus}`

/** Two agents over one journal would ask every probe twice. A lock whose program is gone (SIGKILL) does not count. */
function lockFolder(dataDir: string): () => void {
  const path = join(dataDir, 'agent.pid')
  const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  if (holder > 0 && holder !== process.pid && isAgent(holder)) {
    throw new VuonError('journal-busy', `An agent (process ${holder}) already runs on ${dataDir}.`, {
      hint: 'Stop it first (systemctl stop vuon-agent), or give this one a dataDir of its own.',
    })
  }
  writeFileAtomically(path, String(process.pid))
  return () => rmSync(path, { force: true })
}

function isAgent(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.ts')
  } catch {
    // No /proc (macOS): a living process with that number is taken for the agent.
    return true
  }
}

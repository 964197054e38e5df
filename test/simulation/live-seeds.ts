import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Report } from './report.ts'
import { type SimulationOptions, simulate } from './simulation.ts'

/** Files in memory, where there is such a place: what is cut is a clone. */
export const SIMULATION_FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export type Season = Pick<SimulationOptions, 'seed' | 'hours' | 'farms' | 'pace' | 'rates'>

/** Lives one season after another in this process, and tells each. */
export const liveSeason = (season: Season, onProgress?: SimulationOptions['onProgress']): Promise<Report> =>
  simulate({ ...season, folder: SIMULATION_FOLDER, ...(onProgress ? { onProgress } : {}) })

export interface Living {
  readonly processes: number
  /** Asked before each season begins; those that began are lived to their end. */
  readonly mayBegin: () => boolean
  readonly onReport?: (report: Report) => void
}

/**
 * Seasons on so many processes, one after another, until `seasons` ends or none may begin. Rejects when a process ends
 * without an answer: what was not lived must not count.
 */
export async function liveSeasons(
  seasons: Iterator<Season>,
  { processes, mayBegin, onReport }: Living,
): Promise<Report[]> {
  const reports: Report[] = []
  await Promise.all(
    Array.from({ length: processes }, async () => {
      const child = startChild()
      try {
        while (mayBegin()) {
          const { value, done } = seasons.next()
          if (done) break
          const report = await ask(child, value)
          reports.push(report)
          onReport?.(report)
        }
      } finally {
        child.kill()
      }
    }),
  )
  return reports
}

const startChild = (): ChildProcess =>
  fork(fileURLToPath(new URL('./season-child.ts', import.meta.url)), [], {
    // Ten farms make rubbish faster than a young generation of 16 MB bears.
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'],
    // The test runner's own hooks must not run there.
    env: { PATH: process.env['PATH'] },
  })

function ask(child: ChildProcess, season: Season): Promise<Report> {
  return new Promise((resolve, reject) => {
    const died = () => reject(new Error(`the process that lived seed ${season.seed} ended in the middle`))
    child.once('exit', died)
    child.once('message', (answer: { report: Report } | { error: string }) => {
      child.off('exit', died)
      if ('report' in answer) resolve(answer.report)
      else reject(new Error(`seed ${season.seed}: ${answer.error}`))
    })
    child.send(season)
  })
}

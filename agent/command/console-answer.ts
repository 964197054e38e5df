import type { AgentConfig } from '../config.ts'

/** What every group of commands is given: the configuration that was asked for, and how answers are said. */
export interface ConsoleAnswer {
  /** Throws with file, line, key and remedy. */
  loadConfig(): AgentConfig
  /** One answer: as JSON with --json, else as the sentence. */
  say(value: unknown, sentence: string): void
  /** One line of JSON of many. */
  sayLine(value: unknown): void
}

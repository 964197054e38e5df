import { ConfigError, parseConfig } from '#contract/ground/config-declaration.ts'
import { type AgentConfig, agentConfigSchema } from '../../agent/config.ts'

/** A config of the agent as its file would be read. */
export const configSaid = (text: string): AgentConfig => parseConfig(agentConfigSchema, text, 'box.yaml')

/** What is wrong with it; nothing when it is right. */
export function mistakesIn(text: string): ConfigError['mistakes'] {
  try {
    configSaid(text)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

import { join } from 'node:path'

/** What lies where in the agent's data folder. The key has a folder of its own: backups leave it out. */
export const journalPath = (dataDir: string): string => join(dataDir, 'journal', 'journal.db')
export const keyPath = (dataDir: string): string => join(dataDir, 'keys', 'agent.key')
export const enrolmentPath = (dataDir: string): string => join(dataDir, 'enrolment.json')
export const doctorTokenPath = (dataDir: string): string => join(dataDir, 'doctor-token')
export const countersPath = (dataDir: string): string => join(dataDir, 'counters.json')
export const budgetPath = (dataDir: string): string => join(dataDir, 'budget.json')
export const photosPath = (dataDir: string): string => join(dataDir, 'photos')

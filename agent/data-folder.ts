import { join } from 'node:path'

/** What lies where in the agent's data folder. The key has a folder of its own: backups leave it out. */
export const journalPath = (dataDir: string): string => join(dataDir, 'journal', 'journal.db')
export const keyPath = (dataDir: string): string => join(dataDir, 'keys', 'agent.key')
export const enrolmentPath = (dataDir: string): string => join(dataDir, 'enrolment.json')
export const doctorTokenPath = (dataDir: string): string => join(dataDir, 'doctor-token')
export const countersPath = (dataDir: string): string => join(dataDir, 'counters.json')
export const budgetPath = (dataDir: string): string => join(dataDir, 'budget.json')
export const fieldDaysPath = (dataDir: string): string => join(dataDir, 'field-days.json')
export const forecastPath = (dataDir: string): string => join(dataDir, 'forecast.json')
export const overlayPath = (dataDir: string): string => join(dataDir, 'province-config.json')
export const downlinkPath = (dataDir: string): string => join(dataDir, 'downlink.json')
export const noticesPath = (dataDir: string): string => join(dataDir, 'notices.json')
export const wishesPath = (dataDir: string): string => join(dataDir, 'wanted-photos.json')
export const modelsPath = (dataDir: string): string => join(dataDir, 'models')
/** Photos of cameras that nobody has looked at yet. */
export const camerasPath = (dataDir: string): string => join(dataDir, 'cameras')
export const photosPath = (dataDir: string): string => join(dataDir, 'photos')

import { onTestFinished } from 'vitest'
import type { Service } from './real-services.ts'

/** Within a test: what is started here is stopped when the test ends, the last one first. */
export function running<T extends Pick<Service, 'stop'>>(service: T): T {
  onTestFinished(() => service.stop())
  return service
}

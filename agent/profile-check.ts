import { VuonError } from '#contract/ground/errors.ts'
import type { AgentConfig } from './config.ts'
import { loadProfile } from './devices/modbus/profile.ts'
import { vocabularyWith } from './devices/vocabulary/vocabulary.ts'

/** Throws when a probe names a profile that is not there, or a vocabulary has mistakes: `config check` and the start ask this. */
export function checkProfiles(config: AgentConfig): void {
  for (const bus of config.buses) {
    if ('vocabulary' in bus) vocabularyWith(bus.vocabulary)
    if (!('probes' in bus)) continue
    for (const probe of bus.probes) {
      try {
        loadProfile(probe.profile)
        if (bus.kind === 'serial' && bus.protocol === 'rtu' && probe.dataBits === 7)
          throw new VuonError('config-invalid', 'Modbus RTU needs 8 data bits.', {
            hint: 'Take dataBits out, or set protocol: ascii on the bus.',
          })
      } catch (error) {
        if (!(error instanceof VuonError)) throw error
        throw new VuonError(
          'config-invalid',
          `buses "${bus.name}", probe "${probe.name}": ${error.message}`,
          {
            cause: error,
            hint: error.hint,
          },
        )
      }
    }
  }
}

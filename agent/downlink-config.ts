import { z } from 'zod'

/** `downlink:` in the config: what the province may do to this box. The farm decides, and only here. */
export const downlink = z
  .strictObject({
    config: z
      .enum(['accept', 'refuse'])
      .default('accept')
      .describe(
        'Whether the province may change settings: how often is measured and sent, what sending may cost, bounds of alarms; never passwords, addresses or files. `config show` tells which.',
      ),
  })
  .prefault({})
  .describe('What the province may do to this box.')

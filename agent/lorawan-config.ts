import { existsSync } from 'node:fs'
import { z } from 'zod'
import { VuonError } from '#contract/ground/errors.ts'
import { codecPath, ownCodecNames } from './devices/lorawan/codec-file.ts'

/** What the config says of LoRaWAN nodes whose bytes the network server leaves as they are. */

export const lorawan = z
  .strictObject({
    codecsDir: z
      .string()
      .min(1)
      .max(1000)
      .default('/etc/vuon/codecs')
      .describe("Folder of vendors' payload codecs (JavaScript files, unchanged)."),
    codecs: z
      .array(
        z.strictObject({
          device: z
            .string()
            .min(1)
            .max(64)
            .describe('DevEUI, name or device profile of the nodes; * is any run of characters, ? any one.'),
          file: z
            .string()
            .min(1)
            .max(200)
            .describe('File in codecsDir, such as acme.js; or one of ours, such as dragino-lse01.'),
        }),
      )
      .max(1000)
      .default([])
      .describe('Which codec reads which nodes; the first that fits is taken.'),
  })
  .prefault({})
  .describe('LoRaWAN nodes whose bytes the network server does not decode itself.')

export type LorawanConfig = z.output<typeof lorawan>

/** Throws when the config names a codec that is not there: `config check` and the start ask this. */
export function checkCodecs({ codecsDir, codecs }: LorawanConfig): void {
  for (const { device, file } of codecs) {
    const path = codecPath(file, codecsDir)
    if (path !== undefined && existsSync(path)) continue
    throw new VuonError('config-invalid', `lorawan, codec of "${device}": there is no "${file}".`, {
      hint: `Put the vendor's file into ${codecsDir}, or name one of ours: ${ownCodecNames().join(', ')}.`,
    })
  }
}

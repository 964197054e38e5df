import { z } from 'zod'
import { isGln } from '#contract/trace/digital-link.ts'
import { isSsccPrefix } from '#contract/trace/sscc.ts'

/** `farmBook:` in the config: to whom the farm sells, where it packs, and how its pallets are numbered. */
export const farmBook = z
  .strictObject({
    markets: z
      .array(z.string().regex(/^[A-Z]{2,3}$/, 'two or three capital letters, such as CN'))
      .max(20)
      .default([])
      .describe(
        'Markets that the fruit goes to, such as [CN, US, EU]: of a product the strictest of their intervals counts; without any, the strictest on its label.',
      ),
    packingHouse: z
      .strictObject({
        code: z.string().min(1).max(64).describe('Code of the packing house (PHC).'),
        gln: z
          .string()
          .refine(isGln, {
            message: 'is not a GLN',
            params: { remedy: 'thirteen digits, the last a check digit' },
          })
          .optional()
          .describe('Its GLN, where it has one.'),
      })
      .optional()
      .describe("The farm's own packing house; proposed when fruit is packed."),
    ssccPrefix: z
      .string()
      .refine(isSsccPrefix, {
        message: 'is not the beginning of a pallet number',
        params: { remedy: 'the extension digit and the GS1 company prefix, 5 to 13 digits in quotes' },
      })
      .optional()
      .describe(
        'Pallets are numbered from here (SSCC): extension digit, GS1 company prefix and, where several boxes share it, digits of this box alone.',
      ),
  })
  .prefault({})
  .describe('The farm book.')

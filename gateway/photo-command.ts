import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import type { CommandOutside } from './register-commands.ts'

/** `photo erase`: a photo goes, on request of the farm or of a person on it; what was signed about it stays. */
export function addPhotoCommand(program: Command, { withGateway, say }: CommandOutside): void {
  program
    .command('photo')
    .description('photos of farms')
    .command('erase')
    .argument('<sha256>', 'of the photo or of its thumbnail, as /api/v1/farms/…/findings shows it')
    .description('remove a photo and its thumbnail for good; the finding stays')
    .action((sha256: string) =>
      withGateway(async (gateway) => {
        const erased = await gateway.erasePhoto(sha256.toLowerCase())
        if (erased === 0)
          throw new VuonError('not-found', `No finding names ${sha256}.`, {
            hint: '/api/v1/farms/…/findings shows the hashes of photos.',
          })
        say({ erased }, `Erased: ${erased} files. The finding stays; boxes will not send the photo again.`)
      }),
    )
}

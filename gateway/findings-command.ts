import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import type { CommandOutside } from './register-commands.ts'

interface ExportOptions {
  out: string
  since?: string
  crop?: string
}

/** `findings export`: what agronomists confirmed and corrected, for the next training. */
export function addFindingsCommand(program: Command, { withGateway, say }: CommandOutside): void {
  program
    .command('findings')
    .description('photos and what people said of them')
    .command('export')
    .requiredOption('--out <folder>', 'where it is written; a later run brings it up to date')
    .option('--since <day>', 'only what was decided on this day or later, YYYY-MM-DD')
    .option('--crop <crop>', 'only one crop, such as dragon-fruit')
    .description("photos with their labels in the format that models/training takes; they are the farms' own")
    .action(async (options: ExportOptions) => {
      const asked = { out: options.out, since: dayOf(options.since), crop: cropOf(options.crop) }
      await withGateway(async (gateway) => {
        const done = await gateway.exportFindings(asked, (seen, of) =>
          console.error(`${seen} of ${of} photos …`),
        )
        const { photos, train, val, groups, others, withRegions, notHere, erased, notUsable } = done
        const lines = [
          `${photos} photos in ${groups} groups (${train} train, ${val} val), ${withRegions} with regions: ${options.out}`,
          ...(others > 0 ? [`${others} with a label that is not the model's: others.csv`] : []),
          ...(notHere > 0
            ? [`${notHere} left out: the full photo is still on the box. Ask for it on the photo's page.`]
            : []),
          ...(erased + notUsable > 0 ? [`${erased} erased, ${notUsable} not usable: left out.`] : []),
          "They belong to the farms: training needs the farms' consent.",
        ]
        say(done, lines.join('\n'))
      })
    })
}

function dayOf(day: string | undefined): string {
  if (day === undefined) return ''
  const date = /^\d{4}-\d{2}-\d{2}$/.test(day) ? new Date(`${day}T00:00:00Z`) : undefined
  if (!date || Number.isNaN(date.valueOf()) || date.toISOString().slice(0, 10) !== day)
    throw new VuonError('input-invalid', `--since: ${day} is no day.`, { hint: 'Write it as 2026-11-23.' })
  return day
}

function cropOf(crop: string | undefined): string {
  if (crop === undefined) return ''
  if (!/^[a-z][a-z0-9-]{0,60}$/.test(crop))
    throw new VuonError('input-invalid', `--crop: ${crop} is no crop.`, {
      hint: 'In lower case with hyphens, such as dragon-fruit.',
    })
  return crop
}

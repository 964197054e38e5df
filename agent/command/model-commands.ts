import type { Command } from 'commander'
import { compute, modelNames } from '../crop/compute.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { diagnoseFiles } from './diagnose.ts'
import { readAll } from './json-lines.ts'

export function registerModelCommands(program: Command, { sayLine }: ConsoleAnswer): void {
  program
    .command('diagnose')
    .argument('<photo...>', 'JPEG, PNG, WebP or AVIF')
    .requiredOption('--crop <name>', 'lower case with hyphens, such as dragon-fruit')
    .option('--organ <organ>', 'stem, leaf or fruit')
    .description('what can be said of photos, or why not: a line of JSON each')
    .action(async (photos: string[], asked: { crop: string; organ?: string }) => {
      if (!(await diagnoseFiles(photos, asked, sayLine))) process.exitCode = 1
    })

  program
    .command('compute')
    .argument('<model>', modelNames().join(', '))
    .description(
      'CSV with a header from standard input; the same with the model’s columns added to standard output',
    )
    .action(async (model: string) => {
      const { csv, faults } = compute(model, await readAll(process.stdin))
      process.stdout.write(csv)
      for (const fault of faults) console.error(`not computed: ${fault}`)
      if (faults.length > 0) process.exitCode = 1
    })
}

import type { Command } from 'commander'
import { registerCompute } from './compute-command.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { type DiagnoseOptions, diagnoseFiles } from './diagnose.ts'
import { listModels } from './models-list.ts'

export function registerModelCommands(program: Command, answer: ConsoleAnswer): void {
  program
    .command('diagnose')
    .argument('<photo...>', 'JPEG, PNG, WebP or AVIF')
    .requiredOption(
      '--crop <name>',
      'lower case with hyphens, such as dragon-fruit; unknown where nobody knows',
    )
    .option('--organ <organ>', 'stem, leaf or fruit')
    .description('what can be said of photos, or why not: a line of JSON each')
    .option('--heatmap <file.png>', 'draws where the lesions are over the photo')
    .option('--one-plant', 'the photos are of one plant: one more line says what they say together')
    .option('--models <folder>', 'other models than those that came with the program')
    .action(async (photos: string[], asked: DiagnoseOptions) => {
      if (!(await diagnoseFiles(photos, asked, answer.sayLine))) process.exitCode = 1
    })
  program
    .command('models')
    .description('disease models of this box')
    .command('list')
    .description('which models there are, for which crops, and what is wrong with one that can not be used')
    .option('--models <folder>', 'other models than those that came with the program')
    .action((asked: { models?: string }) => {
      if (!listModels(asked.models, answer.say)) process.exitCode = 1
    })
  registerCompute(program, answer)
}

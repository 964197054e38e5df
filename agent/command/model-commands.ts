import type { Command } from 'commander'
import { registerCompute } from './compute-command.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import { diagnoseFiles } from './diagnose.ts'

export function registerModelCommands(program: Command, answer: ConsoleAnswer): void {
  program
    .command('diagnose')
    .argument('<photo...>', 'JPEG, PNG, WebP or AVIF')
    .requiredOption('--crop <name>', 'lower case with hyphens, such as dragon-fruit')
    .option('--organ <organ>', 'stem, leaf or fruit')
    .description('what can be said of photos, or why not: a line of JSON each')
    .action(async (photos: string[], asked: { crop: string; organ?: string }) => {
      if (!(await diagnoseFiles(photos, asked, answer.sayLine))) process.exitCode = 1
    })
  registerCompute(program, answer)
}

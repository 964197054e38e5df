import type { Command } from 'commander'
import type { ModelStep } from '../model-desk.ts'
import { registerCompute } from './compute-command.ts'
import type { ConsoleAnswer } from './console-answer.ts'
import type { DiagnoseOptions } from './diagnose.ts'

export function registerModelCommands(program: Command, answer: ConsoleAnswer): void {
  const choose = async (step: Exclude<ModelStep, { readonly kind: 'install' }>): Promise<void> => {
    const { chooseModel } = await import('./model-steps.ts')
    return chooseModel(step, answer)
  }
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
    .option('--models <folder>', 'other models than those that look at photos on this box')
    .action(async (photos: string[], asked: DiagnoseOptions) => {
      const [{ diagnoseFiles }, { boxLineup }] = await Promise.all([
        import('./diagnose.ts'),
        import('./models-list.ts'),
      ])
      const lineup = asked.models === undefined ? await boxLineup(answer) : undefined
      const options = { ...asked, ...(lineup ? { lineup } : {}) }
      if (!(await diagnoseFiles(photos, options, answer.sayLine))) process.exitCode = 1
    })
  const models = program.command('models').description('disease models of this box')
  models
    .command('list')
    .description(
      'which models there are, for which crops, what each is here, and what one in the shadow has shown',
    )
    .option('--models <folder>', 'the models of a folder, whatever the box has')
    .action(async ({ models: folder }: { models?: string }) => {
      const { listBoxModels, listModels } = await import('./models-list.ts')
      const isAllUsable = folder === undefined ? await listBoxModels(answer) : listModels(folder, answer.say)
      if (!isAllUsable) process.exitCode = 1
    })
  models
    .command('install')
    .argument('<file>', 'a bundle, as vuon-gateway models pack writes it')
    .description('check a model from a signed bundle and let it run in the shadow of the one that answers')
    .action(async (file: string) => {
      const { installModel } = await import('./model-steps.ts')
      return installModel(file, answer)
    })
  models
    .command('promote')
    .argument('<id>', 'as models list names it')
    .argument('[version]', 'the one in the shadow if not given; or the one that answered before')
    .description('let the model in the shadow answer')
    .action((name: string, version: string | undefined) => choose({ kind: 'promote', name, version }))
  models
    .command('rollback')
    .argument('<id>', 'as models list names it')
    .description('let the model answer again that answered before')
    .action((name: string) => choose({ kind: 'rollback', name }))
  registerCompute(program, answer)
}

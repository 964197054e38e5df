import type { Command } from 'commander'
import { writeFileAtomically } from '#contract/ground/node/atomic-write.ts'
import type { CommandOutside } from './register-commands.ts'

/** `models pack`: a disease model as one signed file for boxes. */
export function addModelCommands(program: Command, { withGateway, say }: CommandOutside): void {
  program
    .command('models')
    .description('disease models for boxes')
    .command('pack')
    .argument('<folder>', 'with manifest.json, card.md, the .onnx file and cases/')
    .requiredOption('--out <file>', 'where to write the bundle')
    .description("sign a model with the province's key: a box takes it with `vuon-agent models install`")
    .action((folder: string, { out }: { out: string }) =>
      withGateway(async (gateway) => {
        const { id, version, sha256, key, bytes } = gateway.packModel(folder)
        writeFileAtomically(out, bytes)
        const offer = `vuon-gateway downlink send --agent BOX --kind model-offer --model ${id} --model-version ${version} --model-file ${out}`
        say(
          { id, version, file: out, sizeBytes: bytes.length, sha256, key },
          `${id} ${version} is in ${out} (${bytes.length} bytes), signed by ${key}.\nOn a box: vuon-agent models install ${out}\nOver the line: ${offer}`,
        )
      }),
    )
}

import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { parseLotPath } from '#contract/trace/digital-link.ts'
import type { Viewer } from './accounts/viewer.ts'
import type { CommandOutside } from './register-commands.ts'
import { recallCsv } from './trace/recall/recall-csv.ts'
import { recallReport } from './trace/recall/recall-report.ts'
import { listRecalls } from './trace/recall/recalls.ts'

interface LotOptions {
  gtin: string
  lot: string
}

interface DeclareOptions extends LotOptions {
  reasonVi: string
  reasonEn: string
  onlyThisLot?: boolean
}

/** `vuon-gateway recall`: declare, lift, and tell everything that a recall has to know. */
export function addRecallCommands(program: Command, { withGateway, say }: CommandOutside): void {
  const recall = program
    .command('recall')
    .description('call fruit back, and find what it came from and went into')
  recall
    .command('declare')
    .requiredOption('--gtin <gtin>', '14 digits')
    .requiredOption('--lot <lot>')
    .requiredOption('--reason-vi <text>', 'what the consumer reads in Vietnamese')
    .requiredOption('--reason-en <text>', 'the same in English')
    .option('--only-this-lot', 'not the lots that were made from it')
    .description('recall a lot: its page says so at once, and so do the pages of what was made from it')
    .action((options: DeclareOptions) =>
      withGateway(async (gateway) => {
        const lot = lotOf(options)
        const report = await recallReport(gateway.db, lot)
        const recallId = await gateway.declareRecall({
          lot,
          reasonVi: reason(options.reasonVi),
          reasonEn: reason(options.reasonEn),
          isForward: !options.onlyThisLot,
        })
        say(
          {
            recallId,
            isUnknownLot: report.isUnknown,
            lots: report.forward.length,
            consignments: report.consignments.length,
          },
          `${recallId}: lot ${lot.lot} is recalled. ${report.isUnknown ? 'Nothing has been received about this lot yet.' : `${report.forward.length} lots, ${report.consignments.length} consignments: vuon-gateway recall report --gtin ${lot.gtin} --lot ${lot.lot}`}`,
        )
      }),
    )
  recall
    .command('lift <recallId>')
    .requiredOption('--reason-vi <text>')
    .requiredOption('--reason-en <text>')
    .description('end a recall')
    .action((recallId: string, options: { reasonVi: string; reasonEn: string }) =>
      withGateway(async (gateway) => {
        await gateway.liftRecall({
          recallId,
          reasonVi: reason(options.reasonVi),
          reasonEn: reason(options.reasonEn),
        })
        say({ recallId, state: 'lifted' }, `${recallId} is lifted.`)
      }),
    )
  recall
    .command('list')
    .description('every recall, the newest first')
    .action(() =>
      withGateway(async (gateway) => {
        const recalls = (await listRecalls(gateway.db, DEPARTMENT)) ?? []
        const lines = recalls.map(
          ({ recallId, state, gtin, lot, reasonVi }) => `${recallId}  ${state}  ${gtin} ${lot}  ${reasonVi}`,
        )
        say(recalls, lines.join('\n') || 'No recall yet.')
      }),
    )
  recall
    .command('report')
    .requiredOption('--gtin <gtin>', '14 digits')
    .requiredOption('--lot <lot>')
    .option('--csv <file>', 'write one table of everything')
    .description('back to plots, inputs and weather, forward to every lot and consignee')
    .action((options: LotOptions & { csv?: string }) =>
      withGateway(async (gateway) => {
        const report = await recallReport(gateway.db, lotOf(options))
        if (options.csv !== undefined) writeFileSync(options.csv, recallCsv(report))
        const { origins, forward, consignments, siblings } = report
        say(
          report,
          report.isUnknown
            ? 'Nothing has been received about this lot.'
            : `${origins.length} pickings, ${forward.length} lots, ${consignments.length} consignments, ${siblings.length} other lots of the same plots${options.csv ? `, in ${options.csv}` : ''}.`,
        )
      }),
    )
}

// Who may read the store's file may see every recall.
const DEPARTMENT: Viewer = {
  kind: 'person',
  personId: 'cli',
  name: 'cli',
  role: 'admin',
  farmIds: 'all',
  language: 'vi',
}

function lotOf({ gtin, lot }: LotOptions): { gtin: string; lot: string } {
  const path = parseLotPath(gtin, lot)
  if (!path)
    throw new VuonError(
      'input-invalid',
      `${gtin} / ${lot} is no GTIN of 14 digits and lot of at most 20 characters.`,
      {
        hint: 'They stand on the label under the QR code.',
      },
    )
  return path
}

function reason(text: string): string {
  const said = text.normalize('NFC').trim()
  if (said.length === 0 || said.length > 300 || /\p{Cc}/u.test(said))
    throw new VuonError('input-invalid', 'A reason has 1 to 300 characters on one line.', {
      hint: 'A consumer reads it: say what is wrong with the fruit and what to do with it.',
    })
  return said
}

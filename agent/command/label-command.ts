import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import type { AgentConfig } from '../config.ts'
import { inForceAt } from '../config-trial.ts'
import { enrolmentPath, journalPath } from '../data-folder.ts'
import { readEnrolment } from '../enrolment.ts'
import type { Lot } from '../farm-book/book-lots.ts'
import type { LabelDesk } from '../label-desk.ts'
import { MARKETS, type Market } from '../labels/label-facts.ts'
import { LABEL_FORMATS, type LabelFormat, MOST_COPIES } from '../labels/label-file.ts'
import { LABEL_SIZES } from '../labels/label-sizes.ts'
import type { PrintSaid } from '../page/label-door.ts'
import type { ConsoleAnswer } from './console-answer.ts'

interface Options {
  readonly format?: string
  readonly size?: string
  readonly dpi?: string
  readonly market: string
  readonly copies: string
  readonly out?: string
  readonly print?: string
}

const COMMON_DPI = 203
const COMMON_GAP_MM = 2

/** `label LOT`: a label as a file or on paper, from the journal alone: the agent may run beside it, or not at all. */
export function registerLabelCommand(program: Command, { loadConfig, say }: ConsoleAnswer): void {
  program
    .command('label')
    .argument('<lot>', 'number of a lot of this box')
    .option('--format <format>', `${LABEL_FORMATS.join(', ')}; what --print sends is what the printer speaks`)
    .option('--size <size>', LABEL_SIZES.map(({ name }) => name).join(', '))
    .option('--dpi <dpi>', 'dots an inch of the head: 180, 203, 300 or 600')
    .option('--market <market>', `${MARKETS.join(' or ')}: with the lines that its customs want`, 'home')
    .option('--copies <count>', `labels to print, 1 to ${MOST_COPIES}`, '1')
    .option('--out <file>', 'where to write it; else to standard output')
    .option('--print <printer>', 'name of a printer of the config')
    .description('the label of a lot, as a file or on paper')
    .action(async (number: string, options: Options) => {
      const { config } = inForceAt(loadConfig())
      checkWords(options)
      await withDesk(config, async (desk, lotNumbered) => {
        const lot = await lotNumbered(number.toUpperCase())
        if (options.print !== undefined)
          tellOutcome(await print(desk, config, lot, options), options.print, say)
        else await write(desk, config, lot, options, say)
      })
    })
}

function checkWords({ format, dpi, market, copies, print, out }: Options): void {
  const wrong = (what: string, hint: string): VuonError => new VuonError('input-invalid', what, { hint })
  if (!MARKETS.includes(market as Market))
    throw wrong(`${market} is no market.`, `--market ${MARKETS.join(' | ')}`)
  if (!/^\d{1,4}$/.test(copies))
    throw wrong(`"${copies}" is no count of copies.`, `--copies 1 to ${MOST_COPIES}`)
  if (print !== undefined && (format !== undefined || out !== undefined))
    throw wrong('A label is either printed or written to a file.', 'Give --print, or --format and --out.')
  if (print !== undefined && dpi !== undefined)
    throw wrong(
      'How fine a printer prints stands in the config.',
      'Leave --dpi out, or change printers in the config.',
    )
  if (print === undefined && !LABEL_FORMATS.includes(format as LabelFormat))
    throw wrong(
      format === undefined ? 'Nothing says in which format.' : `${format} is no format of a label.`,
      `--format ${LABEL_FORMATS.join(' | ')}, or --print NAME`,
    )
}

async function print(desk: LabelDesk, config: AgentConfig, lot: Lot, options: Options): Promise<PrintSaid> {
  const name = options.print ?? ''
  const size = options.size ?? config.printers.find((each) => each.name === name)?.size ?? ''
  const wish = { size, dpi: Number(options.dpi ?? COMMON_DPI), market: options.market as Market }
  return desk.send('command', lot, wish, name, Number(options.copies))
}

function tellOutcome(outcome: PrintSaid, printer: string, say: ConsoleAnswer['say']): void {
  if (outcome.kind === 'taken') {
    say({ printer, ...outcome }, `✓ ${printer} took everything.`)
    return
  }
  const sentence =
    outcome.kind === 'unsure'
      ? `! It is not sure what ${printer} printed (${outcome.reason}): ${outcome.detail}\n    → Switch it off and on, count what came out, then print what is missing. Nothing is sent again by itself.`
      : `✗ Nothing was printed (${outcome.reason}): ${outcome.detail}\n    → Look at paper, power and cable of the printer, then print again.`
  say({ printer, ...outcome }, sentence)
  process.exitCode = 1
}

async function write(
  desk: LabelDesk,
  config: AgentConfig,
  lot: Lot,
  options: Options,
  say: ConsoleAnswer['say'],
): Promise<void> {
  const format = options.format as LabelFormat
  // What suits the format: a receipt printer has no stickers.
  const size =
    options.size ??
    (format === 'escpos' ? 'roll58' : (config.printers[0]?.size ?? LABEL_SIZES[0]?.name ?? ''))
  const wish = { size, dpi: Number(options.dpi ?? COMMON_DPI), market: options.market as Market }
  const { bytes } = await desk.make(lot, wish, format, {
    copies: Number(options.copies),
    gapMm: COMMON_GAP_MM,
  })
  if (options.out === undefined) {
    if (process.stdout.isTTY && format !== 'svg')
      throw new VuonError('input-invalid', `A label as ${format} is nothing for a screen.`, {
        hint: 'Give --out FILE, or send it on with > or |.',
      })
    process.stdout.write(bytes)
    return
  }
  try {
    writeFileSync(options.out, bytes)
  } catch (cause) {
    throw new VuonError(
      'file-unreadable',
      `${options.out} could not be written: ${(cause as Error).message}`,
      {
        cause,
        hint: 'Check that the folder is there, that this user may write to it, and that there is room.',
      },
    )
  }
  const { lot: number } = lot
  say(
    { lot: number, format, size, file: options.out, bytes: bytes.length },
    `${options.out}: ${bytes.length} bytes.`,
  )
}

async function withDesk(
  config: AgentConfig,
  run: (desk: LabelDesk, lotNumbered: (number: string) => Promise<Lot>) => Promise<void>,
): Promise<void> {
  const enrolment = readEnrolment(enrolmentPath(config.dataDir))
  if (!enrolment) throw new VuonError('not-claimed')
  const [{ BookEntries }, { lotsOf }, { InlineThread }, { LabelDesk }] = await Promise.all([
    import('../farm-book/book-entries.ts'),
    import('../farm-book/book-lots.ts'),
    import('../journal/journal-thread.ts'),
    import('../label-desk.ts'),
  ])
  const thread = new InlineThread(journalPath(config.dataDir), { isReader: true })
  const journal = {
    records: (kind: string, { limit }: { limit: number }) => thread.call('records', kind, limit),
  }
  try {
    const book = new BookEntries(journal)
    const allocations = enrolment.allocations.map(({ growingArea, ...product }) => ({
      ...product,
      ...(growingArea ? { growingArea: { gln: growingArea.gln, code: growingArea.code } } : {}),
    }))
    const farm = { publicUrl: enrolment.publicUrl ?? enrolment.gateway, allocations, plots: config.plots }
    const desk = new LabelDesk({
      ...{ printers: config.printers, timeZone: config.timeZone, clock: systemClock, book, entries: book },
      farm: () => enrolment.farm,
    })
    await run(desk, async (number) => {
      const lot = lotsOf(await book.activities(), farm).find((each) => each.lot === number)
      if (lot) return lot
      throw new VuonError('input-invalid', `This box has no lot ${number}.`, {
        hint: 'The page of the box lists its lots under “Lô hàng”.',
      })
    })
  } finally {
    await thread.stop()
  }
}

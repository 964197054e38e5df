import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { VuonError } from '#contract/ground/errors.ts'
import { isGln } from '#contract/trace/digital-link.ts'
import type { CommandOutside } from './register-commands.ts'
import { farmCalendar } from './trace/farm-calendar.ts'
import { FEEDS } from './trace/feeds/adapters.ts'
import { FORMAT_NOTE } from './trace/feeds/feed-adapter.ts'
import { type FeedScope, feedData } from './trace/feeds/feed-data.ts'

interface ExportOptions {
  farm?: string
  area?: string
  from: string
  to: string
  out?: string
}

/** `vuon-gateway feed list|export`: what goes to the portals, the ministry and the label printer of an exporter. */
export function addFeedCommands(program: Command, { withGateway, say }: CommandOutside): void {
  const feed = program.command('feed').description('exports for national portals and for box labels')

  feed
    .command('list')
    .description('every feed and what it is for')
    .action(() => {
      const list = FEEDS.map(({ name, purpose, mediaType }) => ({ name, purpose, mediaType }))
      const lines = list.map(({ name, purpose }) => `${name.padEnd(16)} ${purpose}`)
      say({ feeds: list, note: FORMAT_NOTE }, `${lines.join('\n')}\n\nEach is a ${FORMAT_NOTE}.`)
    })

  feed
    .command('export')
    .argument('<name>', 'one of feed list')
    .option('--farm <id>', 'the records of this farm')
    .option('--area <gln/code>', 'or of this growing area, such as 9521234567899/VN-BTHOR-0042')
    .requiredOption('--from <day>', 'first day, YYYY-MM-DD')
    .requiredOption('--to <day>', 'last day, YYYY-MM-DD')
    .option('--out <file>', 'write it there; to standard output without it')
    .description('write one feed of a farm or a growing area and a period')
    .action((name: string, options: ExportOptions) => {
      const adapter = FEEDS.find((each) => each.name === name)
      if (!adapter)
        throw wrong(`There is no feed ${name}.`, `One of: ${FEEDS.map((each) => each.name).join(', ')}.`)
      const scope: FeedScope = { of: scopeOf(options), from: options.from, to: options.to }
      return withGateway(async (gateway) => {
        const { publicUrl, province, timeZone } = gateway.config
        const data = await feedData(gateway.db, scope, {
          calendar: farmCalendar(timeZone),
          publicUrl,
          provinceName: province.vi,
        })
        const text = adapter.write(data)
        if (options.out === undefined) {
          process.stdout.write(text)
          return
        }
        try {
          writeFileSync(options.out, text, { mode: 0o640 })
        } catch (cause) {
          throw new VuonError('file-unreadable', `${options.out} could not be written.`, {
            cause,
            hint: 'Check that the folder exists and that this user may write there.',
          })
        }
        const done = { feed: name, out: options.out, lots: data.lots.length, inputs: data.inputs.length }
        say(
          { ...done, note: FORMAT_NOTE },
          `${done.lots} lots and ${done.inputs} inputs are in ${done.out} (${FORMAT_NOTE}).`,
        )
      })
    })
}

function scopeOf({ farm, area }: ExportOptions): FeedScope['of'] {
  if ((farm === undefined) === (area === undefined))
    throw wrong(
      'Say whose records: --farm or --area, one of them.',
      'vuon-gateway farm list shows the farms.',
    )
  if (farm !== undefined) return { kind: 'farm', farmId: farm }
  const [gln = '', ...code] = (area ?? '').split('/')
  if (!isGln(gln) || code.join('/') === '')
    throw wrong(`${area} is no growing area.`, 'It reads as GLN of 13 digits, a slash, the code.')
  return { kind: 'area', gln, code: code.join('/') }
}

const wrong = (detail: string, hint: string): VuonError => new VuonError('input-invalid', detail, { hint })

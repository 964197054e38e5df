import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { every } from '#contract/ground/clock.ts'
import { systemClock } from '#contract/ground/node/system-clock.ts'
import { NoticeFile } from '../../../agent/notice-file.ts'
import { postOnce } from '../../../agent/notices/https-post.ts'
import { Notices } from '../../../agent/notices/notices.ts'
import { Webhook } from '../../../agent/notices/webhook.ts'

/** A program that tells twenty open alarms to a webhook, to be killed at any moment. Arguments: folder, address. */
const [, , folder = '', url = ''] = process.argv
const clock = systemClock
const file = new NoticeFile(join(folder, 'notices.json'), (code, detail) => console.error(code, detail))
const notices = new Notices({
  channels: [
    {
      ...{ atLeast: 'info', afterMs: 0, keepsQuiet: false },
      channel: new Webhook({
        ...{ name: 'hook', url, secret: 'sixteen letters and more' },
        sender: () => ({ box: 'box-1', farm: '' }),
        words: () => ({ vi: '', en: '' }),
        wallMs: () => clock.wallMs(),
        post: (options) => postOnce(options, { clock, isLocal: () => true }),
      }),
    },
  ],
  store: file,
  ...{ clock, random: Math.random, quietHours: [], escalateAfterMs: null, newId: randomUUID },
  now: () => clock.wallMs(),
  minuteOfDay: () => null,
  onFault: () => {},
})
notices.restore()
notices.alarmsAre(
  Array.from({ length: 20 }, (_, number) => ({
    ...{ alarmId: `a${number}`, severity: 'warning', rule: 'above', name: 'Nóng', device: `d${number}` },
    ...{ quantity: 'air-temperature', facts: {}, raisedAt: 1_790_000_000_000, acknowledged: null },
  })),
)
// It ends when nothing waits any more and that is on disk.
every(clock, 20, () => {
  if (notices.states()[0]?.waiting === 0) void notices.stop().then(() => process.exit(0))
})

import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addKeyCommands } from '../../gateway/key-commands.ts'
import { keyOf, rotate } from './rotating-box.ts'
import { RunningGateway } from './running-gateway.ts'
import { minutes, SignedBox } from './signed-box.ts'

/** `vuon-gateway key` as the administrator types it, over a store with a box in it. */
async function administrator() {
  const { province, box } = await RunningGateway.withBox()
  const run = async (...words: string[]) => {
    const said: { value: unknown; sentence: string }[] = []
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
    addKeyCommands(program, {
      withGateway: (work) => work(province.gateway),
      say: (value, sentence) => void said.push({ value, sentence }),
    })
    for (const command of program.commands)
      for (const each of command.commands) each.exitOverride().configureOutput({ writeErr: () => {} })
    await program.parseAsync(['key', ...words], { from: 'user' })
    return said[0]!
  }
  return { province, box, run }
}

describe('vuon-gateway key', () => {
  it('list shows where each key begins and ends', async () => {
    const { province, box, run } = await administrator()
    const first = box.keyId
    await province.take(box.readings(minutes(1, 5)))
    await province.take(rotate(box, keyOf(101), { record: 2, finding: 1, reading: 6 }))
    const { value, sentence } = await run('list', '--agent', box.agent)
    expect(value).toMatchObject([
      {
        agent: box.agent,
        keys: [
          { key: first, state: 'retired' },
          { key: box.keyId, state: 'current' },
        ],
      },
    ])
    expect(sentence).toContain(
      `${first}  retired, before record 2, finding 1, reading 6 of epoch ${box.epoch}`,
    )
    expect(sentence).toContain(`${box.keyId}  current, from record 2`)
    await province.enrol(new SignedBox(2))
    expect((await run('list')).value).toHaveLength(2)
    await expect(run('list', '--agent', 'nobody')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('revoke takes the last trusted numbers, and what is not named as far as it is here', async () => {
    const { province, box, run } = await administrator()
    await province.take(box.records({ kind: 'config', hash: new Uint8Array(32), program: 'x' }))
    await province.take(box.readings(minutes(1, 5)))
    await province.take(box.readings(minutes(1, 5)))
    const { value, sentence } = await run(
      ...['revoke', '--agent', box.agent, '--reason', 'stolen', '--last-trusted', 'reading=5,finding=6'],
    )
    expect(value).toEqual({
      keys: [box.keyId],
      epoch: box.epoch,
      lastTrusted: { record: 1, finding: 6, reading: 5 },
      untrustedBatches: 1,
    })
    expect(sentence).toMatch(
      /Revoked .* \(stolen\)\. Trusted in epoch .*: record 1, finding 6, reading 5\. 1 stored/,
    )
    expect((await run('list')).sentence).toContain(
      'revoked (stolen), trusted through record 1, finding 6, reading 5',
    )
  })

  it.each(['reading', 'reading=', 'reading=-1', 'reading=1,reading=2', 'photos=3', 'reading=1 record=2', ''])(
    'revoke refuses --last-trusted %j',
    async (text) => {
      const { province, box, run } = await administrator()
      const before = await province.stored()
      const revoke = run('revoke', '--agent', box.agent, '--reason', 'lost', '--last-trusted', text)
      await expect(revoke).rejects.toMatchObject({ code: 'input-invalid' })
      expect(await province.stored()).toBe(before)
    },
  )

  it('revoke wants a reason, one of four', async () => {
    const { box, run } = await administrator()
    await expect(run('revoke', '--agent', box.agent)).rejects.toMatchObject({ exitCode: 1 })
    await expect(run('revoke', '--agent', box.agent, '--reason', 'bored')).rejects.toMatchObject({
      exitCode: 1,
    })
  })
})

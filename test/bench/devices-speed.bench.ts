/**
 * How many messages a second each decoder reads on one core, beside the least that anybody would do with the same
 * bytes. `npm run bench -- devices-speed [decoder..]`; run it on an idle machine.
 *
 * `ratio` is the decoder's time divided by the floor's: 1 would be a decoder that costs nothing. The figure is the best
 * of several spells, because what disturbs a machine only ever takes time.
 */
import { chosenLoads, type DeviceLoad } from './device-loads.ts'
import { sayFigure } from './figures.ts'

const SPELL_MS = 250
const SPELLS = 4

for (const load of chosenLoads(process.argv.slice(2))) {
  const round = load.create()
  if ((await round()) === 0) throw new Error(`${load.name}: no readings`)
  const ours = await fastest(load, round)
  const floor = await fastest(load, load.floor.run)
  sayFigure({
    bench: 'devices-speed',
    what: load.name,
    figure: Math.round(ours),
    unit: 'messages/s',
    floor: Math.round(floor),
    floorIs: load.floor.what,
    ratio: Number((floor / ours).toFixed(2)),
    bytes: load.bytes,
  })
}

/** Messages a second. */
async function fastest({ round }: DeviceLoad, run: () => unknown): Promise<number> {
  let best = 0
  for (let spell = 0; spell <= SPELLS; spell++) {
    const begun = performance.now()
    let messages = 0
    let now = begun
    // Some 100 messages between two looks at the clock.
    while (now - begun < SPELL_MS) {
      for (let taken = 0; taken < 100; taken += round) {
        const answer = run()
        if (answer instanceof Promise) await answer
        messages += round
      }
      now = performance.now()
    }
    // The first spell only warms up.
    if (spell > 0) best = Math.max(best, (messages / (now - begun)) * 1000)
  }
  return best
}

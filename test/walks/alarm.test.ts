import { expect, onTestFinished, test } from 'vitest'
import type { FarmDetail } from '../../gateway/insight/answers.ts'
import { minutes, seconds, World } from '../world/world.ts'

const config = {
  alarms: [{ name: 'Nóng quá', quantity: 'air-temperature', above: 38, hysteresis: 1, forS: 0 }],
}

async function hotFarm() {
  const world = await World.open({ seed: 11 })
  onTestFinished(() => world.close())
  const farm = await world.addFarm({ config })
  farm.weather.airTempC = 39.2
  await world.advance(minutes(2))
  const [alarm] = farm.agent.desk.standing
  return { world, farm, alarmId: alarm?.alarmId ?? '' }
}

test('that somebody on the farm has seen an alarm is known at the province, and on the box after a restart', async () => {
  const { world, farm, alarmId } = await hotFarm()
  const detail = () => world.ask<FarmDetail>(`/api/v1/farms/${farm.farmId}`)
  expect((await detail()).alarms).toMatchObject([{ alarmId, state: 'raised', acknowledgedAt: null }])
  const said = () => world.clock.finish(farm.agent.desk.acknowledge(alarmId, 'p-1'))
  expect(await Promise.all([said(), said()])).toEqual(['acknowledged', 'acknowledged'])
  expect(await said()).toBe('acknowledged')
  await world.advance(seconds(30))
  const { alarms } = await detail()
  expect(alarms).toMatchObject([{ alarmId, state: 'raised', acknowledgedAt: expect.any(Number) }])
  await farm.restart()
  await world.advance(minutes(1))
  expect((await farm.agent.overview()).alarms).toMatchObject([{ alarmId, acknowledged: { person: 'p-1' } }])
  farm.weather.airTempC = 30
  await world.advance(minutes(2))
  expect((await detail()).alarms).toMatchObject([{ state: 'cleared', acknowledgedAt: expect.any(Number) }])
  expect(await said()).toBe('unknown')
  // Each line of the journal has a time of its own, also after the restart.
  const rows = await world.clock.finish(farm.agent.journal.records('alarm', { limit: 10 }))
  const lines = rows
    .map(({ entry }) => entry)
    .filter((entry) => 'alarmId' in entry && entry['alarmId'] === alarmId)
  expect(lines.map((entry) => 'state' in entry && entry['state']).toSorted()).toEqual([
    'acknowledged',
    'cleared',
    'raised',
  ])
  expect(new Set(lines.map(({ t }) => t)).size).toBe(3)
  expect(new Set(lines.map(({ boot }) => boot)).size).toBe(2)
})

test('the box tells its page of an alarm, once, whatever restarts', async () => {
  const { world, farm } = await hotFarm()
  // The outbox is a real file, and pretend time does not wait for the disk.
  for (let turns = 0; turns < 200 && farm.agent.notices.states[0]?.waiting; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    await world.advance(seconds(1))
  }
  expect(farm.agent.notices.states).toMatchObject([{ name: 'page', delivered: 1, waiting: 0 }])
  await farm.restart()
  await world.advance(minutes(5))
  expect(farm.agent.notices.states).toMatchObject([{ name: 'page', delivered: 0, waiting: 0 }])
  expect(await farm.agent.notices.test('page')).toMatchObject({ kind: 'delivered' })
  expect((await farm.agent.overview()).testedAt).toBe(farm.agent.journal.now())
})

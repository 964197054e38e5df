import { describe, expect, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { mistakesIn } from '../world/config-said.ts'

const PLOTS = 'plots: [{ id: lo-a, name: Lô A, crop: mango, areaHa: 1 }]\n'
const camera = (keys: string): string =>
  `${PLOTS}buses:\n  - { kind: camera-folder, name: camera-a, ${keys} }\n`

describe('a camera folder in the config', () => {
  test('needs its path; the rest has defaults', () => {
    expect(parseConfig(agentConfigSchema, camera('path: /srv/a'), 'box.yaml').buses[0]).toEqual({
      ...{ kind: 'camera-folder', name: 'camera-a', path: '/srv/a' },
      ...{ everyS: 5, plot: '', crop: '', organ: '' },
    })
  })

  test('that names a plot which is not there is told which there are, with the line', () => {
    expect(mistakesIn(camera('path: /srv/a, plot: lo-x'))).toEqual([
      expect.objectContaining({ line: 3, key: 'buses[0].plot', remedy: 'one of lo-a' }),
    ])
    expect(mistakesIn(camera('path: /srv/a, plot: lo-a, organ: leaf'))).toEqual([])
  })

  test('takes a crop as a manifest writes it, and the three organs', () => {
    expect(mistakesIn(camera('path: /srv/a, crop: Dragon Fruit'))[0]?.key).toBe('buses[0].crop')
    expect(mistakesIn(camera('path: /srv/a, crop: black-pepper'))).toEqual([])
    expect(mistakesIn(camera('path: /srv/a, organ: root'))[0]?.key).toBe('buses[0].organ')
  })
})

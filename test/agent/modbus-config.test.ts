import { describe, expect, test } from 'vitest'
import { agentConfigSchema } from '../../agent/config.ts'
import { polledProbe, protocolOf } from '../../agent/inputs.ts'
import { checkProfiles } from '../../agent/profile-check.ts'

const probes = [{ name: 'air', profile: 'xy-md02', unit: 1 }]
const configOf = (bus: object) => agentConfigSchema.parse({ buses: [{ name: 'bus', probes, ...bus }] })
const busOf = (bus: object) => {
  const [first] = configOf(bus).buses
  if (first?.kind !== 'serial' && first?.kind !== 'modbus-tcp') throw new Error('no bus of probes')
  return first
}

describe('which Modbus a bus speaks', () => {
  test.each([
    [{ kind: 'serial', path: '/dev/x' }, 'rtu'],
    [{ kind: 'serial', path: '/dev/x', protocol: 'ascii' }, 'ascii'],
    [{ kind: 'modbus-tcp', host: 'h' }, 'tcp'],
    [{ kind: 'modbus-tcp', host: 'h', framing: 'rtu' }, 'rtu'],
  ])('%j speaks %s', (bus, protocol) => {
    expect(protocolOf(busOf(bus))).toBe(protocol)
  })

  test('anything else is refused', () => {
    expect(() => busOf({ kind: 'serial', path: '/dev/x', protocol: 'tcp' })).toThrow()
    expect(() => busOf({ kind: 'modbus-tcp', host: 'h', framing: 'ascii' })).toThrow()
  })

  test('an ASCII line is 7E1 unless the config says otherwise', () => {
    const probe = { name: 'air', profile: 'xy-md02', unit: 1 }
    const settings = (more: object, protocol: 'rtu' | 'ascii') => {
      const [first] = busOf({ kind: 'serial', path: '/dev/x', probes: [{ ...probe, ...more }] }).probes
      return polledProbe(first!, protocol).settings
    }
    expect(settings({}, 'ascii')).toEqual({ baudRate: 9600, parity: 'even', dataBits: 7, stopBits: 1 })
    expect(settings({ parity: 'none', stopBits: 2 }, 'ascii')).toMatchObject({
      parity: 'none',
      dataBits: 7,
      stopBits: 2,
    })
    expect(settings({ parity: 'none', dataBits: 8 }, 'ascii')).toMatchObject({ parity: 'none', dataBits: 8 })
    expect(settings({}, 'rtu')).toEqual({ baudRate: 9600, parity: 'none', dataBits: 8, stopBits: 1 })
  })

  test('RTU with seven data bits is a mistake that names probe and remedy', () => {
    const config = configOf({ kind: 'serial', path: '/dev/x', probes: [{ ...probes[0], dataBits: 7 }] })
    expect(() => checkProfiles(config)).toThrow(/probe "air".*8 data bits/)
  })
})

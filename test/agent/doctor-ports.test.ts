import { describe, expect, test } from 'vitest'
import { type DoctorFacts, examine } from '../../agent/health/doctor.ts'

const facts = (serialPorts: DoctorFacts['serialPorts']): DoctorFacts => ({
  configFile: 'agent.yaml',
  arch: 'arm64',
  totalMemoryBytes: 1e9,
  freeMemoryBytes: 5e8,
  dataDir: '/data',
  isWritable: true,
  freeDiskBytes: 1e10,
  hasKey: true,
  keyProblem: null,
  claimed: null,
  pageCode: null,
  pagePort: 8080,
  lossWindowMs: 1000,
  quotaMb: 2000,
  serialPorts,
  journalDamage: [],
  running: null,
})

describe('what doctor says of serial ports', () => {
  test('a name that changes when sticks are swapped is warned of, with the one that stays', () => {
    const lasting = '/dev/serial/by-id/usb-FTDI_1'
    const checks = examine(facts([{ bus: 'line-1', path: '/dev/ttyUSB0', lasting }]), 'en')
    expect(checks.find(({ name }) => name === 'port /dev/ttyUSB0')).toMatchObject({
      state: 'warning',
      hint: expect.stringContaining(lasting),
    })
  })

  test('without a lasting name it says where to find or make one', () => {
    const checks = examine(facts([{ bus: 'line-1', path: '/dev/ttyACM3', lasting: null }]), 'vi')
    expect(checks.find(({ name }) => name.startsWith('port'))?.hint).toContain('/dev/serial/by-id')
  })

  test('a lasting name and a UART of the board are fine, and RTS-driven RS-485 is refused with its remedy', () => {
    const checks = examine(
      facts([
        { bus: 'a', path: '/dev/serial/by-id/usb-FTDI_1', lasting: null },
        { bus: 'b', path: '/dev/ttyAMA0', lasting: null },
      ]),
      'en',
    )
    expect(checks.filter(({ name }) => name.startsWith('port'))).toEqual([])
    expect(checks.find(({ name }) => name === 'rs485')).toMatchObject({
      sentence: expect.stringContaining('RTS'),
      hint: expect.stringContaining('automatic direction'),
    })
  })

  test('a box without serial buses is told nothing of them', () => {
    expect(examine(facts([]), 'en').filter(({ name }) => /rs485|port/.test(name))).toEqual([])
  })
})

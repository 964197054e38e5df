import { describe, expect, test } from 'vitest'
import { parseConfig } from '#contract/ground/config-declaration.ts'
import { agentConfigSchema } from '../../agent/config.ts'
import { tcpAddressOf } from '../../agent/printer-config.ts'
import { mistakesIn } from '../world/config-said.ts'

const printer = (keys: string): string => `printers:\n  - { name: may-in, ${keys} }\n`
const first = (text: string) => mistakesIn(text)[0]

describe('a printer in the config', () => {
  test('needs its language, its labels and a way to it; the rest has defaults', () => {
    const text = printer('language: tspl, size: 60x40, address: 192.168.1.60')
    expect(parseConfig(agentConfigSchema, text, 'box.yaml').printers).toEqual([
      { name: 'may-in', language: 'tspl', dpi: 203, size: '60x40', gapMm: 2, address: '192.168.1.60' },
    ])
    expect(mistakesIn(printer('language: zpl, dpi: 600, size: 100x150, device: /dev/usb/lp0'))).toEqual([])
  })

  test.each<[string, string, string, string]>([
    ['no way to it', 'language: zpl, size: 60x40', 'printers[0].address', '/dev/usb/lp0'],
    [
      'two ways to it',
      'language: zpl, size: 60x40, address: a, device: /dev/usb/lp0',
      'printers[0].device',
      'one of the two',
    ],
    [
      'a receipt roll in a label printer',
      'language: tspl, size: roll58, address: a',
      'printers[0].size',
      '50x30',
    ],
    [
      'stickers in a receipt printer',
      'language: escpos, size: 60x40, address: a',
      'printers[0].size',
      'roll58, roll80',
    ],
    [
      'a head that no such printer has',
      'language: escpos, dpi: 600, size: roll58, address: a',
      'printers[0].dpi',
      '180 or 203',
    ],
    ['a port that is none', 'language: zpl, size: 60x40, address: "a:70000"', 'printers[0].address', '9100'],
  ])('with %s is told which key and what would be right', (_, keys, key, remedy) => {
    expect(first(printer(keys))).toMatchObject({ key, remedy: expect.stringContaining(remedy) })
  })

  test.each(['/etc/passwd', 'lp0', '/dev/../etc/x', '/dev/'])('is never at %s', (device) => {
    expect(first(printer(`language: zpl, size: 60x40, device: ${device}`))?.key).toBe('printers[0].device')
  })

  test('has a name of its own', () => {
    const each = '  - { name: may-in, language: zpl, size: 60x40, address: a }\n'
    expect(first(`printers:\n${each}${each}`)).toMatchObject({ line: 3, key: 'printers[1].name' })
  })

  test.each([
    ['192.168.1.60', { host: '192.168.1.60', port: 9100 }],
    ['may-in.local:6101', { host: 'may-in.local', port: 6101 }],
    ['[fe80::1]:9100', { host: 'fe80::1', port: 9100 }],
    ['[fe80::1]', { host: 'fe80::1', port: 9100 }],
  ])('at %s is found', (address, found) => expect(tcpAddressOf(address)).toEqual(found))
})

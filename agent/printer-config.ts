import { z } from 'zod'
import { name } from './config-fields.ts'
import { DPIS, type Dpi, isPrintable, LABEL_SIZES, PRINTER_LANGUAGES } from './labels/label-sizes.ts'

/** `printers:` in the config: what prints labels, and how it is reached. */

const SIZE_NAMES = LABEL_SIZES.map((size) => size.name)

const printer = z
  .strictObject({
    name: name.describe('Your name for it, as the page and `label --print` call it.'),
    language: z
      .enum(PRINTER_LANGUAGES)
      .describe(
        'What it speaks: tspl (most label printers sold here), zpl (Zebra and alike), escpos (receipts).',
      ),
    dpi: z
      .literal([...DPIS])
      .default(203)
      .describe('Dots an inch of its head: 203, 300 or 600; receipt printers 203 or 180.'),
    size: z
      .enum(SIZE_NAMES)
      .describe('Labels that are in it: width x height in mm; roll58 or roll80 for receipts.'),
    gapMm: z
      .number()
      .min(0)
      .max(20)
      .default(2)
      .meta({ unit: 'mm' })
      .describe('Gap between two labels (tspl); 0 for paper without gaps.'),
    address: z
      .string()
      .regex(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253})(:\d{1,5})?$/, 'a host, or host:port')
      .optional()
      .describe('Where it is on the network; its port is 9100 if not given.'),
    device: z
      .string()
      .regex(/^\/dev\/(?!.*\.\.)[A-Za-z0-9._/-]{1,100}$/, 'a file in /dev')
      .optional()
      .describe('Or where the kernel shows it: /dev/usb/lp0. The agent has to be in the group lp.'),
  })
  .superRefine(({ address, device, language, size: asked, dpi }, context) => {
    const refuse = (path: string, message: string, remedy: string): void =>
      context.addIssue({ code: 'custom', path: [path], message, params: { remedy } })
    if (address === undefined && device === undefined)
      refuse('address', 'is missing', 'address: 192.168.1.60, or device: /dev/usb/lp0')
    if (address !== undefined && device !== undefined)
      refuse('device', 'stands beside an address', 'one of the two: how is the printer reached?')
    if (address !== undefined && Number(/:(\d+)$/.exec(address)?.[1] ?? 1) > 65_535)
      refuse('address', 'has no such port', 'a port up to 65535, as a rule 9100')
    const size = LABEL_SIZES.find((each) => each.name === asked)
    if (!size || isPrintable(language, size, dpi)) return
    const fitting = LABEL_SIZES.filter((each) => isPrintable(language, each, dpi)).map((each) => each.name)
    if (fitting.length === 0)
      refuse(
        'dpi',
        `${language} printers have no head of ${dpi} dpi`,
        language === 'escpos' ? '180 or 203' : '203, 300 or 600',
      )
    else refuse('size', `is nothing that a ${language} printer prints`, `one of ${fitting.join(', ')}`)
  })

export const printers = z
  .array(printer)
  // A shed has one or two.
  .max(16)
  .default([])
  .superRefine((all, context) => {
    all.forEach((each, index) => {
      if (all.findIndex((other) => other.name === each.name) === index) return
      const remedy = { remedy: 'give each printer its own name' }
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `is used twice ("${each.name}")`,
        params: remedy,
      })
    })
  })
  .describe('Printers for labels.')

export type PrinterConfig = z.output<typeof printers>[number]

const RAW_PORT = 9100

/** Where a printer on the network listens. */
export function tcpAddressOf(address: string): { host: string; port: number } {
  const [, host = '', port] = /^(.*?)(?::(\d{1,5}))?$/.exec(address) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? RAW_PORT : Number(port) }
}

export const dpiOf = (text: string): Dpi | undefined => DPIS.find((dpi) => String(dpi) === text)

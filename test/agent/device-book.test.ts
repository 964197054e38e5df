import { expect, test } from 'vitest'
import { DeviceBook } from '../../agent/health/device-book.ts'

test('a device that says that it goes is silent at once, and is back when it speaks', () => {
  const book = new DeviceBook({ factor: 5, atLeastS: 900 })
  const status = (now: number) => book.devices(now).map((device) => device.status)
  book.gone('stranger')
  expect(book.devices(0)).toEqual([])
  book.expect('probe', { bus: 'b', place: '' })
  book.gone('probe')
  expect(status(1000)).toEqual(['never'])
  book.heard('probe', 'b', 1000)
  expect(status(2000)).toEqual(['fresh'])
  book.gone('probe')
  expect(status(2000)).toEqual(['silent'])
  book.heard('probe', 'b', 3000)
  expect(status(3000)).toEqual(['fresh'])
})

import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes what was renamed, created or removed in a folder durable: a rename alone may be undone by a power cut. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

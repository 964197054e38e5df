/**
 * What loading a program leaves behind is a third of its memory, and V8 would wait for far more than a box has before it
 * looks. Takes a tenth of a second or some: for the moment in which everything is loaded and nobody waits yet. It does
 * nothing unless Node was started with --expose-gc.
 */
export const giveBackMemory = (): void =>
  void globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })

/**
 * Brings what was said by several boots into the order in which they were: the readings of each series stand in that
 * order on the card, the series one after another, and a boot need not have read the first of them.
 *
 * `seen`: by series, the boots in the order in which they come there, each once. Where two series disagree (a clock that
 * was set twice within a boot) the first to be met goes first.
 */
export function inOrderOfBoots(seen: Iterable<readonly string[]>): string[] {
  const before = new Map<string, Set<string>>()
  for (const boots of seen)
    boots.forEach((boot, index) => {
      const earlier = before.get(boot) ?? new Set<string>()
      before.set(boot, earlier)
      const last = boots[index - 1]
      if (last !== undefined) earlier.add(last)
    })
  const ordered: string[] = []
  while (before.size > 0) {
    const [first] = before.keys() as Iterable<string>
    const next = [...before].find(([, earlier]) => ![...earlier].some((boot) => before.has(boot)))
    const boot = next?.[0] ?? (first as string)
    ordered.push(boot)
    before.delete(boot)
  }
  return ordered
}

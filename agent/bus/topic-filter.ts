/** Whether a topic matches a subscription's filter with + and # (MQTT 3.1.1 §4.7). */
export function topicMatches(filter: string, topic: string): boolean {
  // A wildcard at the start does not reach $-topics (§4.7.2).
  if (topic.startsWith('$') && !filter.startsWith('$')) return false
  // Level by level, where each begins; nothing is cut out, for every message is asked of every filter.
  for (let wanted = 0, level = 0; ; ) {
    const wantedEnd = endOfLevel(filter, wanted)
    if (wantedEnd === wanted + 1 && filter[wanted] === '#') return true
    if (level > topic.length) return false
    const levelEnd = endOfLevel(topic, level)
    const isAny = wantedEnd === wanted + 1 && filter[wanted] === '+'
    const isSame = () =>
      wantedEnd - wanted === levelEnd - level && topic.startsWith(filter.slice(wanted, wantedEnd), level)
    if (!isAny && !isSame()) return false
    if (wantedEnd === filter.length) return levelEnd === topic.length
    wanted = wantedEnd + 1
    level = levelEnd + 1
  }
}

function endOfLevel(text: string, from: number): number {
  const end = text.indexOf('/', from)
  return end < 0 ? text.length : end
}

/** Whether it is a filter at all: + and # alone in their level, # at the end (MQTT 3.1.1 §4.7.1). */
export const isTopicFilter = (filter: string): boolean =>
  filter !== '' &&
  !filter.includes('\0') &&
  filter
    .split('/')
    .every(
      (level, index, levels) =>
        !/[+#]/.test(level) || level === '+' || (level === '#' && index === levels.length - 1),
    )

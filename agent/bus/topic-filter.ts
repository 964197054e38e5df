/** Whether a topic matches a subscription's filter with + and # (MQTT 3.1.1 §4.7). */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  // A wildcard at the start does not reach $-topics (§4.7.2).
  if (topic.startsWith('$') && !filter.startsWith('$')) return false
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] === '#') return true
    if (index >= levels.length) return false
    if (wanted[index] !== '+' && wanted[index] !== levels[index]) return false
  }
  return wanted.length === levels.length
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

/**
 * A name as one level of an MQTT topic: "Nóng quá" → nong-qua. Vietnamese letters lose their marks, what is neither
 * letter nor digit becomes a hyphen. Names that differ only in that share a topic.
 */
export function topicPart(name: string): string {
  const plain = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64)
  return plain || 'other'
}

import type { ThingLevel, ThingLink } from './link-types.ts'
import { VOCABULARY } from './link-types.ts'

/** The links of a thing as RFC 9264 has them: one context object a level, and one default link in all. */
export function linksetOf(levels: readonly ThingLevel[], publicUrl: string): Record<string, unknown> {
  const isDefault = levels.findIndex((level) => level.defaultLink !== null)
  return {
    linkset: levels
      .map((level, index) => contextOf(level, index === isDefault, publicUrl))
      .filter((context) => Object.values(context).some(Array.isArray)),
  }
}

function contextOf(
  { path, description, links, defaultLink }: ThingLevel,
  withDefault: boolean,
  publicUrl: string,
): Record<string, unknown> {
  const context: Record<string, unknown> = {
    anchor: publicUrl + path,
    // RFC 9264 §4.2.1 lets a context carry members of its own. Resolver 1.2.0 renamed this one, and readers of 1.1
    // look for the old name.
    description,
    itemDescription: description,
  }
  if (withDefault && defaultLink) context[`${VOCABULARY}defaultLink`] = [targetOf(defaultLink)]
  for (const type of new Set(links.map((link) => link.type)))
    context[VOCABULARY + type] = links.filter((link) => link.type === type).map(targetOf)
  return context
}

const targetOf = ({ href, title, mediaType, languages }: ThingLink): Record<string, unknown> => ({
  href,
  title,
  type: mediaType,
  ...(languages.length > 0 ? { hreflang: languages } : {}),
})

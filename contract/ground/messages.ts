/**
 * Every sentence that a person reads, in each language. A room declares its sentences once with
 * `defineMessages`; the type makes a missing translation a compile error, and the tidy test checks that
 * the placeholders agree.
 */
export type Language = 'vi' | 'en'
export const LANGUAGES: readonly Language[] = ['vi', 'en']

export type Parameters = Record<string, string | number>

export interface Messages<Key extends string> {
  (language: Language, key: Key, parameters?: Parameters): string
  readonly tables: Record<Language, Record<Key, string>>
}

/** `{name}` in a sentence is replaced by `parameters.name`; one that is not given stays visible. */
export function defineMessages<const Vi extends Record<string, string>>(tables: {
  vi: Vi
  en: Record<keyof Vi, string>
}): Messages<Extract<keyof Vi, string>> {
  type Key = Extract<keyof Vi, string>
  const typed = tables as Record<Language, Record<Key, string>>
  const say = (language: Language, key: Key, parameters: Parameters = {}): string =>
    typed[language][key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole))
  return Object.assign(say, { tables: typed })
}

/** The language asked for by a query (`?lang=`), else by Accept-Language, else Vietnamese. */
export function chooseLanguage(asked: string | undefined, acceptLanguage: string | undefined): Language {
  if (asked === 'vi' || asked === 'en') return asked
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...rest] = part.trim().split(';')
      const weight = Number(
        rest
          .find((item) => item.trim().startsWith('q='))
          ?.trim()
          .slice(2) ?? 1,
      )
      return { tag: tag.toLowerCase().slice(0, 2), weight: Number.isFinite(weight) ? weight : 0 }
    })
    .filter((part) => part.weight > 0 && (part.tag === 'vi' || part.tag === 'en'))
    .sort((a, b) => b.weight - a.weight)
  return wanted[0]?.tag === 'en' ? 'en' : 'vi'
}

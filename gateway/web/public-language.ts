import type { PublicLanguage } from './lot-messages.ts'

export const PUBLIC_LANGUAGES: readonly PublicLanguage[] = ['vi', 'en', 'zh']

/** For the `lang` attribute: our Chinese is written in simplified characters. */
export const LANGUAGE_TAG: Record<PublicLanguage, string> = { vi: 'vi', en: 'en', zh: 'zh-Hans' }

/** Each language by its own name, which its readers look for. */
export const LANGUAGE_NAME: Record<PublicLanguage, string> = { vi: 'Tiếng Việt', en: 'English', zh: '中文' }

/** Asked for by `?lang=`, else the best of Accept-Language (RFC 9110 §12.5.4), else Vietnamese. */
export function choosePublicLanguage(asked: unknown, acceptLanguage: string | undefined): PublicLanguage {
  const wanted = PUBLIC_LANGUAGES.find((language) => language === asked)
  if (wanted) return wanted
  // Nobody reads twenty languages; a longer header is somebody playing.
  const ranked = (acceptLanguage ?? '')
    .slice(0, 400)
    .split(',')
    .slice(0, 20)
    .flatMap((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';')
      const weight = parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find(Boolean)
      const language = PUBLIC_LANGUAGES.find((each) => tag === each || tag.startsWith(`${each}-`))
      return language && Number(weight ?? 1) > 0 ? [{ language, weight: Number(weight ?? 1) }] : []
    })
    .sort((a, b) => b.weight - a.weight)
  return ranked[0]?.language ?? 'vi'
}

/** Sentences of the public pages in their three languages; `{name}` is replaced by `parameters.name`. */
export interface PublicMessages<Key extends string> {
  (language: PublicLanguage, key: Key, parameters?: Record<string, string | number>): string
  readonly tables: Record<PublicLanguage, Record<Key, string>>
  readonly has: (key: string) => key is Key
}

export function definePublic<const Vi extends Record<string, string>>(tables: {
  vi: Vi
  en: Record<keyof Vi, string>
  zh: Record<keyof Vi, string>
}): PublicMessages<Extract<keyof Vi, string>> {
  type Key = Extract<keyof Vi, string>
  const typed = tables as Record<PublicLanguage, Record<Key, string>>
  const say = (
    language: PublicLanguage,
    key: Key,
    parameters: Record<string, string | number> = {},
  ): string =>
    typed[language][key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole))
  const has = (key: string): key is Key => Object.hasOwn(typed.vi, key)
  return Object.assign(say, { tables: typed, has })
}

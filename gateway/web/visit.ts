import type { FastifyRequest } from 'fastify'
import { chooseLanguage, type Language } from '#contract/ground/messages.ts'
import type { Viewer } from '../accounts/viewer.ts'
import type { WebSources } from './sources.ts'

/** Who opens a page of the app, and in which language it answers. */
export interface Visit {
  readonly viewer: Viewer
  readonly csrf: string
  readonly language: Language
}

export async function visitOf(request: FastifyRequest, sources: WebSources): Promise<Visit> {
  const { viewer, csrf } = await sources.viewerOf(request)
  const language = viewer.kind === 'person' ? viewer.language : languageOf(request)
  return { viewer, csrf, language }
}

/** The public's language: in the address when they chose one, else as their browser says. */
export function languageOf(request: FastifyRequest): Language {
  const { lang } = request.query as { lang?: unknown }
  return chooseLanguage(typeof lang === 'string' ? lang : undefined, request.headers['accept-language'])
}

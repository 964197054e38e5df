import type { FastifyInstance } from 'fastify'
import type { Site } from './app-frame.ts'
import { areaRoutes } from './area-routes.ts'
import { assetRoutes } from './assets.ts'
import { errorPages } from './error-pages.ts'
import { farmRoutes } from './farm-routes.ts'
import { findingRoutes } from './finding-routes.ts'
import { linkRoutes } from './link-routes.ts'
import { lotRoutes } from './lot-routes.ts'
import { recallRoutes } from './recall-routes.ts'
import { signInRoutes } from './sign-in.ts'
import type { WebSources } from './sources.ts'

/** The agronomist's app and the public pages: HTML from functions, whole without script. */
export function webRoutes(app: FastifyInstance, sources: WebSources): void {
  const assets = assetRoutes(app)
  const site: Site = { sources, assets, isSecure: sources.publicUrl.startsWith('https:') }
  // A scope of its own, so that only the addresses of people answer errors with pages.
  app.register(async (scope) => {
    errorPages(app, scope, site)
    signInRoutes(scope, site)
    farmRoutes(scope, site)
    findingRoutes(scope, site)
    recallRoutes(scope, site)
    lotRoutes(scope, sources, { verifier: assets.verifyLot })
    areaRoutes(scope, sources)
    linkRoutes(scope, sources)
  })
}

import { VuonError } from '#contract/ground/errors.ts'
import type { Link } from './link.ts'

/** A dead link keeps a request for minutes; a program that ends does not wait for it: it rejects with `link-down`. */
export const abortable = (link: Link, signal: AbortSignal): Link => ({
  request: (request) =>
    new Promise((resolve, reject) => {
      const stop = () => reject(new VuonError('link-down', 'What was asked is no longer waited for.'))
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop)
      link
        .request(request)
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', stop))
    }),
})

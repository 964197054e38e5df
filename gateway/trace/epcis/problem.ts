import { ERRORS, VuonError } from '#contract/ground/errors.ts'
import { EPCIS_EXCEPTIONS, EpcisException, type EpcisExceptionName } from '#contract/trace/epcis-exception.ts'

/** An RFC 9457 problem with the standard's type and its status. */
export interface EpcisProblem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly hint: string
  readonly errors?: readonly string[]
}

/** The problem that an error is; undefined for what should not have failed, which the gateway answers as everywhere. */
export function epcisProblem(
  error: Error & { statusCode?: number; code?: string },
): EpcisProblem | undefined {
  if (error instanceof EpcisException) {
    const { exception, status, message, hint, errors } = error
    return problem(exception, status, message, hint, errors)
  }
  if (error instanceof VuonError) {
    const { status } = ERRORS[error.code]
    const exception = OF_STATUS[status]
    return exception && problem(exception, status, error.message, error.hint)
  }
  const { statusCode } = error
  if (statusCode === 413)
    return problem(
      'CaptureLimitExceededException',
      413,
      'The body is larger than one capture takes.',
      'See GS1-EPCIS-Capture-File-Size-Limit; send the events in several documents.',
    )
  if (statusCode === 415)
    return problem(
      'UnsupportedMediaTypeException',
      415,
      'The body has a type that is not taken here.',
      'Send application/json.',
    )
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return problem('ValidationException', statusCode, 'The request could not be read.', 'Send JSON as UTF-8.')
  return undefined
}

const OF_STATUS: Readonly<Record<number, EpcisExceptionName>> = {
  400: 'ValidationException',
  401: 'SecurityException',
  403: 'SecurityException',
  404: 'NoSuchResourceException',
}

function problem(
  exception: EpcisExceptionName,
  status: number,
  detail: string,
  hint: string,
  errors: readonly string[] = [],
): EpcisProblem {
  const { title } = EPCIS_EXCEPTIONS[exception]
  return {
    type: `epcisException:${exception}`,
    title,
    status,
    detail,
    hint,
    ...(errors.length > 0 ? { errors } : {}),
  }
}

import { VuonError } from '../ground/errors.ts'

/**
 * The refusals of EPCIS 2.0 (REST bindings, `epcisException:` types of its problem bodies) with the HTTP status that the
 * standard gives each.
 */
export const EPCIS_EXCEPTIONS = {
  ValidationException: { status: 400, title: 'The document or event breaks a rule of EPCIS or GS1.' },
  QueryParameterException: { status: 400, title: 'The question has a parameter that is unknown or wrong.' },
  QueryValidationException: { status: 400, title: 'The query is not well formed.' },
  SubscriptionControlsException: {
    status: 400,
    title: 'The subscription can not be carried out as it stands.',
  },
  SecurityException: { status: 403, title: 'This needs a permission that was not shown.' },
  NoSuchNameException: { status: 404, title: 'There is no query of this name.' },
  NoSuchResourceException: { status: 404, title: 'There is nothing at this address.' },
  NotAcceptableException: {
    status: 406,
    title: 'The answer can not be given in the form that was asked for.',
  },
  ResourceAlreadyExistsException: { status: 409, title: 'There is one with this identifier already.' },
  QueryTooLargeException: { status: 413, title: 'The answer would be larger than was asked for.' },
  QueryTooComplexException: { status: 413, title: 'The question asks for too much at once.' },
  CaptureLimitExceededException: { status: 413, title: 'The document is larger than one capture takes.' },
  URITooLongException: { status: 414, title: 'The address is too long.' },
  UnsupportedMediaTypeException: { status: 415, title: 'The body has a type that is not taken here.' },
  ImplementationException: { status: 500, title: 'Something failed that should not.' },
} as const satisfies Record<string, { status: number; title: string }>

export type EpcisExceptionName = keyof typeof EPCIS_EXCEPTIONS

/** A refusal in the standard's own words. `errors` names what is wrong where, if it is more than one thing. */
export class EpcisException extends VuonError {
  readonly exception: EpcisExceptionName
  readonly status: number
  readonly errors: readonly string[]

  constructor(
    exception: EpcisExceptionName,
    detail: string,
    options: { hint?: string; status?: number; errors?: readonly string[]; cause?: unknown } = {},
  ) {
    super(exception === 'ImplementationException' ? 'internal' : 'input-invalid', detail, options)
    this.name = 'EpcisException'
    this.exception = exception
    this.status = options.status ?? EPCIS_EXCEPTIONS[exception].status
    this.errors = options.errors ?? []
  }
}

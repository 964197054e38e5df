/**
 * One table of error codes for both programs. `sentence` says what happened, `hint` what a person can do
 * about it, `status` what HTTP answers where the error crosses it, `isRetryable` whether the same request
 * may succeed later without anybody changing anything.
 */
export const ERRORS = {
  'config-invalid': {
    status: 500,
    isRetryable: false,
    sentence: 'The configuration has mistakes.',
    hint: 'Mend the lines named above, then run `config check`.',
  },
  'file-unreadable': {
    status: 500,
    isRetryable: false,
    sentence: 'A file could not be read.',
    hint: 'Check that it exists and that this user may read it.',
  },
  'key-unsafe': {
    status: 500,
    isRetryable: false,
    sentence: 'The private key can be read by other users.',
    hint: 'Run `chmod 600` on the key file.',
  },
  'not-claimed': {
    status: 409,
    isRetryable: false,
    sentence: 'This box is not enrolled at a province yet.',
    hint: 'Ask the province for a claim code and run `vuon-agent claim CODE --gateway URL`.',
  },
  'claim-refused': {
    status: 403,
    isRetryable: false,
    sentence: 'The claim code is wrong, used, or expired.',
    hint: 'Ask the province for a new code; each works once.',
  },
  'journal-damaged': {
    status: 500,
    isRetryable: false,
    sentence: 'Part of the journal is damaged.',
    hint: 'The part was set aside; run `vuon-agent journal verify` and send the report.',
  },
  'journal-busy': {
    status: 503,
    isRetryable: true,
    sentence: 'The journal takes no more for the moment.',
    hint: 'The card is slow or full; see `vuon-agent doctor`.',
  },
  'store-busy': {
    status: 503,
    isRetryable: true,
    sentence: "The province's store is at work on something else.",
    hint: 'Nothing is lost: send the same again after Retry-After.',
  },
  'intake-busy': {
    status: 503,
    isRetryable: true,
    sentence: 'More boxes send at once than the province can take in.',
    hint: 'Nothing is lost: send the same again after Retry-After.',
  },
  'disk-full': {
    status: 507,
    isRetryable: true,
    sentence: 'There is no room left on the disk.',
    hint: 'Free some space or lower the quota; see `vuon-agent doctor`.',
  },
  'batch-malformed': {
    status: 400,
    isRetryable: false,
    sentence: 'The body is not a batch.',
    hint: 'Send exactly the sealed bytes, with the type application/vnd.vuon.batch.',
  },
  'batch-too-large': {
    status: 413,
    isRetryable: false,
    sentence: 'The batch is larger than this gateway takes.',
    hint: 'Seal smaller batches.',
  },
  'batch-bomb': {
    status: 413,
    isRetryable: false,
    sentence: 'The batch decompresses to more than it may.',
    hint: 'Seal smaller batches; the header must state the true size.',
  },
  'signature-wrong': {
    status: 401,
    isRetryable: false,
    sentence: 'The signature does not match.',
    hint: 'The batch was changed on the way or signed with another key.',
  },
  'agent-unknown': {
    status: 401,
    isRetryable: false,
    sentence: 'No box with this key is enrolled here.',
    hint: 'Claim the box first.',
  },
  'agent-suspended': {
    status: 403,
    isRetryable: false,
    sentence: 'This key is suspended.',
    hint: 'Two boxes may be using one card: a person must claim one of them again.',
  },
  'key-unknown-yet': {
    status: 409,
    isRetryable: true,
    sentence: 'The province does not know this key yet.',
    hint: 'Send the record lane first: the entry that changes the key is in it. If this stays, claim the box again.',
  },
  'key-retired': {
    status: 403,
    isRetryable: false,
    sentence: 'This box has changed its key; the old one signs nothing new.',
    hint: 'Is this an older copy of the card? Claim the box that is to go on; the other one stays shut out.',
  },
  'key-revoked': {
    status: 403,
    isRetryable: false,
    sentence: 'The province has revoked this key.',
    hint: 'Ask the province why. A box that is to go on is claimed with a new code: vuon-agent claim CODE --gateway URL --as-new-box.',
  },
  'epoch-over': {
    status: 409,
    isRetryable: false,
    sentence: 'This box has begun a newer epoch; the older one takes nothing new.',
    hint: 'Two boxes may be using one card: a person must claim one of them again.',
  },
  'batch-equivocation': {
    status: 409,
    isRetryable: false,
    sentence: 'The same range was sent before with other bytes.',
    hint: 'The second version is kept aside and the province is told; check for a cloned card.',
  },
  'session-required': {
    status: 401,
    isRetryable: false,
    sentence: 'This address needs a session.',
    hint: 'Sign in first (a person), or POST /sync/v1/session (a box).',
  },
  forbidden: {
    status: 403,
    isRetryable: false,
    sentence: 'You may not see this.',
    hint: 'Ask the administrator of the province for access.',
  },
  'not-found': {
    status: 404,
    isRetryable: false,
    sentence: 'There is nothing at this address.',
    hint: 'Check the address.',
  },
  'input-invalid': {
    status: 400,
    isRetryable: false,
    sentence: 'The request has mistakes.',
    hint: 'See `errors` for what is wrong where.',
  },
  'too-many-requests': {
    status: 429,
    isRetryable: true,
    sentence: 'Too many requests.',
    hint: 'Wait as long as Retry-After says.',
  },
  'link-down': {
    status: 503,
    isRetryable: true,
    sentence: 'The other side could not be reached.',
    hint: 'Nothing is lost: everything is kept and sent later. Check the network if this stays.',
  },
  'link-refused': {
    status: 502,
    isRetryable: false,
    sentence: 'The other side refused the request.',
    hint: 'See its answer above.',
  },
  'clock-unknown': {
    status: 409,
    isRetryable: true,
    sentence: 'The time is not known, so nothing can be signed with a date.',
    hint: "Connect the box to the network once, or confirm the date on the box's page.",
  },
  'vision-busy': {
    status: 503,
    isRetryable: true,
    sentence: 'Too many photos wait to be looked at.',
    hint: 'Send the photo again in a minute.',
  },
  'photo-refused': {
    status: 400,
    isRetryable: false,
    sentence: 'No picture came out of this file.',
    hint: 'Send a JPEG, PNG, WebP or AVIF of at most 20 MB.',
  },
  'blob-offset-wrong': {
    status: 409,
    isRetryable: true,
    sentence: 'The bytes do not go on where the last ones ended.',
    hint: 'Ask with HEAD how many are here, and go on from there.',
  },
  'blob-mismatch': {
    status: 422,
    isRetryable: true,
    sentence: 'The bytes are not what their hash or their finding says.',
    hint: 'They were dropped; send the whole again.',
  },
  'blob-erased': {
    status: 410,
    isRetryable: false,
    sentence: 'This photo was erased.',
    hint: 'It is not taken again; the finding stays.',
  },
  'downlink-malformed': {
    status: 400,
    isRetryable: false,
    sentence: 'This is not a message of the province.',
    hint: 'It was refused; nothing was changed. See `vuon-gateway downlink list`.',
  },
  'bundle-malformed': {
    status: 422,
    isRetryable: false,
    sentence: 'This is no whole bundle of a model.',
    hint: 'It was cut short or changed on the way: copy it again. `vuon-gateway models pack` makes one.',
  },
  'bundle-untrusted': {
    status: 403,
    isRetryable: false,
    sentence: 'No key that this box trusts signed this model.',
    hint: 'Take one from the province that the box is claimed at, or name its release key under photos.releaseKeys.',
  },
  'model-conflict': {
    status: 409,
    isRetryable: false,
    sentence: 'This model does not fit beside those of the box.',
    hint: '`vuon-agent models list` shows what is here.',
  },
  'model-unusable': {
    status: 422,
    isRetryable: false,
    sentence: 'This model can not be used on this box.',
    hint: 'The box goes on with what it has. Tell whoever packed it.',
  },
  internal: {
    status: 500,
    isRetryable: true,
    sentence: 'Something failed that should not.',
    hint: 'Look in the log at this moment and report it.',
  },
} as const satisfies Record<string, { status: number; isRetryable: boolean; sentence: string; hint: string }>

export type ErrorCode = keyof typeof ERRORS

export class VuonError extends Error {
  readonly code: ErrorCode
  readonly hint: string

  /** `detail` says what exactly; without it the table's sentence stands alone. */
  constructor(code: ErrorCode, detail?: string, options: { cause?: unknown; hint?: string } = {}) {
    super(detail ?? ERRORS[code].sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'VuonError'
    this.code = code
    this.hint = options.hint ?? ERRORS[code].hint
  }
}

/** Whether the same request may succeed later without anybody changing anything. */
export function isRetryable(error: unknown): boolean {
  return error instanceof VuonError ? ERRORS[error.code].isRetryable : true
}

/** RFC 9457 problem details, sent as application/problem+json. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  hint: string
  [extension: string]: unknown
}

export function problemOf(error: unknown, extensions: Record<string, unknown> = {}): Problem {
  const known = error instanceof VuonError ? error : new VuonError('internal')
  const row = ERRORS[known.code]
  return {
    type: `urn:vuon:error:${known.code}`,
    title: row.sentence,
    status: row.status,
    detail: known.message,
    hint: known.hint,
    ...extensions,
  }
}

import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { EPC_FORMATS, type EpcFormat } from '#contract/trace/epcis-format.ts'
import { BEHAVIOURS, type CaptureBehaviour } from './capture-jobs.ts'

// What one capture takes: a season's diary of a cooperative. Its events wait in memory while they are checked.
export const MAX_CAPTURE_EVENTS = 2000
export const MAX_CAPTURE_BYTES = 4 * 1024 * 1024

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What this repository is, on every answer. */
export const VERSION_HEADERS: Readonly<Record<string, string>> = {
  'gs1-epcis-version': '2.0.0',
  'gs1-cbv-version': '2.0.0',
}

/** What it can, on OPTIONS. */
export const CAPABILITY_HEADERS: Readonly<Record<string, string>> = {
  ...VERSION_HEADERS,
  'gs1-epcis-min': '2.0.0',
  'gs1-epcis-max': '2.0.0',
  'gs1-cbv-min': '2.0.0',
  'gs1-cbv-max': '2.0.0',
  'gs1-epc-format': 'Always_GS1_Digital_Link',
  'gs1-vendor-version': 'vuon-gateway/1',
}

export const CAPTURE_HEADERS: Readonly<Record<string, string>> = {
  'gs1-epcis-capture-limit': String(MAX_CAPTURE_EVENTS),
  'gs1-epcis-capture-file-size-limit': String(MAX_CAPTURE_BYTES),
  'gs1-capture-error-behaviour': 'rollback',
}

/** Throws `NotAcceptableException` when the answer would not be in a version or form that is taken. */
export function checkAccepted(headers: Headers): void {
  for (const [name, kind] of [
    ['epcis', 'EPCIS'],
    ['cbv', 'CBV'],
  ] as const) {
    const [least, most] = [headers[`gs1-${name}-min`], headers[`gs1-${name}-max`]].map((text) =>
      versionOf(text, kind),
    )
    if ((least !== undefined && least > 2) || (most !== undefined && most < 2))
      throw notAcceptable(
        `${kind} 2.0 is outside the versions that were asked for`,
        'Leave the Min and Max headers away.',
      )
  }
  const accept = String(headers['accept'] ?? '*/*')
  const isJson = accept.split(',').some((part) => {
    const type = part.split(';')[0]?.trim().toLowerCase() ?? ''
    return (
      /^(?:\*\/\*|application\/(?:\*|json|ld\+json|problem\+json))$/.test(type) &&
      !/;\s*q=0(?:\.0*)?\s*$/.test(part)
    )
  })
  if (!isJson)
    throw notAcceptable(
      /xml/i.test(accept) ? 'EPCIS in XML is not offered here' : 'answers are application/json',
      'Ask with Accept: application/json. EPCIS 1.2 and its XML are out of scope of this repository.',
    )
}

/** A whole number is all that a version is compared by: 1.2 is 1, 2.0.1 is 2. */
function versionOf(text: unknown, kind: string): number | undefined {
  if (text === undefined) return undefined
  const match = /^(\d+)(?:\.\d+)*$/.exec(String(text))
  if (!match) throw notAcceptable(`"${String(text).slice(0, 40)}" is no version of ${kind}`, 'Such as 2.0.')
  return Number(match[1])
}

/** Throws `UnsupportedMediaTypeException` for a body that is not JSON. */
export function checkBodyType(headers: Headers): void {
  const type =
    String(headers['content-type'] ?? '')
      .split(';')[0]
      ?.trim()
      .toLowerCase() ?? ''
  if (type === 'application/json' || type === 'application/ld+json') return
  throw new EpcisException(
    'UnsupportedMediaTypeException',
    /xml/.test(type)
      ? 'EPCIS in XML is not taken here.'
      : `A body of the type "${type.slice(0, 60)}" is not taken here.`,
    { hint: 'Send application/json. EPCIS 1.2 and its XML are out of scope of this repository.' },
  )
}

export function epcFormatOf(headers: Headers): EpcFormat {
  const text = headers['gs1-epc-format']
  if (text === undefined) return 'Always_GS1_Digital_Link'
  const format = EPC_FORMATS.find((each) => each === text)
  if (!format) throw notAcceptable('GS1-EPC-Format has an unknown value', `One of ${EPC_FORMATS.join(', ')}.`)
  return format === 'No_Preference' ? 'Always_GS1_Digital_Link' : format
}

export function behaviourOf(headers: Headers): CaptureBehaviour {
  const text = headers['gs1-capture-error-behaviour'] ?? 'rollback'
  const behaviour = BEHAVIOURS.find((each) => each === text)
  if (!behaviour)
    throw new EpcisException('ValidationException', 'GS1-Capture-Error-Behaviour is rollback or proceed.')
  return behaviour
}

const notAcceptable = (what: string, hint: string): EpcisException =>
  new EpcisException('NotAcceptableException', `${what[0]?.toUpperCase()}${what.slice(1)}.`, { hint })

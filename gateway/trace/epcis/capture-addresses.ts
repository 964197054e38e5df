import { EpcisException } from '#contract/trace/epcis-exception.ts'
import { EPCIS_ROOT, type EpcisAddress, type EpcisOutside } from './address.ts'
import { type CaptureMistake, eventsOf, fitEvent, saidOf, standingOf } from './capture.ts'
import { behaviourOf, CAPTURE_HEADERS, MAX_CAPTURE_EVENTS } from './headers.ts'
import { pageOf, refuseParameters } from './paging.ts'

/** /capture: documents taken in by jobs. A single event goes to POST /events. */
export function captureAddresses(outside: EpcisOutside): EpcisAddress[] {
  const { jobs, pages } = outside
  return [
    {
      path: '/capture',
      capabilities: CAPTURE_HEADERS,
      methods: {
        async POST({ reader, headers, json }) {
          const behaviour = behaviourOf(headers)
          const document = eventsOf(json())
          for (const [count, what] of [
            [document.events.length, 'events'],
            [document.masterData.length, 'elements of master data'],
          ] as const)
            if (count > MAX_CAPTURE_EVENTS)
              throw new EpcisException(
                'CaptureLimitExceededException',
                `The document has ${count} ${what}; one capture takes ${MAX_CAPTURE_EVENTS}.`,
                { hint: 'Send them in several documents.' },
              )
          const jobId = await jobs.begin(reader.id, document, behaviour)
          return {
            status: 202,
            headers: { location: `${EPCIS_ROOT}/capture/${jobId}`, 'gs1-capture-error-behaviour': behaviour },
          }
        },
        async GET(request) {
          const page = await pageOf(request, pages)
          refuseParameters(page.parameters)
          const after = page.next?.mark as { createdAt: number; jobId: string } | undefined
          const found = await jobs.jobs(request.reader.id, page.size, after)
          const last = found.isMore && found.last
          return {
            body: found.jobs,
            headers: page.link(
              last ? { mark: { createdAt: last.created_at, jobId: last.job_id } } : undefined,
            ),
          }
        },
      },
    },
    {
      path: '/capture/:captureID',
      methods: {
        async GET({ reader, at }) {
          const job = await jobs.job(reader.id, at['captureID'] ?? '')
          if (!job)
            throw new EpcisException('NoSuchResourceException', 'There is no such capture job of yours.', {
              hint: 'GET /epcis/v2/capture lists them; they are kept for 90 days.',
            })
          return { body: job }
        },
      },
    },
  ]
}

/** Captures one event at once, and returns its eventID. Throws with what is wrong with it, or that it is here already. */
export async function captureOne(outside: EpcisOutside, owner: string, event: unknown): Promise<string> {
  const fit = fitEvent(event, '', true)
  if (!('bytes' in fit)) throw refusalOf({ index: 0, exception: 'ValidationException', mistakes: fit })
  await outside.inTransaction(async (tx) => {
    // The standard's 409 says that the identifier exists, whatever is behind it.
    if ((await standingOf(tx, fit)) !== 'new')
      throw new EpcisException(
        'ResourceAlreadyExistsException',
        `There is an event ${fit.eventId} already.`,
        {
          hint: 'If it is the same event, nothing is left to do. A correction is a new event.',
        },
      )
    await outside.appendEvents(tx, [fit.bytes], owner)
  })
  return fit.eventId
}

function refusalOf({ exception, mistakes }: CaptureMistake): EpcisException {
  return new EpcisException(exception, `The event breaks a rule: ${saidOf(mistakes[0])}.`, {
    hint: 'Mend what `errors` names, and send it again.',
    errors: mistakes.map(saidOf),
  })
}

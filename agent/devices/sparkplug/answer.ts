import type { DecodeError, DecodeResult, Observation } from '../observation.ts'

const MAX_ERRORS = 50

/** What becomes of one message. */
export class Answer {
  readonly device: string
  readonly readings: Observation[] = []
  readonly gone: string[] = []
  readonly #errors: DecodeError[] = []
  ignoredFields = 0
  availability: 'online' | 'offline' | undefined

  constructor(device: string) {
    this.device = device
  }

  wrong(code: string, detail: string): void {
    if (this.#errors.length < MAX_ERRORS) this.#errors.push({ code, detail: detail.slice(0, 200) })
  }

  result(): DecodeResult {
    return {
      readings: this.readings,
      errors: this.#errors,
      ignored: this.readings.length === 0 && this.#errors.length === 0,
      ignoredFields: this.ignoredFields,
      deviceSeen: {
        id: this.device,
        ...(this.availability === undefined ? {} : { availability: this.availability }),
      },
      ...(this.gone.length === 0 ? {} : { devicesGone: this.gone }),
    }
  }
}

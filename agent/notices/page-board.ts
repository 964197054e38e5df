import type { Notice, NoticeChannel, Outcome } from './channel.ts'

/**
 * The box's own page as a channel. What is open stands there anyway; the board is what was told last, so that a test
 * can be seen and a night be read in the morning. Kept in memory: a page that somebody reads is no archive.
 */
export class PageBoard implements NoticeChannel {
  readonly name = 'page'
  readonly kind = 'page'
  #notices: readonly Notice[] = []

  async deliver(notice: Notice): Promise<Outcome> {
    const others = this.#notices.filter(({ key }) => key !== notice.key)
    this.#notices = [notice, ...others].slice(0, MOST_SHOWN)
    return { kind: 'delivered', detail: "on the box's page" }
  }

  /** Newest first. */
  get notices(): readonly Notice[] {
    return this.#notices
  }
}

// A screen of a phone.
const MOST_SHOWN = 20

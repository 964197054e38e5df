/** What each check of a proof found, in a sentence: for the command line. A page has its own, shorter, in its language. */
export const DETAILS = {
  keyUnread: "The province's key cannot be read.",
  keyOfOtherLog: 'The key is not that of the log that is named.',
  keyNotKnown: "It is not the province's key that you know.",
  keyKnown: 'It is the key that you know.',
  otherLog: 'It is of another log.',
  checkpointUnsigned: 'The province has not signed it.',
  checkpointSigned: (size: number) => `Signed by the province: ${size} entries.`,
  cosigned: (name: string, timeS: number | null) => `${name} saw the same log${timeText(timeS)}.`,
  cosignatureWrong: (name: string) => `The signature of ${name} is wrong.`,
  cosignatureMissing: (name: string) => `${name} has not signed it.`,
  listSigned: (issuedAt: string) =>
    `Signed by the province, as of ${issuedAt}; what was revoked later is not in it.`,
  listUnsigned: 'The province has not signed this list of keys.',
  listUnread: 'The list of keys cannot be read.',
  eventUnread: 'What was signed cannot be read.',
  eventsMissing: 'There is no event in it.',
  otherBox: 'It names another box.',
  keyNeverHad: (agent: string, key: string) => `Box ${agent} never had the key ${key}.`,
  signed: (agent: string, key: string) => `Signed by ${key} of box ${agent}.`,
  signatureWrong: 'The signature does not hold.',
  keyTrusted: 'The key was valid there.',
  keyRevokedLater: (reason: string) => `The key was revoked (${reason}) later; this event still counts.`,
  keyRevoked: (reason: string) => `The key was revoked (${reason}) and no longer counts here.`,
  keyOver: 'Another key had taken its place.',
  keyEarly: 'The key was not valid yet.',
  idOfSigned: 'It is the hash of what was signed.',
  idNotOfSigned: 'It is not the hash of what was signed.',
  idNotStated: 'It is not the one in what was signed.',
  idOwn: 'It is a name of its own, not a hash.',
  idHash: 'It is the CBV hash of the event.',
  idNotHash: 'It is not the CBV hash of the event.',
  waiting: 'Received, not yet in the log.',
  noCheckpoint: 'There is no checkpoint to which it could lead.',
  included: (index: number) => `Entry ${index} of the log.`,
  notIncluded: 'The proof does not lead to the root.',
  numberedTwice: (no: number) => `The box has numbered two events ${no}.`,
  predecessorUnnamed: (no: number) => `Event ${no} does not name the one before it.`,
  predecessorOther: (no: number) => `Event ${no} follows another event than the one shown.`,
  first: 'The first event of its box.',
  follows: 'It names the event before it.',
  predecessorElsewhere: (no: number) => `Event ${no} of its box; the one before is not in this file.`,
} as const

function timeText(timeS: number | null): string {
  if (!timeS) return ''
  return timeS < 8.64e12 ? ` at ${new Date(timeS * 1000).toISOString()}` : ' at a time that no calendar has'
}

/**
 * What a test's people pay for their passwords and PINs: the same hash (scrypt) at a hundredth of its cost, which is
 * kept beside it. What it costs those who guess is a test of its own: test/gateway/accounts.test.ts, test/agent/page/people.test.ts.
 */
export const QUICK_PASSWORD = { N: 1024, r: 8, p: 1 }
export const QUICK_PIN = 1024

import type { AgentConfig } from '../config.ts'
import { readDoctorToken } from '../machine-routes.ts'

// A test of a channel waits for the other side: longer than any channel's own patience.
const PATIENCE_MS = 30_000

/** Asks the agent that runs on this machine, with the token that only its user can read. Null when none answers. */
export async function askAgent<Answer>(
  { dataDir, page }: AgentConfig,
  method: 'GET' | 'POST',
  path: string,
  patienceMs = PATIENCE_MS,
): Promise<Answer | null> {
  const token = readDoctorToken(dataDir)
  if (!token) return null
  const { host, port } = page
  const address = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  try {
    const answer = await fetch(`http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(patienceMs),
    })
    return answer.ok ? ((await answer.json()) as Answer) : null
  } catch {
    return null
  }
}

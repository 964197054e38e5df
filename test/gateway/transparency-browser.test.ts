import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ProofBundle } from '#contract/trace/proof-bundle.ts'
import type { sentencesOf, verifyProof, wordsOf } from '../../gateway/web/browser/verify-lot.ts'
import { linkedModule } from '../../gateway/web/linked-module.ts'
import { accessibilityFaults, launchChromium } from '../browser/gateway-visit.ts'
import { findTool } from '../world/real-services.ts'
import { EpcisClient, idOf, observed } from './epcis-client.ts'
import { temporaryFolder } from './province-store.ts'
import { TransparencyRoom } from './transparency-room.ts'

interface Verifier {
  readonly verifyProof: typeof verifyProof
  readonly sentencesOf: typeof sentencesOf
  readonly wordsOf: typeof wordsOf
}

async function verifierAsset(room: TransparencyRoom): Promise<Map<string, string>> {
  // The address stands in pages that are made from it; here it is found as the routes name it.
  const { assetRoutes } = await import('../../gateway/web/assets.ts')
  const { default: fastify } = await import('fastify')
  const path = assetRoutes(fastify()).verifyLot
  const files = new Map<string, string>()
  for (const each of [path]) {
    const text = await room.text(each)
    files.set(each, text)
    for (const [, asked = ''] of text.matchAll(/import\('\.\/([^']+)'\)/g))
      files.set(`/assets/${asked}`, await room.text(`/assets/${asked}`))
  }
  return files
}

async function filled(): Promise<{ room: TransparencyRoom; waiting: ProofBundle; proof: ProofBundle }> {
  const room = await TransparencyRoom.open()
  await room.receive(2)
  const waiting = await room.proofOfLot()
  await room.transparency.writer.turn()
  return { room, waiting, proof: await room.proofOfLot() }
}

const forged = (proof: ProofBundle): ProofBundle => ({
  ...proof,
  events: proof.events.map((event, index) => (index > 0 ? event : { ...event, signature: 'A'.repeat(86) })),
})

describe('the verifier that pages load', () => {
  it('is a file with a few more beside it, small enough, and works from a folder where somebody saved it', async () => {
    const { room, waiting, proof } = await filled()
    const files = await verifierAsset(room)
    const sizes = [...files].map(([path, text]) => [path.split('.')[0], brotliCompressSync(text).length])
    const limits: Record<string, number> = {
      '/assets/verify-lot': 8_200,
      '/assets/event-hash': 5_200,
      '/assets/ed25519-fallback': 2_200,
    }
    for (const [name, sizeBytes] of sizes)
      expect(sizeBytes, String(name)).toBeLessThan(limits[String(name)] ?? 800)
    expect(files.size).toBe(6)
    const folder = temporaryFolder()
    mkdirSync(folder, { recursive: true })
    for (const [path, text] of files) writeFileSync(join(folder, path.split('/').at(-1) as string), text)
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const entry = [...files.keys()][0]?.split('/').at(-1) as string
    const saved = (await import(pathToFileURL(join(folder, entry)).href)) as Verifier
    const { key } = await room.transparency.status()
    const report = await saved.verifyProof(proof, key)
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(report.state).toBe('verified')
    expect(report.checks.map(({ check }) => check)).toContain('event-id')
    const names = Object.keys(await saved.wordsOf('vi'))
    for (const language of ['vi', 'en', 'zh'] as const) {
      expect(Object.keys(await saved.wordsOf(language))).toEqual(names)
      const states = await Promise.all([proof, waiting, forged(proof)].map((each) => saved.verifyProof(each)))
      const words = await saved.wordsOf(language)
      const said = states.map((each) => saved.sentencesOf(each, words))
      expect(said.flat().every((sentence) => sentence.length > 3 && !/[{}]|undefined/.test(sentence))).toBe(
        true,
      )
      expect(new Set(said.map(([first]) => first)).size).toBe(3)
    }
    // What an integrator captured is checked by the same file.
    const trader = await EpcisClient.at(room.province, 'san-giao-dich')
    await trader.capture([observed(20)])
    await room.transparency.writer.turn()
    const captured = await room.transparency.prove(idOf(20))
    expect(await saved.verifyProof(captured, key)).toMatchObject({ state: 'verified', failed: [] })
    expect((await saved.verifyProof(forged(captured), key)).failed).toEqual(['signature', 'inclusion'])
    await expect(saved.verifyProof({})).rejects.toThrow('not a proof bundle')
  })

  it('refuses to link what it could not take apart', () => {
    expect(() => linkedModule('gateway/web/assets.ts')).toThrow(expect.objectContaining({ code: 'internal' }))
  })
})

describe.skipIf(!findTool('chromium'))('a page with [data-verify] [needs chromium]', () => {
  it('says in its own language what the browser found', async () => {
    const { room, waiting, proof } = await filled()
    const files = await verifierAsset(room)
    const entry = [...files.keys()][0] as string
    const proofs: Record<string, ProofBundle | undefined> = {
      verified: proof,
      waiting,
      failed: forged(proof),
    }
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://x')
      const [, language = '', state = '', file] = pathname.split('/')
      const script = files.get(pathname)
      if (script) return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
      if (file === 'proof.json')
        return void response.writeHead(proofs[state] ? 200 : 503).end(JSON.stringify(proofs[state] ?? null))
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(
        `<!doctype html><html lang="${language}"><title>Lô</title><main><h1>Lô</h1><div data-verify data-proof="/${language}/${state}/proof.json">…</div></main><script type="module" src="${entry}"></script>`,
      )
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const browser = await launchChromium()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    const said: string[] = []
    for (const place of [
      'vi/verified',
      'vi/unchecked',
      'en/verified',
      'en/failed',
      'en/waiting',
      'zh-Hans/verified',
    ]) {
      await page.goto(`${address}/${place}`)
      await page.waitForSelector(`[data-verify][data-state="${place.split('/')[1]}"]`, { timeout: 5000 })
      said.push((await page.locator('[data-verify]').textContent()) ?? '')
    }
    expect(new Set(said).size).toBe(6)
    expect(said[2]).toContain('2 records signed by the farm')
    expect(said[3]).toContain("the farm's signature")
    expect(complaints).toEqual([])
    expect(await accessibilityFaults(page)).toEqual([])
    // An old browser has no Ed25519 of its own: the same comes out, more slowly.
    await page.addInitScript(() => {
      Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined })
    })
    for (const state of ['verified', 'failed']) {
      await page.goto(`${address}/en/${state}`)
      await page.waitForSelector(`[data-verify][data-state="${state}"]`, { timeout: 10_000 })
    }
    // One that is older still is not mistaken for a forgery.
    await page.addInitScript(() => {
      Object.defineProperty(String.prototype, 'isWellFormed', { value: undefined })
    })
    await page.goto(`${address}/en/verified`)
    await page.waitForSelector('[data-verify][data-state="unchecked"]', { timeout: 5000 })
    expect(await page.locator('[data-verify]').textContent()).toContain('too old')
  }, 60_000)
})

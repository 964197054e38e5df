/**
 * How many scans of a lot a second one gateway answers, beside nginx with one worker that serves the same bytes as a
 * file, and beside bare node:http; and when a phone shows the page. Run it on an idle machine with two cores:
 *
 *   npm run bench -- lot-page [seconds] [connections]
 *
 * `ratio` is ours to nginx (0.6 is to be reached) or to node:http where there is no nginx. Each server runs in a process
 * of its own; the client, on the other core, sends the next request of a connection when the answer is whole, or opens a
 * new connection. The rounds
 * take turns, so that what else the machine does meets all of them.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { findTool } from '../world/real-services.ts'
import { sayFigure } from './figures.ts'

const [seconds = 2, connections = 48] = process.argv.slice(2, 4).map(Number)
const ROUNDS = 3
const NGINX_PORT = 18_391
const folder = mkdtempSync(join(tmpdir(), 'vuon-bench-'))
const started: ChildProcess[] = []

interface Server {
  readonly name: string
  readonly address: string
  readonly path: string
  readonly pid: number
}

async function startChild(name: string, ...args: string[]): Promise<Server> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'lot-page-child.ts'), name, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  for await (const line of createInterface({ input: child.stdout }))
    return { name, pid: child.pid ?? 0, ...(JSON.parse(line) as { address: string; path: string }) }
  throw new Error(`${name} did not start`)
}

/** nginx as Debian has it: one worker, files, no log. Undefined where it is not installed. */
async function startNginx(headers: Record<string, string>): Promise<Server | undefined> {
  const program = findTool('nginx') ?? findTool('/usr/sbin/nginx')
  if (!program) return undefined
  const config = join(folder, 'nginx.conf')
  const added = Object.entries(headers)
    .filter(([name]) => !/^(?:content-(?:length|type)|etag|date|connection|keep-alive)$/.test(name))
    .map(([name, value]) => `add_header ${name} '${value.replaceAll("'", "\\'")}';`)
  writeFileSync(
    config,
    `${process.getuid?.() === 0 ? 'user root; ' : ''}daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; events { worker_connections 512; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=10;
client_body_temp_path ${folder}/t; proxy_temp_path ${folder}/t; fastcgi_temp_path ${folder}/t; uwsgi_temp_path ${folder}/t; scgi_temp_path ${folder}/t;
server { listen 127.0.0.1:${NGINX_PORT}; root ${folder}/www; default_type 'text/html; charset=utf-8'; ${added.join(' ')} } }\n`,
  )
  const child = spawn(program, ['-c', config, '-p', folder, '-e', join(folder, 'error.log')], {
    stdio: 'inherit',
  })
  started.push(child)
  const server = {
    name: 'nginx',
    address: `http://127.0.0.1:${NGINX_PORT}`,
    path: '/page',
    pid: child.pid ?? 0,
  }
  for (let tries = 0; tries < 50; tries++) {
    if (await answers(server)) return server
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error('nginx did not start')
}

const answers = (server: Server): Promise<boolean> =>
  answerOf(server)
    .then(() => true)
    .catch(() => false)

/** One answer, as it is on the wire. */
function answerOf({ address, path }: Server): Promise<{ body: Buffer; headers: Record<string, string> }> {
  return new Promise((resolve, reject) => {
    get(`${address}${path}`, { headers: { accept: 'text/html', 'accept-encoding': 'br' } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`))
        else resolve({ body: Buffer.concat(chunks), headers: response.headers as Record<string, string> })
      })
    }).on('error', reject)
  })
}

/** Seconds of processor time that a server and its workers have used so far (proc(5), in ticks of 10 ms). */
function cpuSeconds(pid: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return [
          { pid: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) },
        ]
      } catch {
        return []
      }
    })
  return stats
    .filter((each) => each.pid === pid || each.parent === pid)
    .reduce((sum, { ticks }) => sum + ticks / 100, 0)
}

interface Rate {
  readonly aSecond: number
  /** What one core would do if nobody else wanted it: on a shared machine the wall clock counts the others' work too. */
  readonly aCpuSecond: number
}

/** Answers of one server: over connections that stay open, or over a new one for each scan. */
async function rateOf({ address, path, pid }: Server, ms: number, isScan: boolean): Promise<Rate> {
  const { hostname, port } = new URL(address)
  const request = Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\naccept: text/html\r\naccept-encoding: br\r\n${isScan ? 'connection: close\r\n' : ''}\r\n`,
  )
  let answered = 0
  let isOver = false
  let wrong = 0
  const open = new Set<Socket>()
  const visit = (): void => {
    const socket = connect(Number(port), hostname)
    open.add(socket)
    let missing = 0
    socket.setNoDelay(true)
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk: Buffer) => {
      if (missing === 0) {
        const end = chunk.indexOf('\r\n\r\n')
        const length = /content-length: (\d+)/i.exec(chunk.subarray(0, end).toString('latin1'))?.[1]
        if (end < 0 || length === undefined || !chunk.toString('latin1', 0, 12).endsWith('200')) {
          wrong++
          socket.destroy()
          return
        }
        missing = Number(length) + end + 4
      }
      missing -= chunk.length
      if (missing > 0) return
      answered++
      if (!isOver && !isScan) socket.write(request)
    })
    socket.on('error', () => {
      if (!isOver) wrong++
    })
    socket.on('close', () => {
      open.delete(socket)
      if (!isOver && isScan) visit()
    })
  }
  for (let at = 0; at < connections; at++) visit()
  // What starts up is not counted.
  await new Promise((done) => setTimeout(done, 400))
  const [from, fromAt, fromCpu] = [answered, performance.now(), cpuSeconds(pid)]
  await new Promise((done) => setTimeout(done, ms))
  const count = answered - from
  const rate = {
    aSecond: (count * 1000) / (performance.now() - fromAt),
    aCpuSecond: count / (cpuSeconds(pid) - fromCpu),
  }
  isOver = true
  for (const socket of open) socket.destroy()
  if (wrong > 0) throw new Error(`${address}: ${wrong} answers that are none`)
  return rate
}

/** Milliseconds until a phone on 150 ms and 1.6 Mbit/s shows the page, with nothing kept; the middle one of five. */
async function firstView(server: Server): Promise<number | undefined> {
  const executablePath = findTool('chromium')
  if (!executablePath) return undefined
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  })
  const times: number[] = []
  for (let run = 0; run < 5; run++) {
    const context = await browser.newContext({ viewport: { width: 360, height: 740 } })
    const page = await context.newPage()
    const session = await context.newCDPSession(page)
    await session.send('Network.enable')
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 150,
      downloadThroughput: 200_000,
      uploadThroughput: 93_750,
    })
    await page.goto(`${server.address}${server.path}`, { waitUntil: 'load' })
    const painted = await page.evaluate(
      () =>
        new Promise<number>((resolve) =>
          new PerformanceObserver((list) =>
            resolve(list.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN),
          ).observe({ type: 'paint', buffered: true }),
        ),
    )
    times.push(painted)
    await context.close()
  }
  await browser.close()
  return times.toSorted((a, b) => a - b)[2]
}

const middle = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0)

try {
  const gateway = await startChild('gateway')
  const { body, headers } = await answerOf(gateway)
  mkdirSync(join(folder, 'www'))
  const file = join(folder, 'www', 'page')
  writeFileSync(file, body)
  // How long a connection lives is each server's own matter.
  const ofThePage = Object.entries(headers).filter(([name]) => !/^(?:connection|keep-alive)$/.test(name))
  writeFileSync(`${file}.headers`, JSON.stringify(Object.fromEntries(ofThePage)))
  const node = await startChild('node', file)
  const nginx = await startNginx(headers)
  const servers = [gateway, node, ...(nginx ? [nginx] : [])]
  const ways = [
    { isScan: false, how: 'over connections that stay open' },
    { isScan: true, how: 'over a new connection for each, as a phone that scans makes it' },
  ]
  for (const { isScan, how } of ways) {
    const rates = new Map(servers.map(({ name }) => [name, [] as Rate[]]))
    for (let round = 0; round < ROUNDS; round++)
      for (const server of servers) rates.get(server.name)?.push(await rateOf(server, seconds * 1000, isScan))
    const of = (name: string, what: keyof Rate = 'aSecond'): number =>
      middle((rates.get(name) ?? []).map((rate) => rate[what]))
    const floor = nginx ? of('nginx') : of('node')
    const floorIs = nginx
      ? 'nginx, one worker, the same bytes as a file'
      : 'bare node:http, the same bytes (no nginx here)'
    const common = { bench: 'lot-page', connections, bytes: body.length, unit: 'pages/s', floor, floorIs }
    sayFigure({
      ...common,
      what: `pages of one lot a second, kept ready, ${how}`,
      figure: of('gateway'),
      ratio: Number((of('gateway') / floor).toFixed(2)),
      ratioToNode: Number((of('gateway') / of('node')).toFixed(2)),
      aCpuSecond: of('gateway', 'aCpuSecond'),
    })
    if (nginx)
      sayFigure({
        ...common,
        what: `bare node:http with the same bytes, ${how}`,
        figure: of('node'),
        ratio: Number((of('node') / floor).toFixed(2)),
        aCpuSecond: of('node', 'aCpuSecond'),
        nginxACpuSecond: of('nginx', 'aCpuSecond'),
      })
  }
  const shownMs = await firstView(gateway)
  if (shownMs !== undefined)
    sayFigure({
      bench: 'lot-page',
      bytes: body.length,
      what: 'first contentful paint at 150 ms and 1.6 Mbit/s, nothing kept',
      figure: Math.round(shownMs),
      unit: 'ms',
      floor: 1000,
      floorIs: 'what must not be exceeded',
      ratio: Number((shownMs / 1000).toFixed(2)),
    })
} finally {
  for (const child of started) {
    child.kill('SIGTERM')
    await Promise.race([once(child, 'exit'), new Promise((done) => setTimeout(done, 2000))])
  }
  rmSync(folder, { recursive: true, force: true })
}

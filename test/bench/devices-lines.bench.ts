/**
 * A hundred Modbus probes on four serial lines at 9600 baud: how busy the poller keeps each line, and what of one
 * core that costs the agent. `npm run bench -- devices-lines [slave delay in ms] [seconds] [profile] [probes a line]`.
 *
 *   poll-lines-child (SerialLine, ModbusPoller) ◄── four pseudo-terminals ──► paced-lines.py (100 probes, the wire)
 *
 * A line is fully busy when question, silence, the probe's own delay, answer and silence follow each other without a
 * gap. Both sides are processes of their own, and only the agent's CPU time counts. `slaveLateMs` says how late the
 * pretend wire itself was: where other programs work, it is more than a tenth of a millisecond, and the lines are less
 * busy for that; `chrt -f 20 npm run bench -- devices-lines` puts both sides before the others. A profile's `pollFloorS`
 * holds too: few probes with quick answers leave their line idle because they must.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findTool, stopProcess } from '../world/real-services.ts'
import { sayFigure } from './figures.ts'

const [delayMs = '20', seconds = '30', profile = 'xy-md02', units = '25'] = process.argv.slice(2)
const LINES = 4
const WARM_UP_S = 5
const LEAST_BUSY = 0.9
const MOST_CPU = 0.08

interface Wire {
  readonly seconds: number
  readonly gapMs: number
  readonly lines: readonly {
    readonly answers: number
    readonly busyShare: number
    readonly idleMs: number
    readonly lateMs: number
    readonly oddBytes: number
    readonly tooEarly: number
  }[]
}
interface Agent {
  readonly cpuShare: number
  readonly readings: number
  readonly faults: Readonly<Record<string, number>>
  readonly rssMb: number
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const python = findTool('python3')
if (!python) throw new Error('devices-lines needs python3')

const slaves = started(python, [
  here('../world/slaves/paced-lines.py'),
  ...['--lines', String(LINES), '--units', units, '--delay-ms', delayMs],
])
const [ready = ''] = [await slaves.answer()]
const agent = started(process.execPath, [
  here('./poll-lines-child.ts'),
  ...[profile, units, ...ready.split(' ').slice(1)],
])
try {
  await pause(WARM_UP_S)
  await Promise.all([slaves.ask(), agent.ask()])
  await pause(Number(seconds))
  const [wire, cpu] = (await Promise.all([slaves.ask(), agent.ask()])).map((line) => JSON.parse(line)) as [
    Wire,
    Agent,
  ]
  const more = {
    delayMs: Number(delayMs),
    seconds: Number(seconds),
    profile,
    lines: LINES,
    probes: LINES * Number(units),
  }
  const busiest = wire.lines.map(({ busyShare }) => busyShare)
  sayFigure({
    bench: 'devices-lines',
    what: 'least busy line',
    figure: rounded(Math.min(...busiest)),
    unit: 'of its theoretical rate',
    floor: LEAST_BUSY,
    floorIs: 'bound',
    ratio: rounded(Math.min(...busiest) / LEAST_BUSY),
    ...more,
    busy: busiest.map(rounded),
    answersASecond: wire.lines.map(({ answers }) => rounded(answers / wire.seconds)),
    silenceMs: wire.lines.map(({ idleMs }) => rounded(idleMs)),
    leastSilenceMs: rounded(wire.gapMs),
    slaveLateMs: wire.lines.map(({ lateMs }) => rounded(lateMs)),
    wrongBytes: wire.lines.reduce((sum, line) => sum + line.oddBytes + line.tooEarly, 0),
  })
  sayFigure({
    bench: 'devices-lines',
    what: 'CPU of the agent',
    figure: rounded(cpu.cpuShare),
    unit: 'of one core',
    floor: MOST_CPU,
    floorIs: 'bound',
    ratio: rounded(cpu.cpuShare / MOST_CPU),
    ...more,
    readings: cpu.readings,
    faults: cpu.faults,
    rssMb: rounded(cpu.rssMb),
  })
} finally {
  await Promise.all([agent.end(), slaves.end()])
}

/** A process that answers a line with a line. */
function started(program: string, words: readonly string[]) {
  const child: ChildProcess = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
  const answer = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${program} ended`)
    return value
  }
  return {
    answer,
    ask: () => {
      child.stdin?.write('count\n')
      return answer()
    },
    end: () => stopProcess(child),
  }
}

function pause(s: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, s * 1000))
}

function rounded(value: number): number {
  return Number(value.toFixed(4))
}

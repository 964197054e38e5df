import { readdirSync } from 'node:fs'
import { type EventLoopUtilization, performance } from 'node:perf_hooks'

/** One figure of the process, under the name that the clients of Prometheus give it. */
export interface ProcessFigure {
  readonly kind: 'gauge' | 'counter'
  readonly name: string
  readonly help: string
  readonly value: number
}

/**
 * What the process says of itself, read at the moment when somebody asks. A client library's own collection measures the
 * loop all the time (a timer of 10 ms, one of 100 ms): of a box that has nothing to do those were nearly all that it did.
 */
export class ProcessFigures {
  #loop: EventLoopUtilization = performance.eventLoopUtilization()

  /** The share of time in which the event loop worked is that since it was asked last. */
  now(): ProcessFigure[] {
    const { user, system } = process.cpuUsage()
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
    const loop = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(loop, this.#loop)
    this.#loop = loop
    const gauge = (name: string, help: string, value: number): ProcessFigure => ({
      ...{ kind: 'gauge', name, help, value },
    })
    const counter = (name: string, help: string, value: number): ProcessFigure => ({
      ...{ kind: 'counter', name, help, value },
    })
    return [
      counter('process_cpu_user_seconds_total', 'User time of the processor, in seconds', user / 1e6),
      counter('process_cpu_system_seconds_total', 'System time of the processor, in seconds', system / 1e6),
      counter('process_cpu_seconds_total', 'User and system time, in seconds', (user + system) / 1e6),
      gauge('process_start_time_seconds', 'When the program started', performance.timeOrigin / 1000),
      gauge('process_resident_memory_bytes', 'Memory that is resident', rss),
      gauge('process_open_fds', 'Files and sockets that are open', openFiles()),
      gauge('nodejs_heap_size_total_bytes', 'Heap of the main thread', heapTotal),
      gauge('nodejs_heap_size_used_bytes', 'Of it, in use', heapUsed),
      gauge('nodejs_external_memory_bytes', 'Memory outside the heap that belongs to its objects', external),
      gauge('nodejs_eventloop_utilization', 'Share of the time since it was asked last', utilization),
    ]
  }
}

/** 0 where there is no /proc to look into. */
function openFiles(): number {
  try {
    // Less the one by which we look.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return 0
  }
}

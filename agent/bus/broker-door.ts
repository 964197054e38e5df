import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { VuonError } from '#contract/ground/errors.ts'
import { BoundedConnection, PacketTooLarge } from './bounded-connection.ts'
import { isLocalPeer } from './local-peer.ts'
import type { SourceFault } from './message-source.ts'

/** Where nodes connect to the broker inside the agent: with or without TLS, from the farm's network, not too many. */
export interface DoorOptions {
  readonly host: string
  readonly port: number
  /** Whether peers beyond the local network are let in. */
  readonly allowInternet?: boolean
  /** What counts as the local network; loopback, private and link-local addresses if not given. */
  readonly isLocal?: (address: string | undefined) => boolean
  /** With certificate and key (PEM) it speaks TLS only. */
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
  readonly maxClients?: number
  readonly maxPacketBytes: number
  readonly onFault?: SourceFault
}

// A farm has tens of nodes; a stranger's thousand connections must not take the box's memory.
const MAX_CLIENTS = 64
// Who connects says who he is at once; a silent socket holds a place.
export const CONNECT_PATIENCE_MS = 10_000

export class BrokerDoor {
  readonly #options: DoorOptions
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  constructor(options: DoorOptions) {
    this.#options = options
  }

  /**
   * Resolves with what a person is told when it listens. Rejects when the port is taken, and with `file-unreadable`
   * for its certificate.
   */
  async open(serve: (connection: BoundedConnection) => void): Promise<string> {
    const { host, port, certFile, keyFile } = this.#options
    const hasTls = certFile !== undefined && keyFile !== undefined
    const server = hasTls
      ? this.#tlsServer(certFile, keyFile, serve)
      : createServer((socket) => {
          if (this.#hasPlace(socket)) this.#serve(socket, serve)
        })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new VuonError('internal', `The broker can't listen on ${host}:${port}: ${cause.message}`, {
            cause,
            hint: 'Another broker may be running; stop it, or use a bus of kind mqtt that points to it.',
          }),
        ),
      )
      server.listen(port, host, () => resolve())
    })
    this.#server = server
    server.on('error', (error) => this.#fault('client-error', error.message))
    return `listening on ${host}:${this.port}${hasTls ? ' with TLS' : ''}`
  }

  async close(): Promise<void> {
    const server = this.#server
    if (!server) return
    const isClosed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await isClosed
    this.#server = undefined
  }

  /** The port it listens on, which the system chose when the option said 0. */
  get port(): number {
    const address = this.#server?.address()
    return typeof address === 'object' && address ? address.port : this.#options.port
  }

  #tlsServer(certFile: string, keyFile: string, serve: (connection: BoundedConnection) => void): Server {
    const server = createTlsServer({
      cert: readPem(certFile),
      key: readPem(keyFile),
      minVersion: 'TLSv1.2',
      handshakeTimeout: CONNECT_PATIENCE_MS,
    })
    // A place is taken, and a stranger turned away, before the handshake costs anything.
    server.prependListener('connection', (socket: Socket) => void this.#hasPlace(socket))
    server.on('secureConnection', (socket: TLSSocket) => this.#serve(socket, serve))
    server.on('tlsClientError', (error) => this.#fault('client-error', `TLS: ${error.message}`))
    return server
  }

  #hasPlace(socket: Socket): boolean {
    const { maxClients = MAX_CLIENTS, allowInternet = false, isLocal = isLocalPeer } = this.#options
    const peer = socket.remoteAddress
    const isStranger = !allowInternet && !isLocal(peer)
    if (isStranger || this.#sockets.size >= maxClients) {
      this.#fault(isStranger ? 'stranger-refused' : 'too-many-clients', `${peer} was turned away`)
      socket.destroy()
      return false
    }
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    return true
  }

  #serve(socket: Socket, serve: (connection: BoundedConnection) => void): void {
    socket.setNoDelay(true)
    const connection = new BoundedConnection(socket, this.#options.maxPacketBytes)
    connection.on('error', (error) => {
      if (error instanceof PacketTooLarge)
        this.#fault('message-too-large', `${socket.remoteAddress}: ${error.message}`)
    })
    serve(connection)
  }

  #fault(...fault: Parameters<SourceFault>): void {
    this.#options.onFault?.(...fault)
  }
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new VuonError('file-unreadable', `${file} could not be read.`, { cause })
  }
}

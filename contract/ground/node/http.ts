/**
 * Node's HTTP client for programs that count their megabytes. `import … from 'node:http'` reads each of its exports, and for
 * one of them (WebSocket) Node loads all of undici: 2.5 MB of heap that a box never uses. A required module's are read when
 * somebody asks for them.
 */
export const { Agent, request: requestHttp } = process.getBuiltinModule('node:http')

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findTool, temporaryFolder } from './real-services.ts'

/** Certificates of a farm, made by openssl for the length of a test. */
export const hasOpenssl = findTool('openssl') !== undefined

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

export class Authority implements CertificateFiles {
  readonly #folder = temporaryFolder()
  readonly certFile = join(this.#folder, 'ca.crt')
  readonly keyFile = join(this.#folder, 'ca.key')

  constructor(name: string) {
    openssl(
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-keyout', this.keyFile, '-out', this.certFile, '-subj', `/CN=${name}`],
    )
  }

  /** `names` as a certificate holds them: `DNS:localhost`, `IP:127.0.0.1`. */
  issue(commonName: string, names: readonly string[] = []): CertificateFiles {
    const at = (ending: string) => join(this.#folder, `${commonName}.${ending}`)
    openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', at('key'), '-out', at('csr'), '-subj', `/CN=${commonName}`],
    )
    const extensions = names.length === 0 ? 'basicConstraints=CA:FALSE' : `subjectAltName=${names.join(',')}`
    writeFileSync(at('ext'), extensions)
    openssl(
      ...['x509', '-req', '-in', at('csr'), '-CA', this.certFile, '-CAkey', this.keyFile, '-CAcreateserial'],
      ...['-days', '2', '-out', at('crt'), '-extfile', at('ext')],
    )
    return { certFile: at('crt'), keyFile: at('key') }
  }
}

function openssl(...args: string[]): void {
  execFileSync(findTool('openssl') ?? 'openssl', args, { stdio: 'ignore' })
}

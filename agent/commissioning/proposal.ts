import { stringify } from 'yaml'

/**
 * Lines of configuration for what a scan found and the config does not name. What comes out is a whole YAML document
 * that `config check` takes, so that a person can try it alone and then move its parts to where they belong.
 */
export interface ProposalFacts {
  readonly newPorts: readonly { readonly path: string; readonly note: string }[]
  readonly newBrokers: readonly {
    readonly url: string
    readonly hasPassword: boolean
    readonly decoders: readonly string[]
    readonly mappings: readonly ProposedMapping[]
  }[]
  /** Buses of the config on which other kinds of nodes talk, too. */
  readonly moreDecoders: readonly {
    readonly bus: string
    readonly decoders: readonly string[]
    readonly mappings: readonly ProposedMapping[]
  }[]
  readonly newDevices: readonly {
    readonly device: string
    /** Undefined: it was heard too few times. */
    readonly everyS: number | undefined
    readonly quantities: readonly string[]
  }[]
  readonly takenNames: ReadonlySet<string>
}

/** A topic with people's own JSON. */
export interface ProposedMapping {
  readonly topic: string
  /** Where numbers stand whose names say nothing: a person has to say what they are. Empty where the names say it. */
  readonly numbersAt: readonly string[]
}

// What a device of the config may be called (config.ts).
const MAX_NAME_CHARS = 64
const MAX_MAPPINGS = 100

export function proposedConfig(facts: ProposalFacts): string {
  const parts: string[] = []
  const taken = new Set(facts.takenNames)
  const named = (stem: string): string => {
    let number = 1
    while (taken.has(`${stem}-${number}`)) number++
    taken.add(`${stem}-${number}`)
    return `${stem}-${number}`
  }
  const buses = [
    ...facts.newPorts.map(({ path, note }) =>
      commented(note, listed({ kind: 'serial', name: named('line'), path, probes: [] })),
    ),
    ...facts.newBrokers.map(({ url, hasPassword, decoders, mappings }) => {
      const known = mappings.filter(({ numbersAt }) => numbersAt.length === 0).slice(0, MAX_MAPPINGS)
      const bus = {
        ...{ kind: 'mqtt', name: named('mqtt'), url },
        ...(decoders.length > 0 ? { decoders } : {}),
        ...(known.length > 0 ? { mappings: known.map(({ topic }) => ({ topic })) } : {}),
      }
      const note = hasPassword ? 'give it username and password: ${file:/etc/vuon/mqtt-password}' : ''
      return `${commented(note, listed(bus))}${toFillIn(mappings)}`
    }),
  ]
  for (const { bus, decoders, mappings } of facts.moreDecoders) {
    parts.push(`# In the bus "${inComment(bus)}": decoders: [${decoders.join(', ')}]`)
    const known = mappings.filter(({ numbersAt }) => numbersAt.length === 0).slice(0, MAX_MAPPINGS)
    if (known.length > 0)
      parts.push(
        stringify({ mappings: known.map(({ topic }) => ({ topic })) })
          .trimEnd()
          .replaceAll(/^/gm, '#   '),
      )
    const open = toFillIn(mappings).trimEnd()
    if (open !== '') parts.push(open)
  }
  if (buses.length > 0) parts.push(`buses:\n${buses.join('')}`.trimEnd())
  const fitting = facts.newDevices.filter(
    ({ device }) => [...device].length > 0 && device.length <= MAX_NAME_CHARS,
  )
  if (fitting.length > 0) {
    const lines = fitting.map(({ device, everyS, quantities }) =>
      commented(
        quantities.join(', '),
        indented(stringify({ [device]: { place: '', ...(everyS === undefined ? {} : { everyS }) } })),
      ),
    )
    parts.push(`devices:\n${lines.join('')}`.trimEnd())
  }
  for (const { device } of facts.newDevices)
    if (!fitting.some((each) => each.device === device))
      parts.push(
        `# A name of more than ${MAX_NAME_CHARS} characters can't stand here: ${inComment(device).slice(0, 80)}…`,
      )
  return parts.length === 0 ? '' : `${parts.join('\n')}\n`
}

/** Mappings that only a person can finish, as comments. */
function toFillIn(mappings: readonly ProposedMapping[]): string {
  const open = mappings.filter(({ numbersAt }) => numbersAt.length > 0).slice(0, MAX_MAPPINGS)
  if (open.length === 0) return ''
  const entries = open.map(({ topic, numbersAt }) => ({
    topic,
    readings: numbersAt.map((pointer) => ({ pointer, quantity: '?' })),
  }))
  const yaml = stringify(entries).trimEnd().replaceAll(/^/gm, '  #   ')
  return `  # For decoder json, when you know what the numbers are (config schema lists the quantities):\n  # mappings:\n${yaml}\n`
}

const listed = (bus: object): string => indented(stringify([bus], { flowCollectionPadding: false }))

const indented = (yaml: string): string =>
  yaml
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n')

const commented = (note: string, yaml: string): string =>
  note === '' ? yaml : `  # ${inComment(note)}\n${yaml}`

/** A comment ends with its line, whatever a stranger called his device. */
const inComment = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')

// What a person would write.
const PERIODS_S = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400, 86_400,
]
const GAPS_NEEDED = 3
// Several messages of one report arrive together.
const SHORTEST_GAP_MS = 900

/**
 * The longest of a device's gaps, rounded up to what a person would write: nodes report on change and at a longest
 * interval. Undefined with fewer than three gaps.
 */
export function learntPeriodS(heardAt: readonly number[]): number | undefined {
  const gaps: number[] = []
  let before = heardAt[0]
  for (const at of heardAt.slice(1)) {
    if (before !== undefined && at - before >= SHORTEST_GAP_MS) gaps.push(at - before)
    before = at
  }
  if (gaps.length < GAPS_NEEDED) return undefined
  // A message a little late is no other rhythm.
  const longestS = Math.max(...gaps) / 1100
  return PERIODS_S.find((period) => period >= longestS) ?? 86_400
}

import { CONTENT_RULES, isOfCharacters } from './ai-content.ts'

/**
 * GS1 Application Identifiers: what each may hold, where it may stand in a Digital Link, and what it goes with (facts of
 * the GS1 Syntax Dictionary, 2025, which follows the General Specifications §3).
 *
 * A line is `AI [flags] format [>needs] [!never with]`. `310_0-5` are the six AIs 3100 to 3105. Flags: `=` its length is
 * fixed, so that nothing has to end it in a barcode; `q` it may stand in a Digital Link's query. A format is parts joined
 * by `_`: digits (N), character set 82 (X), 39 (Y) or base64url (Z), a length (`..20`: 1 to 20), then rules; a part in
 * brackets may be absent. Needs: one of the groups that are separated by commas, each of all that `+` joins; `n` in them
 * is any digit. `T` is a trade item: 01, 02, 03, 8006 or 8026.
 */
const LINES = `
00 =q N18:check
01 =q N14:check !255,37
02 =q N14:check >37 !01,03
03 = N14:check !01,02,37,235
10 q X..20 >T
11,13,15,16 =q N6:month-day >T
12 =q N6:month-day >8020
17 =q N6:month-day >T,255
20 =q N2 >T
21 - X..20 >01,03,8006 !235
22 - X..20 >01
235 - X..28 >01
240,241 q X..30 >T
242 q N..6 >01,02,8006,8026
243 q X..20 >01,03
250 q X..30 >01+21,03+21,8006+21
251 q X..30 >01,03,8006
253 q N13:check_[X..17]
254 - X..20 >414
255 q N13:check_[N..12] !01,02,415,8006,8020,8026
30 q N..8 >01,02
310-316,320-329,350-352,356,357,360,361,364-366_0-5 =q N6 >01,02 !own
330-336,340-349,353-355,362,363,367-369_0-5 =q N6 >00,01 !own
337_0-5 =q N6 >01 !own
37 q N..8 >00+02,00+8026
390_0-9 q N..15 >255,8020 !390n,391n,394n,8111
391_0-9 q N3:currency_N..15 >8020 !391n
392_0-9 q N..15 >01+30,01+31nn,01+32nn,01+35nn,01+36nn !392n,393n
393_0-9 q N3:currency_N..15 >30,31nn,32nn,35nn,36nn !393n
394_0-3 q N4 >255 !394n,8111
395_0-5 q N6 >30,31nn,32nn,35nn,36nn !392n,393n,395n,8005
400 q X..30
401 q X..30:company
402 q N17:check
403 q X..30 >00
410-413,416 =q N13:check
414,417 =q N13:check
415 =q N13:check >8020
420 q X..20 !421
421 q N3:country_X..9 !4307
422 q N3:country >T !426
423,425 q N3:country_[N3:country]_[N3:country]_[N3:country]_[N3:country] >01,02,03 !426
424 q N3:country >01,02,03 !426
426 q N3:country >01,02,03
427 q X..3 >01+422,02+422,03+422
4300,4301,4310,4311,4320 q X..35:percent >00
4302,4304-4306,4312,4314-4316 q X..70:percent >00
4303 q X..70:percent >4302
4313 q X..70:percent >4312
4307,4317 q X2:country-letters >00
4308,4319 q X..30 >00
4309 q N10:latitude_N10:longitude >00
4318 q X..20 >00
4321-4323 q N1:yes-no >00
4324,4325 q N6:month-day_N4:hour-minute >00
4326 q N6:date >00
4330 q N6_[X1:minus] >00 !4331
4331 q N6_[X1:minus] >00 !4330
4332 q N6_[X1:minus] >00 !4333
4333 q N6_[X1:minus] >00 !4332
7001 q N13 >01,02,8006,8026
7002 q X..30 >01,02
7003 q N6:date_N4:hour-minute >01,02,03
7004 q N..4 >01+10,03+10
7005 q X..12 >01,02
7006 q N6:date >01,02
7007 q N6:date_[N6:date] >01,02
7008 q X..3 >01,02
7009 q X..10 >01,02
7010 q X..2 >01,02,03
7011 q N6:date_[N4:hour-minute] >01,02,03
7020 q X..20 >01+416,03+416,8006+416
7021 q X..20 >01,03,8006
7022 q X..20 >01+7021,03+7021,8006+7021
7023 q X..30:company
703_0-9 q N3:country-or-999_X..27 >01,02
7040 - N1_X1_X1_X1:importer
7041 q X..4:package >00
710-717 q X..20 >01
723_0-9 q X2_X..28 >01,8004
7240 q X..20 >01,8006 !03
7241 q N2:medium >8017,8018
7242 q X..25 >8017,8018
7250 q N8:whole-date >8018 !7251
7251 q N8:whole-date_N4:hour-minute >8018 !7250
7252 q N1:sex >8018
7253,7254 q X..40:percent >8017,8018 !7256,7259
7255 q X..10 >8017,8018 !7256,7259
7256 q X..90:percent >8017,8018
7257 q X..70:percent >8018
7258 q X3:one-of-some >8018+7259
7259 q X..40:percent >8018 !7256
8001 q N4:not-zero_N5:not-zero_N3:not-zero_N1:winding_N1 >01
8002 q X..20
8003 q N1:zero_N13:check_[X..16]
8004 q X..30:company
8005 q N6 >01,02
8006 q N14:check_N4:piece !01,03,37
8007 q X..34:iban >415
8008 q N6:date_N2:hour_[N2:sixtieth]_[N2:sixtieth] >01,02,03
8009 q X..50 >00,01,03
8010 q Y..30:company
8011 - N..12:no-leading-zero >8010
8012 q X..20 >01,03,8006
8013 q X..25:company,check-pair
8014 - X..25:company,check-pair,not-only-digits >01
8017 q N18:check !8018
8018 q N18:check !8017
8019 - N..10 >8017,8018
8020 - X..25 >415
8026 q N14:check_N4:piece >37 !02,03,8006
8030 q Z..90 >00,01+21,03+21,253,255,8003,8004,8006+21,8010+8011,8017,8018
8040 - N15 >01+21
8041 - N15 >01+21+8040
8042 - N32 >01+21+8040
8043 - N18_[N..2] >01+21+8040
8110,8112 - X..70
8111 q N4 >255
8200 - X..70 >01
90 q X..30
91-99 q X..90
`
  .trim()
  .split('\n')

/** Keys that a Digital Link begins with, and the qualifiers that may follow, in this order: one of the rows. */
export const LINK_KEYS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  '00': [[]],
  '01': [['22', '10', '21'], ['235']],
  '253': [[]],
  '255': [[]],
  '401': [[]],
  '402': [[]],
  '414': [['254'], ['7040']],
  '415': [['8020']],
  '417': [['7040']],
  '8003': [[]],
  '8004': [['7040']],
  '8006': [['22', '10', '21']],
  '8010': [['8011']],
  '8013': [[]],
  '8017': [['8019']],
  '8018': [['8019']],
}

export interface AiRule {
  readonly ai: string
  readonly isFixedLength: boolean
  readonly isAttribute: boolean
  /** One of these groups must stand beside it, whole; none when it stands alone. */
  readonly needs: readonly (readonly string[])[]
  /** Never beside one of these. */
  readonly never: readonly string[]
  /** What is wrong with a value; undefined when it is right. */
  fault(value: string): string | undefined
}

const RULES: ReadonlyMap<string, AiRule> = new Map(
  LINES.flatMap(rulesOf).map((rule) => [rule.ai, rule] as const),
)

export const aiRule = (ai: string): AiRule | undefined => RULES.get(ai)

/** Every AI of the table. */
export const knownAis = (): string[] => [...RULES.keys()]

// How long an AI is follows from its first two digits (General Specifications §7.8.4), also for one not given out yet.
const LENGTHS: readonly (readonly [RegExp, number])[] = [
  [/^(?:0[0-4]|1\d|2[0-2]|30|37|9\d)/, 2],
  [/^(?:2[345]|4[012]|71)/, 3],
  [/^(?:3[1-69]|43|70|72|8[012])/, 4],
]

/** Whether digits could be an AI that this table does not know (yet). */
export function couldBeAi(ai: string): boolean {
  if (!/^\d{2,4}$/.test(ai)) return false
  const stated = LENGTHS.find(([prefix]) => prefix.test(ai))?.[1]
  return stated === undefined || stated === ai.length
}

function rulesOf(line: string): AiRule[] {
  const [names = '', flags = '', format = '', ...limits] = line.split(' ')
  const fault = faultIn(format.split('_').map(partOf))
  const limit = (sign: string): string => limits.find((each) => each.startsWith(sign))?.slice(1) ?? ''
  const needs = limit('>').replace('T', '01,02,03,8006,8026')
  return expanded(names).map((ai) => ({
    ai,
    isFixedLength: flags.includes('='),
    isAttribute: flags.includes('q'),
    needs: needs === '' ? [] : needs.split(',').map((group) => group.split('+')),
    never: (limit('!') === 'own' ? `${ai.slice(0, 3)}n` : limit('!')).split(',').filter(Boolean),
    fault,
  }))
}

/** `310-312,320_0-5` → 3100, .. 3105, 3110, .. */
function expanded(names: string): string[] {
  const [stems = '', digits] = names.split('_')
  const listed = stems.split(',').flatMap((stem) => {
    const [from = '', to = from] = stem.split('-')
    const count = Number(to) - Number(from) + 1
    return Array.from({ length: count }, (_, at) => String(Number(from) + at).padStart(from.length, '0'))
  })
  if (digits === undefined) return listed
  const [first = '0', last = first] = digits.split('-')
  return listed.flatMap((stem) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => stem + String(Number(first) + at)),
  )
}

interface Part {
  readonly characters: string
  readonly least: number
  readonly most: number
  readonly isOptional: boolean
  readonly rules: readonly string[]
}

function partOf(text: string): Part {
  const match = /^(\[?)([NXYZ])(\.\.)?(\d+)(?::([a-z0-9,-]+))?\]?$/.exec(text)
  if (!match) throw new RangeError(`not a part of a format: ${text}`)
  const [, bracket, characters = '', dots, length = '', rules = ''] = match
  const most = Number(length)
  return {
    characters,
    least: dots ? 1 : most,
    most,
    isOptional: bracket === '[',
    rules: rules.split(',').filter(Boolean),
  }
}

function faultIn(parts: readonly Part[]): AiRule['fault'] {
  return (value) => {
    let rest = value
    for (const part of parts) {
      if (rest === '' && part.isOptional) break
      const piece = rest.slice(0, part.most)
      rest = rest.slice(part.most)
      if (piece.length < part.least) return value === '' ? 'is empty' : 'is too short'
      if (!isOfCharacters(part.characters, piece)) return 'holds a character that it may not'
      for (const rule of part.rules) {
        const fault = CONTENT_RULES[rule]?.(piece)
        if (fault !== undefined) return fault
      }
    }
    return rest === '' ? undefined : 'is too long'
  }
}

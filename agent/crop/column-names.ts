import { VuonError } from '#contract/ground/errors.ts'

/**
 * Which column of a table is which. Our snake_case names are looked for first, letter by letter; then the same without
 * regard to case, spaces, marks and punctuation; then, in the same way, the names that exports of others use.
 */
export function matchColumns(
  header: readonly string[],
  wanted: readonly WantedColumn[],
): Map<string, number> {
  const cells = header.map((cell) => cell.trim())
  const plain = cells.map(plainName)
  const found = new Map<string, number>()
  const taken = new Set<number>()
  const take = (name: string, isIt: (column: number) => boolean): boolean => {
    const columns = cells.flatMap((_, column) => (isIt(column) && !taken.has(column) ? [column] : []))
    const [first, second] = columns
    if (first === undefined) return false
    if (second !== undefined && cells[first] === cells[second])
      throw new VuonError('input-invalid', `The header has the column ${cells[first]} twice.`, {
        hint: 'Rename or remove one of them.',
      })
    taken.add(first)
    found.set(name, first)
    return true
  }
  for (const { name } of wanted) take(name, (column) => cells[column] === name)
  for (const { name, aliases = [] } of wanted) {
    if (found.has(name)) continue
    // A single letter counts as it is written: T is a temperature, t is a time.
    ;[name, ...aliases, ...(COMMON[name] ?? [])].some((known) =>
      take(name, (column) =>
        known.length === 1 ? cells[column] === known : plain[column] === plainName(known),
      ),
    )
  }
  return found
}

export interface WantedColumn {
  readonly name: string
  readonly aliases?: readonly string[]
}

/** Letters and digits only, small, without marks: "Air temperature (°C)", air_temperature_c and airTemperatureC are one. */
export const plainName = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[đĐ]/g, 'd')
    .replaceAll('%', '')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase()

const AIR_TEMP = [
  'airTempC',
  'air temperature',
  'air temperature C',
  'air temp',
  'temperature',
  'temperature C',
  'temp',
  'temp C',
  'tair',
  'nhiệt độ',
  'nhiệt độ C',
  'nhiệt độ không khí',
]

// What others call the columns that many models share. A quantity that is measured in several units (wind in km/h,
// radiation in W/m²) is taken only under a name that says ours.
const COMMON: Readonly<Record<string, readonly string[]>> = {
  date: ['ngày', 'YYYYMMDD'],
  time: ['timestamp', 'datetime', 'date time', 'thời gian', 'thời điểm'],
  temp_c: ['tmean_c', ...AIR_TEMP, 'T'],
  tmean_c: ['temp_c', 'tmean', 'tavg', 'tavg_c', 'mean temperature', ...AIR_TEMP, 'T'],
  tmax_c: ['tmax', 'max temperature', 'nhiệt độ cao nhất', 'nhiệt độ tối đa'],
  tmin_c: ['tmin', 'min temperature', 'nhiệt độ thấp nhất', 'nhiệt độ tối thiểu'],
  rh_pct: [
    'rhmean_pct',
    'humidityPct',
    'air humidity',
    'relative humidity',
    'humidity',
    'rh',
    'độ ẩm',
    'độ ẩm không khí',
  ],
  rhmax_pct: ['rhmax'],
  rhmin_pct: ['rhmin'],
  tdew_c: ['dew point', 'dew point C', 'dewPointC', 'tdew', 'điểm sương'],
  rain_mm: [
    'rain',
    'rainfall',
    'rainfall mm',
    'precipitation mm',
    'mưa',
    'mưa mm',
    'lượng mưa',
    'lượng mưa mm',
  ],
  wind_ms: ['wind speed ms', 'wind m/s', 'tốc độ gió m/s', 'gió m/s'],
  rs_mjm2: ['solar radiation MJ/m2', 'solar radiation MJ/m²', 'bức xạ MJ/m²'],
  sunshine_h: ['sunshine hours', 'số giờ nắng', 'giờ nắng'],
}

/** What a person may call a column, for a hint. */
export const namesOf = ({ name, aliases = [] }: WantedColumn): string =>
  [...new Set([name, ...aliases, ...(COMMON[name] ?? [])])].join(', ')

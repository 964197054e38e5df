/**
 * What can be measured: a closed table. `unit` is a UCUM code, `rec20` the UN/CEFACT code that EPCIS asks
 * for, `resolution` the step that is kept when a device does not say finer, `range` what is physically
 * possible on a farm here (outside it a reading is marked, never removed), `decimals` what a person is shown.
 */
export interface Quantity {
  readonly unit: Unit
  readonly resolution: number
  readonly range: readonly [low: number, high: number]
  readonly decimals: number
  readonly vi: string
  readonly en: string
}

/** UCUM code → symbol for people and UN/CEFACT Recommendation 20 code (C62 = one, dimensionless). */
export const UNITS = {
  Cel: { symbol: '°C', rec20: 'CEL' },
  '%': { symbol: '%', rec20: 'P1' },
  kPa: { symbol: 'kPa', rec20: 'KPA' },
  hPa: { symbol: 'hPa', rec20: 'A97' },
  lx: { symbol: 'lx', rec20: 'LUX' },
  'W/m2': { symbol: 'W/m²', rec20: 'D54' },
  'umol/(m2.s)': { symbol: 'µmol/m²/s', rec20: 'C62' },
  'uS/cm': { symbol: 'µS/cm', rec20: 'G42' },
  'mg/kg': { symbol: 'mg/kg', rec20: 'NA' },
  'mg/L': { symbol: 'mg/L', rec20: 'M1' },
  '[pH]': { symbol: 'pH', rec20: 'Q30' },
  mm: { symbol: 'mm', rec20: 'MMT' },
  'mm/h': { symbol: 'mm/h', rec20: 'H67' },
  'm/s': { symbol: 'm/s', rec20: 'MTS' },
  deg: { symbol: '°', rec20: 'DD' },
  V: { symbol: 'V', rec20: 'VLT' },
  A: { symbol: 'A', rec20: 'AMP' },
  W: { symbol: 'W', rec20: 'WTT' },
  VA: { symbol: 'VA', rec20: 'D46' },
  'kW.h': { symbol: 'kWh', rec20: 'KWH' },
  Hz: { symbol: 'Hz', rec20: 'HTZ' },
  '[ppm]': { symbol: 'ppm', rec20: '59' },
  'ug/m3': { symbol: 'µg/m³', rec20: 'GQ' },
  dB: { symbol: 'dB', rec20: '2N' },
  dBm: { symbol: 'dBm', rec20: '2N' },
  L: { symbol: 'L', rec20: 'LTR' },
  'L/min': { symbol: 'L/phút', rec20: 'L2' },
  m: { symbol: 'm', rec20: 'MTR' },
  s: { symbol: 's', rec20: 'SEC' },
  h: { symbol: 'h', rec20: 'HUR' },
  'Cel.d': { symbol: '°C·d', rec20: 'E10' },
  '1': { symbol: '', rec20: 'C62' },
} as const satisfies Record<string, { symbol: string; rec20: string }>

export type Unit = keyof typeof UNITS

const q = (
  unit: Unit,
  resolution: number,
  range: readonly [number, number],
  decimals: number,
  vi: string,
  en: string,
): Quantity => ({ unit, resolution, range, decimals, vi, en })

export const QUANTITIES = {
  'air-temperature': q('Cel', 0.1, [-20, 60], 1, 'Nhiệt độ không khí', 'Air temperature'),
  'air-humidity': q('%', 0.1, [0, 100], 0, 'Độ ẩm không khí', 'Air humidity'),
  'dew-point': q('Cel', 0.1, [-40, 50], 1, 'Điểm sương', 'Dew point'),
  'vapour-pressure-deficit': q(
    'kPa',
    0.01,
    [0, 10],
    2,
    'Độ thiếu hụt hơi nước (VPD)',
    'Vapour pressure deficit',
  ),
  'air-pressure': q('hPa', 0.1, [500, 1100], 0, 'Áp suất không khí', 'Air pressure'),
  'carbon-dioxide': q('[ppm]', 1, [200, 10000], 0, 'Khí CO₂', 'Carbon dioxide'),
  'fine-dust-2-5': q('ug/m3', 1, [0, 2000], 0, 'Bụi mịn PM2.5', 'Fine dust PM2.5'),
  'fine-dust-10': q('ug/m3', 1, [0, 2000], 0, 'Bụi mịn PM10', 'Fine dust PM10'),
  noise: q('dB', 0.1, [0, 140], 0, 'Độ ồn', 'Noise'),
  'soil-temperature': q('Cel', 0.1, [-10, 70], 1, 'Nhiệt độ đất', 'Soil temperature'),
  'soil-moisture': q('%', 0.1, [0, 100], 0, 'Độ ẩm đất', 'Soil moisture'),
  'soil-conductivity': q('uS/cm', 1, [0, 20000], 0, 'Độ dẫn điện của đất (EC)', 'Soil conductivity'),
  'soil-permittivity': q('1', 0.01, [1, 82], 1, 'Hằng số điện môi của đất', 'Soil permittivity'),
  'soil-salinity': q('mg/L', 1, [0, 20000], 0, 'Độ mặn của đất', 'Soil salinity'),
  'dissolved-solids': q('mg/L', 1, [0, 20000], 0, 'Chất rắn hoà tan (TDS)', 'Total dissolved solids'),
  'soil-ph': q('[pH]', 0.01, [3, 10], 1, 'pH đất', 'Soil pH'),
  'soil-nitrogen': q('mg/kg', 1, [0, 3000], 0, 'Đạm trong đất (ước lượng)', 'Soil nitrogen (estimated)'),
  'soil-phosphorus': q('mg/kg', 1, [0, 3000], 0, 'Lân trong đất (ước lượng)', 'Soil phosphorus (estimated)'),
  'soil-potassium': q('mg/kg', 1, [0, 3000], 0, 'Kali trong đất (ước lượng)', 'Soil potassium (estimated)'),
  'leaf-temperature': q('Cel', 0.1, [-20, 70], 1, 'Nhiệt độ lá', 'Leaf temperature'),
  'leaf-wetness': q('%', 0.1, [0, 100], 0, 'Độ ướt lá', 'Leaf wetness'),
  'water-temperature': q('Cel', 0.1, [-5, 60], 1, 'Nhiệt độ nước', 'Water temperature'),
  'water-ph': q('[pH]', 0.01, [0, 14], 1, 'pH nước', 'Water pH'),
  'water-conductivity': q('uS/cm', 1, [0, 100000], 0, 'Độ dẫn điện của nước', 'Water conductivity'),
  'water-level': q('m', 0.001, [-100, 100], 2, 'Mực nước', 'Water level'),
  'water-flow': q('L/min', 0.1, [0, 10000], 1, 'Lưu lượng nước', 'Water flow'),
  'water-volume': q('L', 1, [0, 1e12], 0, 'Lượng nước', 'Water volume'),
  'water-leak': q('1', 1, [0, 1], 0, 'Rò nước', 'Water leak'),
  light: q('lx', 1, [0, 200000], 0, 'Ánh sáng', 'Light'),
  'photosynthetic-light': q(
    'umol/(m2.s)',
    1,
    [0, 3000],
    0,
    'Ánh sáng quang hợp (PAR)',
    'Photosynthetic light (PAR)',
  ),
  'solar-radiation': q('W/m2', 1, [0, 1600], 0, 'Bức xạ mặt trời', 'Solar radiation'),
  'uv-index': q('1', 0.1, [0, 20], 1, 'Chỉ số tia cực tím', 'UV index'),
  'uv-radiation': q('W/m2', 1, [0, 200], 0, 'Bức xạ cực tím', 'UV radiation'),
  rain: q('mm', 0.01, [0, 1e6], 1, 'Lượng mưa tích luỹ', 'Rain, running total'),
  'rain-rate': q('mm/h', 0.1, [0, 500], 1, 'Cường độ mưa', 'Rain rate'),
  'wind-speed': q('m/s', 0.1, [0, 75], 1, 'Tốc độ gió', 'Wind speed'),
  'wind-gust': q('m/s', 0.1, [0, 100], 1, 'Gió giật', 'Wind gust'),
  'wind-direction': q('deg', 1, [0, 360], 0, 'Hướng gió', 'Wind direction'),
  'device-temperature': q(
    'Cel',
    0.1,
    [-40, 90],
    1,
    'Nhiệt độ trong thiết bị',
    'Temperature inside the device',
  ),
  battery: q('%', 1, [0, 100], 0, 'Pin', 'Battery'),
  'battery-voltage': q('V', 0.001, [0, 60], 2, 'Điện áp pin', 'Battery voltage'),
  'link-quality': q('1', 1, [0, 255], 0, 'Chất lượng sóng', 'Link quality'),
  'signal-strength': q('dBm', 1, [-150, 20], 0, 'Cường độ sóng', 'Signal strength'),
  'signal-noise': q('dB', 0.1, [-40, 40], 1, 'Tỉ số tín hiệu trên nhiễu', 'Signal-to-noise ratio'),
  voltage: q('V', 0.1, [0, 1000], 0, 'Điện áp', 'Voltage'),
  current: q('A', 0.001, [-1000, 1000], 2, 'Dòng điện', 'Current'),
  power: q('W', 0.1, [-1e6, 1e6], 0, 'Công suất', 'Power'),
  'apparent-power': q('VA', 0.1, [-1e6, 1e6], 0, 'Công suất biểu kiến', 'Apparent power'),
  'power-factor': q('1', 0.01, [-1, 1], 2, 'Hệ số công suất', 'Power factor'),
  frequency: q('Hz', 0.01, [0, 1000], 1, 'Tần số', 'Frequency'),
  energy: q('kW.h', 0.001, [0, 1e9], 1, 'Điện năng', 'Energy'),
  switch: q('1', 1, [0, 1], 0, 'Công tắc', 'Switch'),
  contact: q('1', 1, [0, 1], 0, 'Tiếp điểm cửa', 'Contact'),
  occupancy: q('1', 1, [0, 1], 0, 'Có người hoặc vật', 'Occupancy'),
  // What the crop models make of the weather; nothing measures these.
  'delta-t': q('Cel', 0.1, [0, 60], 1, 'Chênh lệch bầu khô – bầu ướt (delta-T)', 'Delta-T'),
  'rain-amount': q('mm', 0.01, [0, 2000], 1, 'Lượng mưa', 'Rain'),
  'reference-evapotranspiration': q(
    'mm',
    0.001,
    [-1, 30],
    2,
    'Bốc thoát hơi nước tham chiếu (ET0)',
    'Reference evapotranspiration (ET0)',
  ),
  'leaf-wet-hours': q('h', 0.01, [0, 24], 1, 'Số giờ lá ướt', 'Hours of leaf wetness'),
  'degree-days': q('Cel.d', 0.01, [0, 100], 1, 'Tích ôn trong ngày', 'Degree days'),
  'soil-water-depletion': q('mm', 0.01, [0, 5000], 1, 'Lượng nước đất đã hụt', 'Soil water depletion'),
  'readily-available-water': q(
    'mm',
    0.01,
    [0, 5000],
    1,
    'Lượng nước dễ hút (ngưỡng tưới)',
    'Readily available water',
  ),
  'infection-risk': q('1', 0.001, [0, 1], 2, 'Chỉ số nguy cơ nhiễm bệnh', 'Infection risk index'),
  'day-length': q('h', 0.01, [0, 24], 1, 'Số giờ có ánh sáng ban ngày', 'Day length'),
  'queue-depth': q('1', 1, [0, 1e9], 0, 'Số liệu chờ gửi', 'Readings waiting to be sent'),
} as const satisfies Record<string, Quantity>

export type QuantityName = keyof typeof QUANTITIES

export const isQuantityName = (name: string): name is QuantityName => Object.hasOwn(QUANTITIES, name)

export const quantityOf = (name: string): Quantity | undefined =>
  isQuantityName(name) ? QUANTITIES[name] : undefined

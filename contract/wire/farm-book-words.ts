import type { Language } from '../ground/messages.ts'
import { ACTIVITY_DETAILS, type ActivityType } from './farm-book.ts'

/** What people call the activities of a farm book, their details, and the choices among them. */
type Words<Key extends string> = Readonly<Record<Key, Readonly<Record<Language, string>>>>

export const ACTIVITY_NAMES: Words<ActivityType> = {
  planted: { vi: 'Trồng', en: 'Planting' },
  sprayed: { vi: 'Phun thuốc', en: 'Spraying' },
  fertilised: { vi: 'Bón phân', en: 'Fertilising' },
  irrigated: { vi: 'Tưới nước', en: 'Irrigation' },
  lit: { vi: 'Chong đèn', en: 'Lighting' },
  pruned: { vi: 'Tỉa cành', en: 'Pruning' },
  scouted: { vi: 'Thăm vườn, sâu bệnh', en: 'Scouting' },
  tested: { vi: 'Gửi mẫu kiểm', en: 'Laboratory test' },
  harvested: { vi: 'Thu hoạch', en: 'Harvest' },
  packed: { vi: 'Đóng gói', en: 'Packing' },
  aggregated: { vi: 'Xếp pallet', en: 'Stacking a pallet' },
  dispatched: { vi: 'Xuất hàng', en: 'Dispatch' },
  received: { vi: 'Nhận hàng', en: 'Receipt' },
  other: { vi: 'Việc khác', en: 'Other work' },
}

const DETAIL_NAMES: Words<string> = {
  activeSubstance: { vi: 'Hoạt chất', en: 'Active substance' },
  amount: { vi: 'Lượng bón', en: 'Amount' },
  amountUnit: { vi: 'Đơn vị', en: 'Unit' },
  areaHa: { vi: 'Diện tích (ha)', en: 'Area (ha)' },
  boxes: { vi: 'Số thùng', en: 'Boxes' },
  consignee: { vi: 'Nơi nhận', en: 'Consignee' },
  consigneeGln: { vi: 'GLN nơi nhận', en: 'GLN of the consignee' },
  dose: { vi: 'Liều lượng', en: 'Dose' },
  doseUnit: { vi: 'Đơn vị', en: 'Unit' },
  findingId: { vi: 'Ảnh đã xác nhận', en: 'Confirmed finding' },
  from: { vi: 'Nhận từ', en: 'Received from' },
  fromGln: { vi: 'GLN nơi giao', en: 'GLN of the sender' },
  grade: { vi: 'Loại', en: 'Grade' },
  gtin: { vi: 'Mã GTIN', en: 'GTIN' },
  hours: { vi: 'Số giờ', en: 'Hours' },
  kwh: { vi: 'Điện (kWh)', en: 'Electricity (kWh)' },
  lab: { vi: 'Phòng kiểm nghiệm', en: 'Laboratory' },
  lamps: { vi: 'Số bóng', en: 'Lamps' },
  litres: { vi: 'Lượng nước (lít)', en: 'Water (litres)' },
  lossKg: { vi: 'Loại bỏ (kg)', en: 'Sorted out (kg)' },
  lot: { vi: 'Số lô', en: 'Lot number' },
  m3: { vi: 'Lượng nước (m³)', en: 'Water (m³)' },
  market: { vi: 'Thị trường', en: 'Market' },
  massKg: { vi: 'Khối lượng (kg)', en: 'Mass (kg)' },
  minutes: { vi: 'Số phút', en: 'Minutes' },
  mm: { vi: 'Lượng nước (mm)', en: 'Water (mm)' },
  netKgEach: { vi: 'Khối lượng mỗi thùng (kg)', en: 'Net mass of a box (kg)' },
  note: { vi: 'Ghi chú', en: 'Note' },
  organism: { vi: 'Loài sâu bệnh (mã NCBI)', en: 'Organism (NCBI number)' },
  packingHouse: { vi: 'Cơ sở đóng gói', en: 'Packing house' },
  phiDays: { vi: 'Cách ly (ngày)', en: 'Pre-harvest interval (days)' },
  phiMarket: { vi: 'Cách ly theo thị trường', en: 'Interval of the market' },
  phiUntil: { vi: 'Hái được từ ngày', en: 'May be picked from' },
  phiVerdict: { vi: 'Kiểm tra cách ly', en: 'Pre-harvest check' },
  phytosanitaryNo: { vi: 'Số giấy kiểm dịch', en: 'Phytosanitary certificate' },
  plants: { vi: 'Số cây, trụ', en: 'Plants' },
  product: { vi: 'Tên thuốc, phân', en: 'Product' },
  productId: { vi: 'Mục trong danh sách', en: 'In the list as' },
  reason: { vi: 'Lý do (sâu, bệnh, thiếu chất)', en: 'Reason (pest, disease, lack)' },
  registrationNo: { vi: 'Số đăng ký', en: 'Registration number' },
  reportNo: { vi: 'Số phiếu kết quả', en: 'Report number' },
  result: { vi: 'Kết quả', en: 'Result' },
  severityPct: { vi: 'Mức hại (%)', en: 'Severity (%)' },
  source: { vi: 'Nguồn', en: 'Source' },
  sscc: { vi: 'Số pallet (SSCC)', en: 'Pallet (SSCC)' },
  team: { vi: 'Tổ hái', en: 'Picking team' },
  treatment: { vi: 'Xử lý khi đóng gói', en: 'Treatment' },
  variety: { vi: 'Giống', en: 'Variety' },
  waterLitres: { vi: 'Nước pha (lít)', en: 'Spray water (litres)' },
  what: { vi: 'Nội dung', en: 'What' },
}

const CHOICE_NAMES: Words<string> = {
  'ml/plant': { vi: 'ml/cây', en: 'ml/plant' },
  'g/plant': { vi: 'g/cây', en: 'g/plant' },
  'ml/l': { vi: 'ml/lít', en: 'ml/l' },
  'g/l': { vi: 'g/lít', en: 'g/l' },
  'l/ha': { vi: 'lít/ha', en: 'l/ha' },
  'kg/ha': { vi: 'kg/ha', en: 'kg/ha' },
  kg: { vi: 'kg', en: 'kg' },
  l: { vi: 'lít', en: 'litres' },
  well: { vi: 'Giếng', en: 'Well' },
  river: { vi: 'Sông, suối', en: 'River' },
  canal: { vi: 'Kênh', en: 'Canal' },
  pond: { vi: 'Ao, hồ', en: 'Pond' },
  tap: { vi: 'Nước máy', en: 'Tap' },
  rain: { vi: 'Nước mưa', en: 'Rain' },
  water: { vi: 'Nước', en: 'Water' },
  soil: { vi: 'Đất', en: 'Soil' },
  residue: { vi: 'Dư lượng thuốc', en: 'Residues' },
  leaf: { vi: 'Lá', en: 'Leaf' },
  pass: { vi: 'Đạt', en: 'Pass' },
  fail: { vi: 'Không đạt', en: 'Fail' },
  reported: { vi: 'Chỉ ghi số đo', en: 'Figures only' },
  clear: { vi: 'Đã hết cách ly', en: 'Every interval is over' },
  inside: { vi: 'Còn trong cách ly', en: 'Inside an interval' },
  unknown: { vi: 'Có lần phun không ghi số ngày cách ly', en: 'A treatment has no interval written down' },
  unlogged: { vi: 'Sổ không ghi lần phun nào', en: 'The book has no treatment' },
  any: { vi: 'mọi thị trường', en: 'any market' },
}

export const activityName = (language: Language, type: ActivityType): string => ACTIVITY_NAMES[type][language]

/** A detail that no list names is called what its entry calls it. */
export const detailName = (language: Language, name: string): string =>
  Object.hasOwn(DETAIL_NAMES, name) ? (DETAIL_NAMES[name]?.[language] ?? name) : name

/** The details of an activity in the order in which people say them; what no list names comes last. */
export function detailsInOrder(
  type: ActivityType,
  details: Readonly<Record<string, string | number>>,
): (readonly [name: string, value: string | number])[] {
  const names = Object.keys(ACTIVITY_DETAILS[type])
  const place = (name: string): number => (names.includes(name) ? names.indexOf(name) : names.length)
  return Object.entries(details).sort(([a], [b]) => place(a) - place(b))
}

/** A choice among several; any other text as it is. */
export const choiceName = (language: Language, choice: string): string =>
  Object.hasOwn(CHOICE_NAMES, choice) ? (CHOICE_NAMES[choice]?.[language] ?? choice) : choice

import { defineMessages, type Messages } from '#contract/ground/messages.ts'

const inTwo = defineMessages({
  vi: {
    title: 'Nguồn gốc lô {lot}',
    lead: 'Truy xuất nguồn gốc',
    languages: 'Ngôn ngữ',
    by: 'Cổng truy xuất của {province}',
    farm: 'Nơi trồng',
    harvested: 'Ngày thu hoạch',
    mass: 'Khối lượng của lô',
    area: 'Mã số vùng trồng',
    gtin: 'Mã sản phẩm (GTIN)',
    lot: 'Số lô',
    received: 'Tỉnh nhận hồ sơ lúc',

    signatureGood: 'Chữ ký của vườn: đã kiểm tra, khớp',
    signatureGoodMeans:
      'Hồ sơ thu hoạch này được ký ngay tại vườn, bằng khoá riêng của hộp đặt ở vườn. {province} đã kiểm tra: nội dung còn nguyên như lúc ký, chưa ai sửa.',
    signatureBad: 'Chữ ký của vườn: không khớp',
    signatureBadMeans:
      'Ít nhất một hồ sơ của lô này không khớp với chữ ký của vườn. Có thể hồ sơ đã bị thay đổi, hoặc được ký bằng khoá khác. Đừng dựa vào thông tin dưới đây cho đến khi {province} kiểm tra xong.',
    signatureRevoked: 'Chữ ký của vườn: không còn được tin',
    signatureRevokedMeans:
      'Ít nhất một hồ sơ của lô này được ký sau thời điểm mà {province} còn tin khoá của hộp (hộp bị mất, bị lấy cắp hoặc khoá bị lộ). Đừng dựa vào thông tin dưới đây.',
    signatureNone: 'Chữ ký của vườn: chưa có',
    signatureNoneMeans:
      'Vườn đã khai lô này nhưng hồ sơ có chữ ký chưa đến nơi. Hãy xem lại sau; cho đến lúc đó {province} chưa kiểm tra được.',
    signatureLimits:
      'Chữ ký cho biết ai đã ghi và nội dung có bị sửa hay không; nó không thay cho kiểm nghiệm chất lượng.',

    conditions: 'Điều kiện trong vườn, 30 ngày trước thu hoạch',
    conditionsNote: 'Do cảm biến của vườn đo từ {from} đến {to}, ở mọi vị trí có cảm biến trong vườn.',
    conditionsNone: 'Không có số đo nào của vườn trong 30 ngày trước thu hoạch.',
    quantity: 'Đại lượng',
    lowest: 'Thấp nhất',
    highest: 'Cao nhất',

    experts: 'Chi tiết cho chuyên gia',
    event: 'Sự kiện {number}',
    eventId: 'Mã sự kiện (EPCIS eventID)',
    eventTime: 'Thời điểm',
    eventStep: 'Bước (CBV bizStep)',
    eventHash: 'SHA-256 của đúng nội dung đã ký',
    eventKey: 'Khoá đã ký (Ed25519)',
    eventSignature: 'Chữ ký',
    holds: 'khớp',
    fails: 'không khớp',
    revoked: 'khoá đã bị thu hồi',
    box: 'Hộp của vườn',
    privacy: 'Trang này không dùng cookie, không tải gì từ nơi khác và không ghi lại lượt quét của bạn.',

    unknownTitle: 'Chưa có lô này trong hồ sơ của tỉnh',
    unknownBody:
      'Không tìm thấy lô {lot}. Số lô có thể bị gõ nhầm hoặc nhãn bị mờ: hãy so lại từng chữ với nhãn, hoặc quét mã QR lần nữa.',
    unknownFalse:
      'Nếu nhãn in đúng số này mà vẫn không thấy, nhãn có thể không phải do vườn in. Hãy hỏi nơi bán và báo cho {province}.',
    waitingTitle: 'Vườn chưa gửi hồ sơ của lô này',
    waitingBody:
      'Số lô {lot} đúng cách ghi và mang mã của một hộp ở vườn đã đăng ký. Hộp ở vườn có thể đang mất mạng: hồ sơ được giữ ở đó và sẽ hiện ở đây khi hộp nối mạng lại.',
    waitingNext:
      'Hãy mở lại trang này sau vài giờ. Số lô đúng chưa phải là bằng chứng: chỉ hồ sơ có chữ ký mới là bằng chứng.',
    malformedTitle: 'Địa chỉ này không đúng dạng mã lô',
    malformedBody:
      'Mã sản phẩm phải có 14 chữ số với chữ số kiểm tra đúng, và số lô có nhiều nhất 20 ký tự. Hãy quét lại mã QR trên nhãn thay vì gõ tay.',

    'dragon-fruit': 'Thanh long',
    durian: 'Sầu riêng',
    coffee: 'Cà phê',
    mango: 'Xoài',
    chilli: 'Ớt',
    'air-temperature': 'Nhiệt độ không khí',
    'air-humidity': 'Độ ẩm không khí',
    'soil-moisture': 'Độ ẩm đất',
    'soil-temperature': 'Nhiệt độ đất',
    'soil-conductivity': 'Độ dẫn điện của đất (EC)',
    'soil-ph': 'pH đất',
    light: 'Ánh sáng',
    'rain-rate': 'Cường độ mưa',
  },
  en: {
    title: 'Origin of lot {lot}',
    lead: 'Where this fruit comes from',
    languages: 'Languages',
    by: 'Traceability service of the {province}',
    farm: 'Grown in',
    harvested: 'Harvested on',
    mass: 'Mass of the lot',
    area: 'Growing-area code',
    gtin: 'Product code (GTIN)',
    lot: 'Lot number',
    received: 'Received by the province',

    signatureGood: "The farm's signature: checked, it holds",
    signatureGoodMeans:
      'This harvest record was signed at the farm with a key that only the box at the farm holds. The {province} has checked it: the record is as it was signed, and nobody has changed it since.',
    signatureBad: "The farm's signature: it does not hold",
    signatureBadMeans:
      "At least one record of this lot does not match the farm's signature. It may have been changed, or signed with another key. Do not rely on what is below until the {province} has looked into it.",
    signatureRevoked: "The farm's signature: no longer trusted",
    signatureRevokedMeans:
      'At least one record of this lot was signed after the last moment at which the {province} trusts the key of this box (lost, stolen, or its key exposed). Do not rely on what is below.',
    signatureNone: "The farm's signature: not here yet",
    signatureNoneMeans:
      'The farm has declared this lot, but the signed record has not arrived. Look again later; until then the {province} cannot check it.',
    signatureLimits:
      'A signature shows who wrote the record and whether it was changed; it does not replace a test of quality.',

    conditions: 'Conditions on the farm, 30 days before harvest',
    conditionsNote:
      "Measured by the farm's sensors from {from} to {to}, at every place on the farm that has one.",
    conditionsNone: 'There are no measurements of the farm for the 30 days before harvest.',
    quantity: 'Quantity',
    lowest: 'Lowest',
    highest: 'Highest',

    experts: 'Details for experts',
    event: 'Event {number}',
    eventId: 'Event id (EPCIS eventID)',
    eventTime: 'Time',
    eventStep: 'Step (CBV bizStep)',
    eventHash: 'SHA-256 of the exact bytes signed',
    eventKey: 'Signing key (Ed25519)',
    eventSignature: 'Signature',
    holds: 'holds',
    fails: 'does not hold',
    revoked: 'its key was revoked',
    box: "The farm's box",
    privacy: 'This page sets no cookie, loads nothing from elsewhere, and does not record your scan.',

    unknownTitle: 'This lot is not in the records of the province',
    unknownBody:
      'Lot {lot} was not found. The number may be mistyped or the label worn: compare each character with the label, or scan the QR code again.',
    unknownFalse:
      'If the label does say exactly this, the farm may not have printed it. Ask where you bought it and tell the {province}.',
    waitingTitle: 'The farm has not sent this lot yet',
    waitingBody:
      "The lot number {lot} is well formed and carries the code of a registered farm's box. The box may be without network: the record is kept there and appears here once it is connected again.",
    waitingNext:
      'Open this page again in a few hours. A well-formed number proves nothing by itself: only the signed record does.',
    malformedTitle: 'This address is not a lot code',
    malformedBody:
      'The product code must have 14 digits with the right check digit, and the lot number at most 20 characters. Scan the QR code on the label instead of typing.',

    'dragon-fruit': 'Dragon fruit',
    durian: 'Durian',
    coffee: 'Coffee',
    mango: 'Mango',
    chilli: 'Chilli',
    'air-temperature': 'Air temperature',
    'air-humidity': 'Air humidity',
    'soil-moisture': 'Soil moisture',
    'soil-temperature': 'Soil temperature',
    'soil-conductivity': 'Soil conductivity (EC)',
    'soil-ph': 'Soil pH',
    light: 'Light',
    'rain-rate': 'Rain rate',
  },
})

export type LotMessage = typeof inTwo extends Messages<infer Key> ? Key : never

/** Most Vietnamese dragon fruit is eaten in China: the public page, and only it, speaks Chinese too. */
export const CHINESE: Readonly<Record<LotMessage, string>> = {
  title: '批次 {lot} 的来源',
  lead: '产地溯源',
  languages: '语言',
  by: '{province}溯源服务',
  farm: '产地',
  harvested: '采收日期',
  mass: '本批重量',
  area: '种植区代码',
  gtin: '产品代码 (GTIN)',
  lot: '批号',
  received: '省级部门收到时间',

  signatureGood: '农场签名：已核验，有效',
  signatureGoodMeans:
    '这份采收记录在农场当场签名，所用密钥只保存在农场的设备里。{province}已核验：内容与签名时一致，之后没有人改动。',
  signatureBad: '农场签名：不符',
  signatureBadMeans:
    '本批至少有一条记录与农场签名不符。记录可能被改动，或由其他密钥签名。在{province}查明之前，请不要依赖以下信息。',
  signatureRevoked: '农场签名：已不可信',
  signatureRevokedMeans:
    '本批至少有一条记录的签名晚于{province}仍信任该设备密钥的时间（设备遗失、被盗或密钥泄露）。请不要依赖以下信息。',
  signatureNone: '农场签名：尚未收到',
  signatureNoneMeans: '农场已申报本批，但带签名的记录尚未送达。请稍后再看；在此之前{province}无法核验。',
  signatureLimits: '签名说明记录由谁填写、是否被改动；它不能代替质量检验。',

  conditions: '采收前 30 天的农场环境',
  conditionsNote: '由农场传感器于 {from} 至 {to} 测得，涵盖农场内所有装有传感器的位置。',
  conditionsNone: '采收前 30 天没有农场测量数据。',
  quantity: '项目',
  lowest: '最低',
  highest: '最高',

  experts: '专业信息',
  event: '事件 {number}',
  eventId: '事件编号 (EPCIS eventID)',
  eventTime: '时间',
  eventStep: '步骤 (CBV bizStep)',
  eventHash: '签名原文的 SHA-256',
  eventKey: '签名密钥 (Ed25519)',
  eventSignature: '签名',
  holds: '有效',
  fails: '不符',
  revoked: '密钥已被吊销',
  box: '农场设备',
  privacy: '本页不使用 Cookie，不加载任何外部内容，也不记录您的扫码。',

  unknownTitle: '省级记录中没有这个批次',
  unknownBody: '未找到批次 {lot}。批号可能输错或标签磨损：请与标签逐字核对，或重新扫描二维码。',
  unknownFalse: '如果标签上确实是这个批号，标签可能不是农场打印的。请询问销售方，并告知{province}。',
  waitingTitle: '农场尚未上传本批记录',
  waitingBody:
    '批号 {lot} 格式正确，并带有已登记农场设备的代码。设备可能暂时断网：记录保存在农场，联网后会显示在这里。',
  waitingNext: '请几小时后再打开本页。批号格式正确本身不是证明：只有带签名的记录才是。',
  malformedTitle: '这个地址不是有效的批次代码',
  malformedBody:
    '产品代码应为 14 位数字且校验位正确，批号最多 20 个字符。请扫描标签上的二维码，不要手动输入。',

  'dragon-fruit': '火龙果',
  durian: '榴莲',
  coffee: '咖啡',
  mango: '芒果',
  chilli: '辣椒',
  'air-temperature': '气温',
  'air-humidity': '空气湿度',
  'soil-moisture': '土壤湿度',
  'soil-temperature': '土壤温度',
  'soil-conductivity': '土壤电导率 (EC)',
  'soil-ph': '土壤 pH',
  light: '光照',
  'rain-rate': '降雨强度',
}

export type PublicLanguage = 'vi' | 'en' | 'zh'

/** A sentence of the public page; `{name}` is replaced as in `defineMessages`. */
export function sayPublic(
  language: PublicLanguage,
  key: LotMessage,
  parameters: Record<string, string | number> = {},
): string {
  if (language !== 'zh') return inTwo(language, key, parameters)
  return CHINESE[key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole))
}

/** The Vietnamese and English tables, for the test that compares their placeholders with the Chinese. */
export const lotTables = inTwo.tables

export const isLotMessage = (key: string): key is LotMessage => Object.hasOwn(CHINESE, key)

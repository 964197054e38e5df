import { defineMessages } from '#contract/ground/messages.ts'

/** The links to a plot, and what the models on the farm's box said of the days that are over. */
export const sayPlot = defineMessages({
  vi: {
    section: 'Cây trồng: mô hình trên hộp',
    notYet: 'Hộp chưa gửi số nào của mô hình cho lô này.',
    sectionEmpty:
      'Hộp chưa gửi số nào của mô hình. Cần: lô đất và chỗ đặt vườn khai trong cấu hình của hộp, và một trạm thời tiết nối vào hộp.',
    pastOnly:
      'Chỉ những ngày đã qua: hộp chưa gửi dự báo, lời khuyên và kế hoạch chong đèn của lô này. Xem trên trang của hộp ở vườn.',
    back: 'Về trang của vườn',
    risk: 'Nguy cơ bệnh',
    water: 'Nước trong đất',
    warmth: 'Tích ôn',
    et0: 'Bốc thoát hơi nước (ET0)',
    spray: 'Không khí lúc phun thuốc',
    none: 'Hộp chưa tính được: chưa có số đo mà mô hình này cần.',
    newest: 'Mới nhất: {value}, ngày {date}, {age}.',
    sum: 'Cộng {days} ngày có số trong bảng: {sum}.',
    index: 'Chỉ số, chưa kiểm chứng ngoài đồng',
    estimate: 'ước lượng',
    table: 'Bảng số',
    date: 'Ngày',
    why: 'Vì sao: {model}',
    stale: 'Số mới nhất đã quá hai ngày: xem hộp có mạng không, trạm thời tiết còn gửi không.',
    'why-magarey':
      'Mô hình nhiễm chung của Magarey (2005): số giờ lá ướt liền nhau so với số giờ mầm bệnh cần ở nhiệt độ đó. Từ 1 là đủ cho nhiễm.',
    'why-water-balance':
      'Cân bằng nước FAO-56: mưa và tưới vào, bốc thoát hơi ra. RAW là phần nước cây hút được dễ dàng; hụt quá RAW là cần tưới.',
    'why-degree-days': 'Phương pháp hình sin đơn từ nhiệt độ thấp nhất và cao nhất trong ngày.',
    'why-et0-daily':
      'FAO-56 Penman-Monteith theo ngày; số thiếu được thay như FAO-56 chỉ dẫn và có dấu ước lượng.',
    'why-delta-t':
      'Nhiệt độ bầu khô trừ bầu ướt, mỗi giờ. Phun tốt khi từ 2 đến 8 °C; thấp hơn giọt dễ trôi, cao hơn giọt khô trước khi bám lá.',
    'why-other': 'Mô hình của hộp; cách tính có trong tài liệu của bản hộp đó.',
    'dragon-fruit-canker': 'Đốm nâu thanh long',
    'dragon-fruit-anthracnose': 'Thán thư thanh long',
    'mango-anthracnose': 'Thán thư xoài',
    'chilli-anthracnose': 'Thán thư ớt',
    chart: '{name}, từng ngày',
    chartHour: '{name}, từng giờ trong ba ngày qua',
  },
  en: {
    section: "The crop: models on the farm's box",
    notYet: 'The box has sent no figures of its models for this plot.',
    sectionEmpty:
      'The box has sent no figures of its models. They need: plots and the place of the farm in its config, and a weather station connected to it.',
    pastOnly:
      "Past days only: the box has sent no forecast, advice or lighting plan of this plot. They are on the box's own page at the farm.",
    back: 'Back to the farm',
    risk: 'Disease risk',
    water: 'Water in the soil',
    warmth: 'Degree days',
    et0: 'Evapotranspiration (ET0)',
    spray: 'The air for spraying',
    none: 'The box could not compute this yet: what this model needs is not measured.',
    newest: 'Newest: {value}, of {date}, {age}.',
    sum: 'Sum of the {days} days that are known: {sum}.',
    index: 'An index, not validated in the field',
    estimate: 'estimate',
    table: 'Table',
    date: 'Day',
    why: 'Why: {model}',
    stale:
      'The newest figure is more than two days old: check whether the box has a network and the station still sends.',
    'why-magarey':
      'The generic infection model of Magarey (2005): hours of unbroken leaf wetness against the hours that the pathogen needs at that temperature. From 1 on it is enough for infection.',
    'why-water-balance':
      'The FAO-56 water balance: rain and irrigation in, evapotranspiration out. RAW is what plants take up easily; beyond it irrigation is due.',
    'why-degree-days': "Single sine from the day's lowest and highest temperature.",
    'why-et0-daily':
      'FAO-56 Penman-Monteith by the day; what is not measured is replaced as FAO-56 says and marked as an estimate.',
    'why-delta-t':
      'Dry bulb less wet bulb, each hour. Good for spraying from 2 to 8 °C; below droplets drift, above they dry before they land.',
    'why-other': "A model of the box; how it computes is in that version's documentation.",
    'dragon-fruit-canker': 'Dragon-fruit brown spot (stem canker)',
    'dragon-fruit-anthracnose': 'Dragon-fruit anthracnose',
    'mango-anthracnose': 'Mango anthracnose',
    'chilli-anthracnose': 'Chilli anthracnose',
    chart: '{name}, day by day',
    chartHour: '{name}, hour by hour in the last three days',
  },
})
type PlotKey = Parameters<typeof sayPlot>[1]

export const plotWords = (language: 'vi' | 'en', key: string, otherwise: string): string =>
  Object.hasOwn(sayPlot.tables.vi, key) ? sayPlot(language, key as PlotKey) : otherwise

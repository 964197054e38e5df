import { defineMessages } from '#contract/ground/messages.ts'

/** What the page of a label says. */
export const sayLabel = defineMessages({
  vi: {
    title: 'Nhãn lô {lot}',
    sizes: 'Khổ nhãn',
    'size-roll': 'Cuộn {mm} mm',
    markets: 'Nhãn cho',
    'market-home': 'Trong nước',
    'market-china': 'Xuất Trung Quốc',
    'market-china-more':
      'Có thêm dòng hải quan Trung Quốc đòi: tên trái bằng tiếng Anh, nước xuất xứ, mã vùng trồng, mã đóng gói.',
    open: 'Xem và in nhãn',

    // Printing
    'print-title': 'In bằng máy in của hộp',
    printer: 'Máy in',
    'printer-at': '{name}, {language}, {dpi} dpi',
    'printer-other-size': 'Theo cấu hình, máy này đang lắp {size}. Lắp đúng giấy trước khi in.',
    copies: 'Số tem',
    'copies-help': 'Từ 1 đến {most}',
    print: 'In {size}',
    'print-sign-in': 'Nhập PIN để in',
    'printers-none': 'Hộp chưa có máy in nào.',
    'printers-none-more':
      'Khai “printers” trong tệp cấu hình của hộp (mẫu: agent.sample.yaml). Hoặc in từ điện thoại, máy tính bằng các cách dưới đây.',
    'printers-unfit': 'Không máy in nào của hộp in được khổ này.',
    'printers-unfit-more': 'Chọn khổ khác: {sizes}.',

    // What became of it
    taken: 'Máy in đã nhận đủ.',
    'taken-more': 'Nếu không thấy tem ra: xem giấy và nắp máy, rồi in lại.',
    unsure: 'Chưa chắc đã in xong.',
    'unsure-blocked':
      'Máy in nhận được một phần rồi ngừng. Xem có hết giấy, hết mực (ribbon) hay hở nắp không; tắt máy in rồi bật lại để nó quên phần dở, đếm tem đã ra rồi mới in tiếp.',
    'unsure-cut-off':
      'Đường nối đứt giữa chừng. Xem dây, nguồn và mạng của máy in; tắt rồi bật lại máy in, đếm tem đã ra rồi mới in tiếp.',
    'unsure-unconfirmed':
      'Hộp đã gửi hết nhưng máy in không báo là nhận xong. Xem tem có ra đủ không; nếu không ra thì xem giấy và nắp máy.',
    'not-sent': 'Chưa in tem nào.',
    'not-sent-printing': 'Máy in đang in tem khác. Chờ in xong rồi bấm in lại.',
    'not-sent-unreachable':
      'Không gọi được máy in. Xem máy in có bật không, có cùng mạng với hộp không, địa chỉ trong cấu hình có đúng không.',
    'not-sent-refused':
      'Máy ở địa chỉ này không nhận in. Xem địa chỉ và cổng (thường là 9100) trong cấu hình, hoặc tắt rồi bật lại máy in.',
    'not-sent-absent': 'Hộp không thấy máy in. Xem dây USB và công tắc của máy in.',
    'not-sent-forbidden':
      'Hộp không được phép dùng máy in. Kỹ thuật viên: thêm người dùng của vuon-agent vào nhóm “lp” rồi khởi động lại.',
    'not-sent-in-use':
      'Chương trình khác đang dùng máy in này (như CUPS). Chờ nó in xong, hoặc gỡ máy in khỏi chương trình đó.',
    'not-sent-wrong-device':
      'Chỗ khai trong cấu hình không phải là máy in. Xem lại “device”, thường là /dev/usb/lp0.',
    'not-sent-blocked': 'Máy in không nhận gì. Xem giấy, mực (ribbon), nắp máy và đèn báo lỗi, rồi in lại.',
    'not-sent-other-order': 'Tờ này đã dùng để in một lần rồi. Xem lại rồi bấm in lần nữa.',
    'not-sent-other': 'Máy in không nhận. Xem máy in rồi in lại.',
    technical: 'Ghi chú kỹ thuật: {detail}',

    // Why there is no label
    refused: 'Chưa làm được nhãn này.',
    'refused-too-small': 'Chữ không đủ chỗ trên khổ này. Chọn khổ lớn hơn.',
    'refused-letters':
      'Tên có chữ mà nhãn không viết được: {letters}. Nhờ tỉnh ghi lại tên bằng chữ Việt hoặc chữ Latinh.',
    'refused-link':
      'Địa chỉ của lô không làm thành mã QR được. Báo cho tỉnh xem lại mã GTIN và địa chỉ công khai.',
    'refused-lacks-english':
      'Nhãn đi Trung Quốc cần tên tiếng Anh của sản phẩm. Nhờ tỉnh ghi tên cho mã GTIN này.',
    'refused-lacks-area':
      'Nhãn đi Trung Quốc cần mã vùng trồng. Lô này được thu hoạch khi chưa có mã; hỏi hợp tác xã hoặc tỉnh.',
    'refused-lacks-house':
      'Nhãn đi Trung Quốc cần mã cơ sở đóng gói. Ghi việc đóng gói vào sổ vườn, rồi in nhãn của lô đã đóng gói.',
    'refused-withdrawn': 'Lô này đã được rút lại trong sổ vườn, không còn trái để dán nhãn.',
    'refused-copies': 'Số tem phải là một số từ 1 đến {most}.',
    'refused-other-printer': 'Máy in này không in được khổ {size}. Chọn khổ hoặc máy in khác.',
    'refused-other': 'Xem lại lô hàng, hoặc báo kỹ thuật viên.',

    // By other ways
    'files-title': 'Tải tệp nhãn',
    'files-more': 'PDF để in từ máy tính, PNG để gửi qua điện thoại. In đúng cỡ: tỉ lệ 100 %, không co giãn.',
    'files-printer': 'Tệp cho máy in tem ({dpi} dpi), gửi thẳng tới máy in:',
    'browser-title': 'In từ trình duyệt',
    'browser-print': 'In',
    'browser-how': 'Trong hộp thoại in: tỉ lệ 100 %, lề “không”, khổ giấy {size}.',
    'browser-menu': 'Dùng mục “In” trong trình duyệt.',
  },
  en: {
    title: 'Label of lot {lot}',
    sizes: 'Size of the label',
    'size-roll': '{mm} mm roll',
    markets: 'Label for',
    'market-home': 'Viet Nam',
    'market-china': 'Export to China',
    'market-china-more':
      "With the lines that China's customs want: fruit in English, country, codes of the growing area and the packing house.",
    open: 'See and print the label',

    'print-title': "Print on the box's printer",
    printer: 'Printer',
    'printer-at': '{name}, {language}, {dpi} dpi',
    'printer-other-size': 'By the configuration it holds {size}. Put the right paper in before printing.',
    copies: 'Labels',
    'copies-help': '1 to {most}',
    print: 'Print {size}',
    'print-sign-in': 'Enter your PIN to print',
    'printers-none': 'The box has no printer.',
    'printers-none-more':
      'Name it under “printers” in the box’s configuration (see agent.sample.yaml). Or print from a phone or computer, as below.',
    'printers-unfit': 'No printer of the box prints this size.',
    'printers-unfit-more': 'Choose another size: {sizes}.',

    taken: 'The printer took everything.',
    'taken-more': 'If no label comes out: look at paper and lid, then print again.',
    unsure: 'It is not sure that all was printed.',
    'unsure-blocked':
      'The printer took a part and stopped. Is it out of paper or ribbon, is the lid open? Switch it off and on so that it forgets the rest, count what came out, then print what is missing.',
    'unsure-cut-off':
      'The connection broke half-way. Look at cable, power and network of the printer; switch it off and on, count what came out, then print what is missing.',
    'unsure-unconfirmed':
      'The box sent everything, but the printer did not say that it has it all. Count what came out; if nothing did, look at paper and lid.',
    'not-sent': 'Nothing was printed.',
    'not-sent-printing': 'The printer is at work on other labels. Wait until it is done, then print again.',
    'not-sent-unreachable':
      'The printer can not be reached. Is it on, is it in the same network as the box, is its address in the configuration right?',
    'not-sent-refused':
      'What is at this address takes no print jobs. Check address and port (9100 as a rule) in the configuration, or switch the printer off and on.',
    'not-sent-absent': 'The box does not see the printer. Look at its USB cable and its switch.',
    'not-sent-forbidden':
      'The box may not use the printer. Technician: add the user of vuon-agent to the group “lp” and restart it.',
    'not-sent-in-use':
      'Another program uses this printer (such as CUPS). Wait until it is done, or take the printer out of that program.',
    'not-sent-wrong-device':
      'What the configuration names is not a printer. Check “device”, as a rule /dev/usb/lp0.',
    'not-sent-blocked':
      'The printer takes nothing. Look at paper, ribbon, lid and its error light, then print again.',
    'not-sent-other-order': 'This form was used for another print. Look at it again, then print once more.',
    'not-sent-other': 'The printer did not take it. Look at the printer, then print again.',
    technical: 'Technical note: {detail}',

    refused: 'This label can not be made.',
    'refused-too-small': 'The words do not fit this size. Choose a larger one.',
    'refused-letters':
      'The name has letters that labels can not show: {letters}. Ask the province to write it in Vietnamese or Latin letters.',
    'refused-link':
      'The address of the lot makes no QR code. Ask the province to check the GTIN and its public address.',
    'refused-lacks-english':
      'A label for China needs the English name of the product. Ask the province to set it.',
    'refused-lacks-area':
      'A label for China needs the code of the growing area. This lot was picked before there was one; ask the cooperative or the province.',
    'refused-lacks-house':
      'A label for China needs the code of the packing house. Enter the packing into the farm book, then print the label of the packed lot.',
    'refused-withdrawn': 'This lot was withdrawn in the farm book: there is no fruit to label.',
    'refused-copies': 'The number of labels has to be from 1 to {most}.',
    'refused-other-printer': 'This printer does not print {size}. Choose another size or printer.',
    'refused-other': 'Look at the lot again, or tell the technician.',

    'files-title': 'Download the label',
    'files-more': 'PDF to print from a computer, PNG to send by phone. In true size: 100 %, not scaled.',
    'files-printer': 'Files for label printers ({dpi} dpi), to be sent to the printer as they are:',
    'browser-title': 'Print from the browser',
    'browser-print': 'Print',
    'browser-how': 'In the print dialog: scale 100 %, no margins, paper {size}.',
    'browser-menu': "Use “Print” in your browser's menu.",
  },
})

import { defineMessages } from '#contract/ground/messages.ts'

/** What `doctor` says. */
export const say = defineMessages({
  vi: {
    config: 'Cấu hình {file} đúng.',
    arch64: 'Hệ điều hành 64 bit ({arch}).',
    arch32: 'Hệ điều hành này là 32 bit ({arch}).',
    arch32Hint: 'Cài hệ điều hành 64 bit: các thư viện của Vuon không còn bản 32 bit.',
    memory: 'Bộ nhớ {totalMb} MB, còn trống {freeMb} MB.',
    memoryHint: 'Cần ít nhất 512 MB, và 1 GB nếu chạy mô hình xem bệnh trên ảnh.',
    disk: 'Ổ đĩa còn trống {freeMb} MB ở {folder}.',
    diskHint: 'Xoá bớt tệp, hoặc giảm journal.quotaMb.',
    notWritable: 'Không ghi được vào {folder}.',
    notWritableHint: 'Chạy bằng người dùng của dịch vụ Vuon, hoặc sửa quyền: chown -R vuon {folder}',
    key: 'Khoá riêng của hộp chỉ mình dịch vụ đọc được.',
    keyNone: 'Hộp chưa có khoá; khoá được tạo ở lần chạy đầu tiên.',
    claimed: 'Hộp đã đăng ký cho {farm} tại {gateway}, mã hộp {boxCode}.',
    unclaimed: 'Hộp chưa đăng ký với tỉnh: số đo được giữ lại nhưng chưa gửi đi.',
    unclaimedHint: 'Xin mã ở tỉnh rồi chạy: vuon-agent claim MÃ --gateway ĐỊA_CHỈ',
    running: 'Chương trình đang chạy.',
    notRunning: 'Chương trình không chạy, hoặc trang của hộp không trả lời ở cổng {port}.',
    notRunningHint:
      'Khởi động: systemctl start vuon-agent (hoặc vuon-agent run), rồi xem: journalctl -u vuon-agent',
    openBroker:
      'Máy chủ MQTT {name} của hộp không hỏi mật khẩu: ai vào được mạng của vườn đều gửi được số đo.',
    openBrokerHint:
      'Chạy vuon-agent mqtt-password cho từng thiết bị, rồi ghi vào users trong cấu hình; hoặc để riêng các thiết bị một mạng Wi-Fi.',
    pageCode: 'Chưa có ai có mã PIN. Mã để đặt PIN đầu tiên trên trang của hộp: {code}',
    lossWindow:
      'Mất điện có thể mất nhiều nhất {seconds} s số đo hỏi qua đường dây; không mất gì đã được xác nhận (MQTT QoS 1, biểu mẫu, báo động).',
    wear: 'Thẻ nhớ: nhiều nhất {commits} lần ghi bền mỗi ngày, khoảng {mb} MB mỗi ngày (4 KiB một lần).',
    journal: 'Nhật ký: {readings} số đo, {sizeMb} trên {quotaMb} MB; lần ghi gần nhất mất {ms} ms.',
    journalSetAside: 'Nhật ký cũ bị hỏng và đã được cất riêng: {file}.',
    journalSetAsideHint: 'Giữ tệp đó và báo cho tỉnh; chương trình vẫn chạy tiếp với nhật ký mới.',
    journalDamaged: 'SQLite thấy nhật ký hỏng: {detail}',
    bus: 'Đường {name} ({kind}): đang nối, {detail}.',
    busDown: 'Đường {name} ({kind}): mất nối. {detail}',
    busDownHint: 'Xem dây cắm, nguồn và đường dẫn của cổng trong cấu hình.',
    device: '{name}: nghe thấy {age} trước.',
    deviceNever: '{name}: chưa nghe thấy lần nào từ khi chạy.',
    deviceSilent: '{name}: im lặng đã {age}.',
    deviceHint: 'Xem nguồn, dây A/B, địa chỉ và tốc độ; xem lỗi bên dưới.',
    fault: '{subject}: {code} × {count}, mới nhất {age} trước: {detail}',
    synced: 'Đồng bộ: {phase}; còn {waiting} mục chưa ở tỉnh; lần cuối tỉnh nhận {age} trước.',
    syncNever: 'Đồng bộ: {phase}; còn {waiting} mục chưa ở tỉnh; tỉnh chưa nhận lần nào từ khi chạy.',
    syncError: 'Lỗi đồng bộ gần nhất: {sentence}',
    channel: 'Kênh báo {name} ({kind}): tin gần nhất tới nơi {age} trước; {waiting} tin còn chờ.',
    channelUnused: 'Kênh báo {name} ({kind}): chưa báo gì từ khi chạy; {waiting} tin còn chờ.',
    channelFails: 'Kênh báo {name} ({kind}) không gửi được, {age} trước: {detail}. {waiting} tin còn chờ.',
    channelHint: 'Thử ngay: vuon-agent alarms test "{name}"',
    channelDropped: 'Kênh báo {name}: {count} tin đã bị bỏ vì hết chỗ hoặc bị từ chối.',
    downlink: 'Đã nhận từ tỉnh đến thông báo số {through}; {waiting} thông báo còn chờ xử lý.',
    downlinkNewer: '{count} thông báo của tỉnh thuộc loại mà chương trình này chưa biết; được giữ lại.',
    downlinkNewerHint: 'Cập nhật Vuon trên hộp: bản mới sẽ đọc và làm theo các thông báo đã giữ.',
    downlinkError: 'Chưa nhận được thông báo của tỉnh: {sentence}',
    provinceConfig: 'Tỉnh đặt (thông báo số {no}): {keys}',
    provinceTrial: 'Đang thử cấu hình của tỉnh (thông báo số {no}): {keys}',
    provinceConfigHint:
      'Xem: vuon-agent config show. Không muốn tỉnh thay đổi cấu hình của hộp: đặt downlink.config: refuse',
    provinceRolledBack: 'Đã tự bỏ cấu hình của tỉnh (thông báo số {no}): {reason}',
    provinceRolledBackHint: 'Hộp chạy tiếp bằng cấu hình trước đó; tỉnh đã được báo.',
    modelActive: 'Mô hình {id} {version} đang xem ảnh, đã {age}.',
    modelShadow:
      'Mô hình {id} {version} đang chạy thử, chưa hiện kết quả, đã {age}: {photos} ảnh, nói giống bản đang dùng {agreed} trên {both} lần, lỗi {failures} lần.',
    modelShadowHint: 'Xem số liệu: vuon-agent models list. Cho dùng ngay: vuon-agent models promote {id}',
    modelTakenBack: 'Mô hình {id} {version} đã bị ngừng dùng {age} trước; bản trước đó đang xem ảnh.',
    modelTakenBackHint:
      'Tỉnh đã được báo lý do. Vẫn muốn dùng: vuon-agent models promote {id}, kèm số phiên bản',
    'model-offered': 'Tỉnh gửi mô hình {model} {version} ({sizeMb} MB): sẽ tải khi đường truyền rảnh.',
    'model-stored': 'Mô hình {model} {version} của tỉnh đã có trên hộp; chưa dùng để xem ảnh.',
    'model-installed': 'Mô hình {model} {version} của tỉnh đã được cài vào hộp.',
    'model-refused': 'Tệp mô hình {model} {version} không đúng như tỉnh đã ký; không dùng.',
    spent: 'Đường truyền: hôm nay đã dùng {spent} MB, không đặt hạn mức.',
    spentOf: 'Đường truyền: hôm nay đã dùng {spent} trên {limit} MB.',
    'held-day': 'Hết phần dung lượng của ngày dành cho số đo; số đo chờ thêm {until}. Báo động vẫn đi ngay.',
    'held-hour':
      'Hết phần dung lượng của giờ này dành cho số đo; số đo chờ thêm {until}. Báo động vẫn đi ngay.',
    'held-quiet': 'Đang trong giờ nhường đường truyền; số đo chờ thêm {until}. Báo động vẫn đi ngay.',
    heldPhotos: 'Ảnh chờ thêm {until} để dành dung lượng cho số đo và báo động.',
    heldHint:
      'Không mất gì. Nếu hay gặp: tăng sync.budget trong cấu hình, hoặc gửi thưa hơn (sync.batchEveryS).',
    clockGood: 'Đồng hồ: đã đồng bộ.',
    clockHoldover: 'Đồng hồ: tự chạy từ lần đồng bộ trước.',
    clockUnknown: 'Đồng hồ: chưa biết đúng hay sai; số đo vẫn được giữ và được sửa giờ sau.',
    clockHint: 'Nối mạng một lần để hộp lấy giờ, hoặc gắn pin đồng hồ (RTC).',
    alarm: 'Báo động đang mở: {name} ({rule}) {device}',
    rs485:
      'RS-485: dùng bộ chuyển tự đảo chiều hoặc chế độ RS-485 của nhân Linux; đảo chiều bằng RTS từ chương trình không được hỗ trợ vì quá chậm.',
    rs485Hint:
      'Nếu bộ chuyển cần RTS: bật chế độ RS-485 của nhân (cổng UART của bo), hoặc thay bằng bộ chuyển tự đảo chiều (auto-direction). Xem firmware-config/.',
    plainPort: 'Đường {bus}: tên {path} có thể đổi khi rút cắm hay khởi động lại, khi đó hộp đọc nhầm đường.',
    plainPortHint: 'Ghi trong cấu hình: path: {lasting}',
    plainPortNoName:
      'Ghi một tên trong /dev/serial/by-id vào path (ls -l /dev/serial/by-id), hoặc đặt tên bằng luật udev.',
    printer: 'Máy in {name} ({way}): kết nối được; giấy và mực (ribbon) thì hộp không thấy.',
    'printer-unreachable': 'Máy in {name} ({way}) không trả lời: {detail}',
    'printer-unreachable-hint':
      'Xem máy in đã bật và vào mạng của vườn chưa. In tờ cấu hình của máy để xem địa chỉ IP, sửa printers.address nếu khác, và giữ cố định địa chỉ đó ở bộ phát Wi-Fi.',
    'printer-refused': 'Máy in {name} ({way}) có trả lời nhưng không nhận việc in.',
    'printer-refused-hint':
      'Nếu máy đang in tem khác, chờ xong rồi xem lại. Nếu không: bật in thô (RAW, JetDirect, cổng 9100) trong cài đặt của máy in, hoặc sửa cổng trong printers.address.',
    'printer-absent': 'Máy in {name}: hộp không thấy {way}.',
    'printer-absent-hint':
      'Xem dây USB và công tắc của máy in, rồi chạy: ls -l /dev/usb. Rút ra cắm lại thì số có thể đổi (lp0, lp1): sửa printers.device, hoặc đặt tên bằng luật udev.',
    'printer-forbidden': 'Máy in {name}: người dùng này không được ghi vào {way}.',
    'printer-forbidden-hint':
      'Cho người dùng của dịch vụ vào nhóm lp: usermod -aG lp vuon, rồi: systemctl restart vuon-agent',
    'printer-in-use': 'Máy in {name}: một chương trình khác đang giữ {way}.',
    'printer-in-use-hint':
      'Nếu đang in tem, chờ xong rồi xem lại. Nếu CUPS giữ máy in: systemctl disable --now cups',
    'printer-wrong-device': 'Máy in {name}: {way} không phải là máy in.',
    'printer-wrong-device-hint':
      'Máy in USB là /dev/usb/lp0, lp1…: chạy ls -l /dev/usb rồi sửa printers.device. Nếu ở đó là một tệp thường, hãy xoá nó.',
  },
  en: {
    config: 'The configuration {file} is right.',
    arch64: 'The operating system is 64-bit ({arch}).',
    arch32: 'This operating system is 32-bit ({arch}).',
    arch32Hint: 'Install a 64-bit system: the libraries that Vuon needs exist for 64 bit only.',
    memory: '{totalMb} MB of memory, {freeMb} MB free.',
    memoryHint: 'At least 512 MB is needed, 1 GB where photos are looked at by models.',
    disk: '{freeMb} MB free on the disk of {folder}.',
    diskHint: 'Delete files, or lower journal.quotaMb.',
    notWritable: '{folder} can not be written.',
    notWritableHint: "Run it as the service's user, or mend the owner: chown -R vuon {folder}",
    key: "The box's private key can be read by its service only.",
    keyNone: 'The box has no key yet; it is made at the first start.',
    claimed: 'The box is enrolled for {farm} at {gateway}, box code {boxCode}.',
    unclaimed: 'The box is not enrolled at a province: readings are kept, but not sent.',
    unclaimedHint: 'Ask the province for a code, then: vuon-agent claim CODE --gateway URL',
    running: 'The program runs.',
    notRunning: "The program does not run, or the box's page does not answer on port {port}.",
    notRunningHint:
      'Start it: systemctl start vuon-agent (or vuon-agent run), then look: journalctl -u vuon-agent',
    openBroker:
      "The box's MQTT broker {name} asks for no password: whoever is on the network of the farm can send readings.",
    openBrokerHint:
      'Run vuon-agent mqtt-password for each device and put it under users in the configuration; or give the devices a Wi-Fi of their own.',
    pageCode: "Nobody has a PIN yet. The code that sets the first one on the box's page: {code}",
    lossWindow:
      'A power cut costs at most {seconds} s of polled readings, and nothing that was acknowledged (MQTT QoS 1, forms, alarms).',
    wear: 'The card: at most {commits} durable commits a day, about {mb} MB a day (4 KiB each).',
    journal: 'Journal: {readings} readings, {sizeMb} of {quotaMb} MB; the newest commit took {ms} ms.',
    journalSetAside: 'The old journal was damaged and set aside: {file}.',
    journalSetAsideHint: 'Keep that file and tell the province; the program goes on with a new one.',
    journalDamaged: 'SQLite finds damage in the journal: {detail}',
    bus: 'Bus {name} ({kind}): connected, {detail}.',
    busDown: 'Bus {name} ({kind}): not connected. {detail}',
    busDownHint: "Look at the plug, the supply, and the port's path in the configuration.",
    device: '{name}: heard {age} ago.',
    deviceNever: '{name}: never heard since the start.',
    deviceSilent: '{name}: silent for {age}.',
    deviceHint: 'Look at its supply, wires A and B, address and speed; see its faults below.',
    fault: '{subject}: {code} × {count}, newest {age} ago: {detail}',
    synced: 'Sync: {phase}; {waiting} entries are not at the province yet; it last took some {age} ago.',
    syncNever: 'Sync: {phase}; {waiting} entries are not at the province yet; it took none since the start.',
    syncError: 'Newest sync error: {sentence}',
    channel: 'Channel {name} ({kind}): the last message arrived {age} ago; {waiting} are waiting.',
    channelUnused: 'Channel {name} ({kind}): nothing told since the start; {waiting} are waiting.',
    channelFails: 'Channel {name} ({kind}) could not deliver, {age} ago: {detail}. {waiting} are waiting.',
    channelHint: 'Try it now: vuon-agent alarms test "{name}"',
    channelDropped: 'Channel {name}: {count} messages were dropped, for want of room or refused.',
    downlink: "The province's messages up to number {through} are here; {waiting} wait to be acted on.",
    downlinkNewer:
      "{count} of the province's messages are of a kind that this program does not know; they are kept.",
    downlinkNewerHint: 'Update Vuon on the box: a newer one reads what was kept and acts on it.',
    downlinkError: "The province's messages do not come: {sentence}",
    provinceConfig: 'Set by the province (message {no}): {keys}',
    provinceTrial: 'On trial, set by the province (message {no}): {keys}',
    provinceConfigHint:
      'See vuon-agent config show. To keep the province from changing settings: downlink.config: refuse',
    provinceRolledBack: 'A config of the province (message {no}) was taken back: {reason}',
    provinceRolledBackHint: 'The box goes on with the config before it; the province has been told.',
    modelActive: 'Model {id} {version} looks at photos, for {age}.',
    modelShadow:
      'Model {id} {version} is on trial and not shown, for {age}: {photos} photos, the same as the one in use on {agreed} of {both}, {failures} failures.',
    modelShadowHint: 'The figures: vuon-agent models list. To use it now: vuon-agent models promote {id}',
    modelTakenBack: 'Model {id} {version} was taken back {age} ago; the one before it looks at photos.',
    modelTakenBackHint:
      'The province was told why. To use it all the same: vuon-agent models promote {id}, with its version',
    'model-offered':
      'The province offers model {model} {version} ({sizeMb} MB): fetched when the line is free.',
    'model-stored':
      'Model {model} {version} of the province is on the box; photos are not looked at with it.',
    'model-installed': 'Model {model} {version} of the province is installed on the box.',
    'model-refused': 'The file of model {model} {version} is not what the province signed; it is not used.',
    spent: 'Link: {spent} MB used today, no limit is set.',
    spentOf: 'Link: {spent} of {limit} MB used today.',
    'held-day':
      "The readings' share of the day's budget is used; they wait another {until}. Alarms still go at once.",
    'held-hour':
      "The readings' share of this hour's budget is used; they wait another {until}. Alarms still go at once.",
    'held-quiet': 'These are quiet hours; readings wait another {until}. Alarms still go at once.',
    heldPhotos: 'Photos wait another {until}, so that something is left for readings and alarms.',
    heldHint:
      'Nothing is lost. If it happens often: raise sync.budget, or send less often (sync.batchEveryS).',
    clockGood: 'Clock: synchronised.',
    clockHoldover: 'Clock: running on since it was synchronised last.',
    clockUnknown: 'Clock: not known to be right; readings are kept and their times corrected later.',
    clockHint: 'Connect the box to the network once, or fit a clock battery (RTC).',
    alarm: 'Open alarm: {name} ({rule}) {device}',
    rs485:
      "RS-485: use an adapter that turns the line by itself, or the kernel's RS-485 mode; turning it by RTS from a program is too slow and not supported.",
    rs485Hint:
      'If your adapter needs RTS: switch on the RS-485 mode of the kernel (UARTs of the board), or take an adapter with automatic direction. See firmware-config/.',
    plainPort:
      'Bus {bus}: the name {path} may change when sticks are swapped or at a restart; then the wrong line is read.',
    plainPortHint: 'Write in the configuration: path: {lasting}',
    plainPortNoName:
      'Take a name from /dev/serial/by-id as path (ls -l /dev/serial/by-id), or give it one with a udev rule.',
    printer: 'Printer {name} ({way}): it can be reached; paper and ribbon the box does not see.',
    'printer-unreachable': 'Printer {name} ({way}) does not answer: {detail}',
    'printer-unreachable-hint':
      "Is it switched on, and on the farm's network? Print its configuration page for its IP address, mend printers.address if it is another, and have the Wi-Fi router keep that address for it.",
    'printer-refused': 'Printer {name} ({way}) answers, and takes no job.',
    'printer-refused-hint':
      "If it is printing other labels, look again when it is done. Else switch on raw printing (RAW, JetDirect, port 9100) in the printer's settings, or mend the port in printers.address.",
    'printer-absent': 'Printer {name}: the box does not see {way}.',
    'printer-absent-hint':
      "Look at the printer's USB cable and its switch, then at: ls -l /dev/usb. Plugged in again, it may have another number (lp0, lp1): mend printers.device, or give it a name with a udev rule.",
    'printer-forbidden': 'Printer {name}: this user may not write to {way}.',
    'printer-forbidden-hint':
      "Put the service's user into the group lp: usermod -aG lp vuon, then: systemctl restart vuon-agent",
    'printer-in-use': 'Printer {name}: another program holds {way}.',
    'printer-in-use-hint':
      'If labels are being printed, look again when that is done. If CUPS holds it: systemctl disable --now cups',
    'printer-wrong-device': 'Printer {name}: {way} is no printer.',
    'printer-wrong-device-hint':
      'USB printers are /dev/usb/lp0, lp1 and so on: look at ls -l /dev/usb and mend printers.device. If a plain file is there, delete it.',
  },
})

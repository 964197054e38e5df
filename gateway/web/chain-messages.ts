import { defineMessages } from '#contract/ground/messages.ts'

/** What the pages say where the signed events of a box do not follow one another. */
export const sayChain = defineMessages({
  vi: {
    badge: 'Hồ sơ không khớp: {count}',
    farms: '{farms} vườn có hồ sơ không khớp',
    title: 'Chuỗi hồ sơ có chữ ký của hộp {code} không khớp',
    titleComing: 'Chuỗi hồ sơ của hộp {code} còn thiếu, hộp đang gửi tiếp',
    forged: 'Hồ sơ số {numbers}: chữ ký không phải của hộp này.',
    forked: 'Hồ sơ số {numbers}: có hai bản khác nhau mang cùng một số.',
    broken: 'Hồ sơ số {numbers}: không nối vào hồ sơ đứng trước mà tỉnh đang giữ.',
    missing: 'Hồ sơ số {numbers}: hồ sơ đứng ngay trước chưa bao giờ đến tỉnh.',
    missingYet: 'Hồ sơ số {numbers}: hồ sơ đứng ngay trước chưa đến, có thể còn trên đường.',
    means:
      'Mỗi hồ sơ mang số thứ tự và dấu của hồ sơ trước, nên thêm, bớt hay đổi chỗ đều lộ ra. Có thể ai đó đã viết lại hồ sơ; cũng có thể thẻ nhớ hỏng, hoặc một bản sao cũ của thẻ được dùng lại.',
    todo: 'Việc cần làm: tạm chưa xác nhận lô có những hồ sơ này. Hỏi người giữ hộp xem thẻ nhớ có bị thay, chép lại hay hỏng không, rồi đối chiếu với nhật ký trên hộp. Nếu thẻ bị chép, hoặc người lạ có khoá của hộp: nhờ người quản trị thu hồi khoá và đăng ký lại hộp.',
  },
  en: {
    badge: 'Records that do not fit: {count}',
    farms: 'Farms with records that do not fit: {farms}.',
    title: 'The chain of signed records of box {code} does not hold',
    titleComing: 'The chain of records of box {code} has a gap, and the box is still sending',
    forged: 'Record {numbers}: this box did not sign it.',
    forked: 'Record {numbers}: there are two different ones of one number.',
    broken: 'Record {numbers}: it does not follow the one before it that the province holds.',
    missing: 'Record {numbers}: the one before it never reached the province.',
    missingYet: 'Record {numbers}: the one before it is not here yet and may be on its way.',
    means:
      'Each record bears its number and the mark of the one before, so that adding, dropping or swapping one shows. Somebody may have rewritten what was recorded; or a memory card was damaged, or an old copy of it was put back to use.',
    todo: "What to do: confirm no lot that has these records for now. Ask whoever keeps the box whether its card was changed, copied or damaged, and hold the diary on the box against what is here. If the card was copied, or a stranger has the box's key: have the administrator revoke the key and claim the box again.",
  },
})

import { defineMessages } from '#contract/ground/messages.ts'

/** What stands before an alarm's own sentence when people are told of it. */
export const say = defineMessages({
  vi: {
    'raised-info': 'Lưu ý: {what}',
    'raised-warning': 'Cảnh báo: {what}',
    'raised-critical': 'Khẩn cấp: {what}',
    'escalated-info': 'Lưu ý, chưa ai xác nhận: {what}',
    'escalated-warning': 'Cảnh báo, chưa ai xác nhận: {what}',
    'escalated-critical': 'Khẩn cấp, chưa ai xác nhận: {what}',
    acknowledged: 'Đã có người xác nhận: {what}',
    cleared: 'Đã hết: {what}',
    test: 'Tin thử từ hộp {box}. Không có chuyện gì xảy ra ở vườn.',
  },
  en: {
    'raised-info': 'Note: {what}',
    'raised-warning': 'Warning: {what}',
    'raised-critical': 'Urgent: {what}',
    'escalated-info': 'Note, nobody has acknowledged it: {what}',
    'escalated-warning': 'Warning, nobody has acknowledged it: {what}',
    'escalated-critical': 'Urgent, nobody has acknowledged it: {what}',
    acknowledged: 'Somebody has acknowledged it: {what}',
    cleared: 'Over: {what}',
    test: 'A test message from the box {box}. Nothing has happened on the farm.',
  },
})

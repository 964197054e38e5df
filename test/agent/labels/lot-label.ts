import type { LabelFacts } from '../../../agent/labels/label-facts.ts'
import { LABEL_SIZES, type LabelSize } from '../../../agent/labels/label-sizes.ts'

export const GTIN = '09521234543213'

/** What stands on the label of a lot; the settings that matter are given. */
export function factsOf(wishes: Partial<LabelFacts> & { publicUrl?: string } = {}): LabelFacts {
  const { publicUrl = 'https://truyxuat.lamdong.example.vn', ...others } = wishes
  const lot = others.lot ?? 'B0X126112300N'
  return {
    gtin: GTIN,
    lot,
    uri: `${publicUrl}/01/${GTIN}/10/${encodeURIComponent(lot)}`,
    productVi: 'Thanh long ruột đỏ loại 1',
    productEn: 'Red-fleshed dragon fruit, grade 1',
    day: '23/11/2026',
    isDayOf: 'harvest',
    massKg: 1412.5,
    place: 'Hàm Thạnh, Lâm Đồng',
    growingArea: 'VN-LDOR-0042',
    packingHouse: 'VN-LDPH-0007',
    ...others,
  }
}

export function sizeNamed(name: string): LabelSize {
  const size = LABEL_SIZES.find((each) => each.name === name)
  if (!size) throw new Error(`no label is called ${name}`)
  return size
}

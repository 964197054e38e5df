/**
 * What soils hold, by texture (USDA classes): FAO-56 table 19. The table gives ranges; a soil with no measurement of
 * its own gets the middle. Water contents in m³/m³, REW in mm.
 */
export interface SoilTexture {
  readonly name: string
  readonly vi: string
  readonly thetaFc: readonly [least: number, most: number]
  readonly thetaWp: readonly [least: number, most: number]
  readonly rewMm: readonly [least: number, most: number]
}

export const SOILS: readonly SoilTexture[] = [
  { name: 'sand', vi: 'đất cát', thetaFc: [0.07, 0.17], thetaWp: [0.02, 0.07], rewMm: [2, 7] },
  { name: 'loamy-sand', vi: 'đất cát pha thịt', thetaFc: [0.11, 0.19], thetaWp: [0.03, 0.1], rewMm: [4, 8] },
  {
    name: 'sandy-loam',
    vi: 'đất thịt pha cát',
    thetaFc: [0.18, 0.28],
    thetaWp: [0.06, 0.16],
    rewMm: [6, 10],
  },
  { name: 'loam', vi: 'đất thịt', thetaFc: [0.2, 0.3], thetaWp: [0.07, 0.17], rewMm: [8, 10] },
  { name: 'silt-loam', vi: 'đất thịt pha bụi', thetaFc: [0.22, 0.36], thetaWp: [0.09, 0.21], rewMm: [8, 11] },
  { name: 'silt', vi: 'đất bụi', thetaFc: [0.28, 0.36], thetaWp: [0.12, 0.22], rewMm: [8, 11] },
  {
    name: 'silty-clay-loam',
    vi: 'đất thịt pha sét và bụi',
    thetaFc: [0.3, 0.37],
    thetaWp: [0.17, 0.24],
    rewMm: [8, 11],
  },
  { name: 'silty-clay', vi: 'đất sét pha bụi', thetaFc: [0.3, 0.42], thetaWp: [0.17, 0.29], rewMm: [8, 12] },
  { name: 'clay', vi: 'đất sét', thetaFc: [0.32, 0.4], thetaWp: [0.2, 0.24], rewMm: [8, 12] },
]

export const middle = ([least, most]: readonly [number, number]): number => (least + most) / 2

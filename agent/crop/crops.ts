import type { Coefficients, StageLengths } from './growth-stages.ts'

/**
 * What crops use, stand and root: FAO-56 tables 11 (stages), 12 (Kc, height), 17 (Kcb) and 22 (roots, p). A crop that
 * FAO-56 does not have stands here with our own estimate and `standing: 'estimate'`; every result made with it says so.
 */
export interface Crop {
  /** Lower case with hyphens, as plots name their crop. */
  readonly name: string
  readonly vi: string
  readonly standing: 'fao-56' | 'estimate'
  /** Table 12, over grass reference in a sub-humid climate with 2 m/s. */
  readonly kc: Coefficients
  /** Table 17. */
  readonly kcb?: Coefficients
  readonly heightM: number
  /** Table 22: the shallower end is for planning irrigation, the deeper for rainfed crops. */
  readonly rootM: readonly [shallow: number, deep: number]
  /** At planting; a crop without it has its roots already. */
  readonly rootIniM?: number
  readonly p: number
  /** A crop without stages bears leaves all year: its Kc is that of mid-season until somebody says otherwise. */
  readonly stages?: StageLengths
}

const stages = (iniD: number, devD: number, midD: number, endD: number): StageLengths => ({
  iniD,
  devD,
  midD,
  endD,
})
const levels = (ini: number, mid: number, end: number): Coefficients => ({ ini, mid, end })

// FAO-56 annex 8 takes 0.15 to 0.20 m for a seedling.
const SEEDLING_ROOT_M = 0.2

export const CROPS: readonly Crop[] = [
  {
    // A cactus that breathes at night, not in FAO-56; Kc estimated, not measured here.
    name: 'dragon-fruit',
    vi: 'thanh long',
    standing: 'estimate',
    // Initial is the vegetative phase, mid-season bud and flower, end the filling fruit.
    kc: levels(0.4, 0.5, 0.6),
    heightM: 1.6,
    rootM: [0.3, 0.4],
    // Irrigated at 30 % depletion in a trial in Manabí, Ecuador.
    p: 0.3,
  },
  {
    // Not in FAO-56; taken between cacao and citrus. Roots are shallow and stand no waterlogging.
    name: 'durian',
    vi: 'sầu riêng',
    standing: 'estimate',
    kc: levels(0.75, 0.85, 0.8),
    heightM: 6,
    rootM: [0.5, 0.8],
    p: 0.35,
  },
  {
    // Not in FAO-56; taken near avocado and citrus. Dry weeks before flowering are wanted.
    name: 'mango',
    vi: 'xoài',
    standing: 'estimate',
    kc: levels(0.6, 0.8, 0.7),
    heightM: 4,
    rootM: [0.8, 1.2],
    p: 0.5,
  },
  {
    // Not in FAO-56.
    name: 'cashew',
    vi: 'điều',
    standing: 'estimate',
    kc: levels(0.5, 0.7, 0.65),
    heightM: 5,
    rootM: [1, 1.5],
    p: 0.5,
  },
  {
    // Bare ground between the rows; with weeds Kc is 0.15 higher.
    name: 'coffee',
    vi: 'cà phê',
    standing: 'fao-56',
    kc: levels(0.9, 0.95, 0.95),
    kcb: levels(0.8, 0.9, 0.9),
    heightM: 2.5,
    rootM: [0.9, 1.5],
    p: 0.4,
  },
  {
    name: 'sweet-pepper',
    vi: 'ớt ngọt',
    standing: 'fao-56',
    kc: levels(0.6, 1.05, 0.9),
    kcb: levels(0.15, 1, 0.8),
    heightM: 0.7,
    rootM: [0.5, 1],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.3,
    stages: stages(30, 40, 110, 30),
  },
  {
    // FAO-56's sweet pepper stands in.
    name: 'chilli',
    vi: 'ớt',
    standing: 'estimate',
    kc: levels(0.6, 1.05, 0.9),
    kcb: levels(0.15, 1, 0.8),
    heightM: 0.7,
    rootM: [0.5, 1],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.3,
    stages: stages(30, 40, 110, 30),
  },
  {
    // For rice without standing water; a flooded field is no bucket that drains at field capacity.
    name: 'rice',
    vi: 'lúa',
    standing: 'fao-56',
    kc: levels(1.05, 1.2, 0.75),
    kcb: levels(1, 1.15, 0.57),
    heightM: 1,
    rootM: [0.5, 1],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.2,
    stages: stages(30, 30, 60, 30),
  },
  {
    name: 'table-grape',
    vi: 'nho',
    standing: 'fao-56',
    kc: levels(0.3, 0.85, 0.45),
    kcb: levels(0.15, 0.8, 0.4),
    heightM: 2,
    rootM: [1, 2],
    p: 0.35,
    stages: stages(20, 40, 120, 60),
  },
  {
    name: 'tomato',
    vi: 'cà chua',
    standing: 'fao-56',
    kc: levels(0.6, 1.15, 0.8),
    kcb: levels(0.15, 1.1, 0.7),
    heightM: 0.6,
    rootM: [0.7, 1.5],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.4,
    stages: stages(30, 40, 45, 30),
  },
  {
    // Bare soil between the plants; with grass Kc is 0.5 all along.
    name: 'pineapple',
    vi: 'dứa',
    standing: 'fao-56',
    kc: levels(0.5, 0.3, 0.3),
    kcb: levels(0.15, 0.25, 0.25),
    heightM: 0.9,
    rootM: [0.3, 0.6],
    p: 0.5,
    stages: stages(60, 120, 600, 10),
  },
  {
    // The first year; from the second on Kc is 1.0, 1.2, 1.1.
    name: 'banana',
    vi: 'chuối',
    standing: 'fao-56',
    kc: levels(0.5, 1.1, 1),
    kcb: levels(0.15, 1.05, 0.9),
    heightM: 3,
    rootM: [0.5, 0.9],
    p: 0.35,
    stages: stages(120, 90, 120, 60),
  },
  {
    // Leaves over 70 % of the ground and bare soil between the rows.
    name: 'citrus',
    vi: 'cây có múi',
    standing: 'fao-56',
    kc: levels(0.7, 0.65, 0.7),
    kcb: levels(0.65, 0.6, 0.65),
    heightM: 4,
    rootM: [1.2, 1.5],
    p: 0.5,
    stages: stages(60, 90, 120, 95),
  },
  {
    name: 'avocado',
    vi: 'bơ',
    standing: 'fao-56',
    kc: levels(0.6, 0.85, 0.75),
    kcb: levels(0.5, 0.8, 0.7),
    heightM: 3,
    rootM: [0.5, 1],
    p: 0.7,
  },
  {
    name: 'cacao',
    vi: 'ca cao',
    standing: 'fao-56',
    kc: levels(1, 1.05, 1.05),
    kcb: levels(0.9, 1, 1),
    heightM: 3,
    rootM: [0.7, 1],
    p: 0.3,
  },
  {
    // Without shade.
    name: 'tea',
    vi: 'chè',
    standing: 'fao-56',
    kc: levels(0.95, 1, 1),
    kcb: levels(0.9, 0.95, 0.9),
    heightM: 1.5,
    rootM: [0.9, 1.5],
    p: 0.4,
  },
  {
    name: 'rubber',
    vi: 'cao su',
    standing: 'fao-56',
    kc: levels(0.95, 1, 1),
    kcb: levels(0.85, 0.9, 0.9),
    heightM: 10,
    rootM: [1, 1.5],
    p: 0.4,
  },
  {
    name: 'sugarcane',
    vi: 'mía',
    standing: 'fao-56',
    kc: levels(0.4, 1.25, 0.75),
    kcb: levels(0.15, 1.2, 0.7),
    heightM: 3,
    rootM: [1.2, 2],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.65,
    stages: stages(35, 60, 190, 120),
  },
  {
    // The first year.
    name: 'cassava',
    vi: 'sắn',
    standing: 'fao-56',
    kc: levels(0.3, 0.8, 0.3),
    kcb: levels(0.15, 0.7, 0.2),
    heightM: 1,
    rootM: [0.5, 0.8],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.35,
    stages: stages(20, 40, 90, 60),
  },
  {
    // For grain, dried on the field.
    name: 'maize',
    vi: 'ngô',
    standing: 'fao-56',
    kc: levels(0.3, 1.2, 0.35),
    kcb: levels(0.15, 1.15, 0.15),
    heightM: 2,
    rootM: [1, 1.7],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.55,
    stages: stages(20, 35, 40, 30),
  },
  {
    name: 'groundnut',
    vi: 'lạc',
    standing: 'fao-56',
    kc: levels(0.4, 1.15, 0.6),
    kcb: levels(0.15, 1.1, 0.5),
    heightM: 0.4,
    rootM: [0.5, 1],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.5,
    stages: stages(25, 35, 45, 25),
  },
  {
    name: 'sweet-potato',
    vi: 'khoai lang',
    standing: 'fao-56',
    kc: levels(0.5, 1.15, 0.65),
    kcb: levels(0.15, 1.1, 0.55),
    heightM: 0.4,
    rootM: [1, 1.5],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.65,
    stages: stages(15, 30, 50, 30),
  },
  {
    name: 'watermelon',
    vi: 'dưa hấu',
    standing: 'fao-56',
    kc: levels(0.4, 1, 0.75),
    kcb: levels(0.15, 0.95, 0.7),
    heightM: 0.4,
    rootM: [0.8, 1.5],
    rootIniM: SEEDLING_ROOT_M,
    p: 0.4,
    stages: stages(10, 20, 20, 30),
  },
]

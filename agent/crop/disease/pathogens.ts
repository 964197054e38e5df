import type { InfectionNeeds } from './magarey.ts'

/**
 * What each pathogen needs for infection, as data. `published`: the temperatures and Wmin were fitted to that pathogen
 * by its source. `prior`: a reasoned guess from what is known of its biology, not tested by anybody in a field; what
 * is computed with it is an index and must say so. D50 is a guess throughout: the sources give none.
 */
export interface Pathogen extends InfectionNeeds {
  readonly name: string
  /** Binomial. */
  readonly species: string
  readonly disease: { readonly vi: string; readonly en: string }
  readonly crops: readonly string[]
  readonly status: 'published' | 'prior'
  readonly source: string
}

export const PATHOGENS: readonly Pathogen[] = [
  {
    name: 'dragon-fruit-canker',
    species: 'Neoscytalidium dimidiatum',
    disease: { vi: 'Đốm nâu thanh long', en: 'Dragon-fruit brown spot (stem canker)' },
    crops: ['dragon-fruit'],
    tminC: 12,
    toptC: 32,
    tmaxC: 42,
    wminH: 6,
    wmaxH: 24,
    d50H: 4,
    status: 'prior',
    source:
      'Optimum 32 °C: UF/IFAS EDIS PP355, and spore germination 25–40 °C: Ni et al., J. Taiwan Agric. Res. 62(3). The rest is a guess',
  },
  {
    name: 'dragon-fruit-anthracnose',
    species: 'Colletotrichum gloeosporioides, C. truncatum',
    disease: { vi: 'Thán thư thanh long', en: 'Dragon-fruit anthracnose' },
    crops: ['dragon-fruit'],
    tminC: 10,
    toptC: 27,
    tmaxC: 35,
    wminH: 8,
    wmaxH: 24,
    d50H: 4,
    status: 'prior',
    source: 'A guess for Colletotrichum; a survey of 43 farms found weather explains little (|r| ≤ 0.26)',
  },
  {
    name: 'mango-anthracnose',
    species: 'Colletotrichum gloeosporioides',
    disease: { vi: 'Thán thư xoài', en: 'Mango anthracnose' },
    crops: ['mango'],
    tminC: 10,
    toptC: 27,
    tmaxC: 35,
    wminH: 8,
    wmaxH: 24,
    d50H: 4,
    status: 'prior',
    source: 'A guess for Colletotrichum; appressoria form at 95–100 % humidity: Dodd et al. 1991',
  },
  {
    name: 'chilli-anthracnose',
    species: 'Colletotrichum acutatum, C. truncatum',
    disease: { vi: 'Thán thư ớt', en: 'Chilli anthracnose' },
    crops: ['chilli'],
    tminC: 10,
    toptC: 27,
    tmaxC: 35,
    wminH: 8,
    wmaxH: 24,
    d50H: 4,
    status: 'prior',
    source: 'A guess for Colletotrichum',
  },
  {
    name: 'strawberry-anthracnose',
    species: 'Colletotrichum acutatum',
    disease: { vi: 'Thán thư dâu tây', en: 'Strawberry anthracnose' },
    crops: ['strawberry'],
    tminC: 4,
    toptC: 27,
    tmaxC: 35,
    wminH: 6,
    wmaxH: 24,
    d50H: 4,
    status: 'prior',
    source:
      'Temperatures: Wilson, Madden & Ellis 1990 (none at 4 and 35 °C, best 25–30 °C). Wmin and Wmax are a guess',
  },
  {
    name: 'grape-downy-mildew',
    species: 'Plasmopara viticola',
    disease: { vi: 'Sương mai nho', en: 'Grape downy mildew' },
    crops: ['grape'],
    tminC: 4,
    toptC: 21,
    tmaxC: 30.2,
    wminH: 2,
    // Zoospores swim; they die as the film dries.
    d50H: 1,
    status: 'published',
    source: 'Brischetto et al. 2021, Front. Plant Sci. 12:636607 (temperatures and Wmin; D50 is a guess)',
  },
  {
    name: 'rice-blast',
    species: 'Magnaporthe oryzae',
    disease: { vi: 'Đạo ôn lúa', en: 'Rice blast' },
    crops: ['rice'],
    tminC: 10,
    toptC: 26,
    tmaxC: 35,
    wminH: 10,
    wmaxH: 24,
    d50H: 4,
    status: 'prior',
    source: 'From general knowledge; at 25 °C 10 h of wetness infect a little: BAMIS',
  },
]

export const pathogenNamed = (name: string): Pathogen | undefined =>
  PATHOGENS.find((pathogen) => pathogen.name === name)

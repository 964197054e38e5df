/**
 * The words that Vuon adds to EPCIS events, in a namespace of its own. They stand flat in the event, so that a query
 * finds them (`EQ_urn:vuon:epcis:registrationNo`). Days are YYYY-MM-DD on the farm's calendar. No word of people's own
 * notes and no name of a person is among them.
 */
export const VUON_NAMESPACE = 'urn:vuon:epcis:'

export const VUON_WORDS = {
  activity: 'the kind of activity in the farm book: sprayed, fertilised, irrigated, ..',
  activityId: 'the entry of the farm book that the event tells of',
  plot: "the farm's own short name of the plot",
  product: 'what was applied, as its label names it',
  activeSubstance: 'its active substance',
  registrationNo: "its number in the country's register of plant-protection products or fertilisers",
  dose: 'how much, in doseUnit',
  doseUnit: 'ml/l, g/l, l/ha, kg/ha, ml/plant, g/plant; of a fertiliser kg, l, g/plant, kg/ha, l/ha',
  areaHa: 'the treated area, ha',
  reason: 'the pest, disease or lack that it was applied against',
  phiDays: 'days after the treatment on which fruit may not be picked',
  phiMarket: 'the market whose interval that is',
  phiUntil: 'first day on which fruit may be picked again',
  phiVerdict: 'what the pre-harvest rule said at the harvest: clear, inside, unknown, unlogged',
  why: 'why fruit was picked inside an interval',
  variety: 'the variety that was planted',
  plants: 'how many plants',
  waterSource: 'where the water came from: well, river, canal, pond, tap, rain',
  tested: 'what was tested: water, soil, residue, leaf',
  lab: 'the laboratory',
  reportNo: 'the number of its report',
  result: 'pass, fail, or reported where the report gives figures only',
  what: 'what was seen or done',
  findingId: 'the finding of a photo that a person confirmed',
  reviewId: "the province's decision on that finding",
  packingHouse: 'the code of the packing house',
  packedOn: 'day of packing',
  grade: 'the grade',
  treatment: 'what was done to the fruit when it was packed',
  lossKg: 'what was sorted out, kg',
  market: 'the market that it was sent to',
  phytosanitaryNo: 'the number of the phytosanitary certificate',
  quantity: "a reading's quantity in Vuon's own list, where GS1's type is wider",
} as const satisfies Readonly<Record<string, string>>

export type VuonWord = keyof typeof VUON_WORDS

/** `{ 'vuon:dose': 2 }` of `{ dose: 2 }`; what is not there is left out. */
export function vuonWords(
  words: Readonly<Partial<Record<VuonWord, string | number | undefined>>>,
): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(words).flatMap(([word, value]) =>
      value === undefined || value === '' ? [] : [[`vuon:${word}`, value]],
    ),
  )
}

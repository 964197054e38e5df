import { type Advice, weightiestFirst } from './advice.ts'
import { harvestAdvice, lightingAdvice, warmthAdvice } from './fruit-advice.ts'
import { infectionAdvice } from './infection-advice.ts'
import { irrigationAdvice } from './irrigation-advice.ts'
import type { PlotFacts } from './plot-facts.ts'
import { sprayAdvice } from './spray-advice.ts'

/** Everything that is to be said of a plot today, the weightiest first. It follows from the facts alone. */
export const plotAdvice = (facts: PlotFacts): Advice[] =>
  weightiestFirst([
    ...sprayAdvice(facts),
    ...irrigationAdvice(facts),
    ...infectionAdvice(facts),
    ...harvestAdvice(facts),
    ...lightingAdvice(facts),
    ...warmthAdvice(facts),
  ])

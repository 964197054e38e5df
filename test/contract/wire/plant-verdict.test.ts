import { describe, expect, test } from 'vitest'
import { type PhotoVote, plantVerdict } from '#contract/wire/plant-verdict.ts'

const said = (verdict: string, probability = 0.9): PhotoVote => ({
  ...{ verdict, abstained: null },
  labels: [{ label: verdict, probability }],
})
const unsure: PhotoVote = {
  verdict: null,
  abstained: 'uncertain',
  labels: [{ label: 'spot', probability: 0.5 }],
}
const blurred: PhotoVote = { verdict: null, abstained: 'blurred', labels: [] }

describe('several photos of one plant', () => {
  test('are healthy together only when none shows a disease', () => {
    expect(plantVerdict([said('healthy'), said('healthy'), unsure])).toMatchObject({
      verdict: 'healthy',
      counted: 3,
    })
    expect(plantVerdict([said('healthy'), said('spot'), said('healthy')])).toMatchObject({ verdict: 'spot' })
  })

  test('say nothing where one of many differs, or two diseases have as many votes', () => {
    const one = [said('spot'), ...Array.from({ length: 5 }, () => said('healthy'))]
    expect(plantVerdict(one)).toMatchObject({ verdict: null, abstained: 'uncertain' })
    expect(plantVerdict([said('spot'), said('rot')])).toMatchObject({ verdict: null, abstained: 'uncertain' })
    expect(plantVerdict([said('spot'), said('rot'), said('rot')])).toMatchObject({ verdict: 'rot' })
  })

  test('count without those that could not be judged, and give the reason when that were all', () => {
    expect(plantVerdict([blurred, said('spot')])).toMatchObject({ verdict: 'spot', counted: 1 })
    expect(plantVerdict([blurred, blurred])).toMatchObject({
      verdict: null,
      abstained: 'blurred',
      counted: 0,
    })
    expect(plantVerdict([])).toEqual({ verdict: null, abstained: 'uncertain', labels: [], counted: 0 })
  })

  test('have the mean of their probabilities, likeliest first', () => {
    expect(plantVerdict([said('spot', 0.8), unsure]).labels).toEqual([{ label: 'spot', probability: 0.65 }])
  })
})

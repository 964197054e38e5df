/** Boxes draw the photos of a model's cases too, before they use it: one drawing for both. */
export { type DrawnPhoto, draw } from '../../agent/vision/worker/drawn-photo.ts'

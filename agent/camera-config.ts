import { z } from 'zod'
import { ORGANS } from '#contract/wire/finding.ts'
import { isTopicFilter } from './bus/topic-filter.ts'
import { cronFields, name, password, seconds, timeZone } from './config-fields.ts'

/** What the config says of cameras: a folder, a topic, or an address; and what each of them looks at. */

// As a model's manifest names its crop; a camera may look at one that no plot has.
const cropOfPhoto = z
  .string()
  .max(64)
  .regex(/^([a-z0-9]+(-[a-z0-9]+)*)?$/, 'must be lower case with hyphens, such as dragon-fruit')

const view = {
  plot: z.string().max(32).default('').describe('Id of the plot that the camera stands in (see plots).'),
  crop: cropOfPhoto.default('').describe("What it looks at; the plot's crop if not given."),
  organ: z.enum(ORGANS).default('').describe('stem, leaf or fruit, where it is always the same.'),
}

const cameraName = name.describe('Your name for it, as faults and logs call it.')

export const cameraFolder = z.strictObject({
  kind: z.literal('camera-folder'),
  name: cameraName,
  path: z
    .string()
    .min(1)
    .max(1000)
    .describe('Folder that a camera or an FTP server puts photos into; a photo is removed once it is kept.'),
  everyS: seconds(1, 86_400).default(5).describe('How often the folder is looked at.'),
  ...view,
})

export const cameraSnapshot = z
  .strictObject({
    kind: z.literal('camera-http'),
    name: cameraName,
    url: z
      .string()
      .max(1000)
      .regex(/^https?:\/\/[^\s@]+$/, 'must look like http://192.168.1.70/capture, without name and password')
      .refine((url) => URL.canParse(url), 'is no address')
      .describe('Address at which the camera answers with one photo (a snapshot, no stream).'),
    schedule: cronFields
      .default('0 7,12,16 * * *')
      .describe('When a photo is taken (cron: minute hour day month weekday).'),
    timeZone: timeZone.default('Asia/Ho_Chi_Minh').describe('Zone that the schedule is meant in.'),
    timeoutS: seconds(1, 120).default(20).describe('How long a whole photo may take.'),
    maxMb: z.number().min(0.1).max(20).default(10).meta({ unit: 'MB' }).describe('The largest photo taken.'),
    username: z.string().min(1).max(128).optional().describe('Name to sign in with (Basic or Digest).'),
    password,
    ...view,
  })
  .superRefine(({ username, password }, context) => {
    if ((username === undefined) === (password === undefined)) return
    const missing = username === undefined ? 'username' : 'password'
    context.addIssue({
      code: 'custom',
      path: [username === undefined ? 'password' : 'username'],
      message: `stands without ${missing}`,
      params: { remedy: `give ${missing} too` },
    })
  })

/** Of a bus of messages: cameras that publish their photos, each by its topic. */
export const messageCameras = {
  cameras: z
    .array(
      z.strictObject({
        name: cameraName,
        topic: z
          .string()
          .min(1)
          .max(256)
          .refine(isTopicFilter, {
            message: 'is no topic',
            params: { remedy: 'such as farm/camera-a/photo' },
          })
          .describe('Topic of its photos: JPEG bytes, base64, or JSON with base64 in it.'),
        ...view,
      }),
    )
    .max(32)
    .default([])
    .describe('Cameras that publish photos here (ESP32 cameras, for instance).'),
}

/** A camera as photos know it: what it is called, and what it looks at. */
export interface CameraView {
  readonly name: string
  readonly plot: string
  readonly crop: string
  readonly organ: (typeof ORGANS)[number]
}

type Mistake = [path: PropertyKey[], message: string, remedy: string]

interface BusWithCameras {
  readonly kind: string
  readonly name: string
  readonly plot?: string
  readonly cameras?: readonly CameraView[]
}

/** Cameras that share a name, and those that name a plot which is not there. */
export function cameraMistakes(buses: readonly BusWithCameras[], plots: ReadonlySet<string>): Mistake[] {
  const mistakes: Mistake[] = []
  const names = new Set(buses.map(({ name }) => name))
  const checkPlot = (path: PropertyKey[], plot: string): void => {
    if (plot === '' || plots.has(plot)) return
    const remedy = `one of ${[...plots].join(', ') || 'the ids under plots'}`
    mistakes.push([[...path, 'plot'], `names a plot that is not there ("${plot}")`, remedy])
  }
  buses.forEach((bus, index) => {
    checkPlot(['buses', index], bus.plot ?? '')
    bus.cameras?.forEach((camera, at) => {
      const path = ['buses', index, 'cameras', at]
      if (names.has(camera.name))
        mistakes.push([
          [...path, 'name'],
          `is used twice ("${camera.name}")`,
          'give each bus and camera its own name',
        ])
      names.add(camera.name)
      checkPlot(path, camera.plot)
    })
  })
  return mistakes
}

import { createHash } from 'node:crypto'
import type { Language } from '#contract/ground/messages.ts'
import { QUANTITIES, type QuantityName, type Unit } from '#contract/wire/quantities.ts'
import { entityClassOf } from './entity-class.ts'

/** A series as it is announced. */
export interface AnnouncedSeries {
  readonly device: string
  readonly channel: string
  readonly quantity: QuantityName
  readonly unit: Unit
  readonly resolution: number
  readonly place: string
}

/** Which box announces, and where. */
export interface AnnouncingBox {
  /** As topics call it. */
  readonly box: string
  /** As people call it. */
  readonly title: string
  readonly prefix: string
  readonly program: string
  readonly language: Language
}

/** By this name a box knows its own announcements, and those of other boxes, and reads none of them as devices. */
export const ORIGIN = 'Vuon'

export interface Announcement {
  readonly configTopic: string
  readonly stateTopic: string
  /** Empty fields are left out. */
  readonly config: Readonly<Record<string, unknown>>
}

export const statusTopicOf = (box: string): string => `vuon/${box}/status`

/** `expireAfterS`: how long without a value until it is shown as unavailable; undefined while nobody knows its rhythm. */
export function seriesAnnouncement(
  series: AnnouncedSeries,
  from: AnnouncingBox,
  expireAfterS: number | undefined,
): Announcement {
  const { device, channel, quantity, unit, resolution, place } = series
  const { box, prefix } = from
  const id = `${idPart(device)}_${idPart(quantity)}${channel === '' ? '' : `_${idPart(channel)}`}`
  const { component, deviceClass, unit: symbol, stateClass, on, off } = entityClassOf(quantity, unit)
  const stateTopic = `vuon/${box}/series/${id}`
  const words = QUANTITIES[quantity][from.language]
  return {
    configTopic: `${prefix}/${component}/vuon_${box}/${id}/config`,
    stateTopic,
    config: {
      ...common(from, `vuon_${box}_${id}`, stateTopic),
      name: channel === '' ? words : `${words} ${channel}`,
      ...(deviceClass === undefined ? {} : { device_class: deviceClass }),
      ...(component === 'sensor'
        ? {
            ...(symbol === undefined ? {} : { unit_of_measurement: symbol }),
            state_class: stateClass,
            suggested_display_precision: decimalsOf(resolution),
          }
        : { payload_on: on, payload_off: off }),
      ...(expireAfterS === undefined ? {} : { expire_after: expireAfterS }),
      device: {
        identifiers: [`vuon_${box}_${idPart(device)}`],
        name: device,
        manufacturer: ORIGIN,
        ...(place === '' ? {} : { suggested_area: place }),
        via_device: `vuon_${box}`,
      },
    },
  }
}

/** One binary sensor for all alarms of a name: ON while any is open. */
export function alarmAnnouncement(topic: string, name: string, from: AnnouncingBox): Announcement {
  const { box, prefix, title, program } = from
  const stateTopic = `vuon/${box}/alarm-state/${topic}`
  return {
    configTopic: `${prefix}/binary_sensor/vuon_${box}/alarm_${topic}/config`,
    stateTopic,
    config: {
      ...common(from, `vuon_${box}_alarm_${topic}`, stateTopic),
      name,
      device_class: 'problem',
      value_template: '{{ value_json.state }}',
      json_attributes_topic: stateTopic,
      device: {
        identifiers: [`vuon_${box}`],
        name: title,
        manufacturer: ORIGIN,
        model: 'vuon-agent',
        sw_version: program,
      },
    },
  }
}

const common = ({ box, program }: AnnouncingBox, uniqueId: string, stateTopic: string) => ({
  unique_id: uniqueId,
  state_topic: stateTopic,
  availability_topic: statusTopicOf(box),
  origin: { name: ORIGIN, sw_version: program },
})

/** Home Assistant takes letters, digits, _ and -. A name with others keeps what it has of them and a mark of its own. */
export function idPart(name: string): string {
  if (/^[a-z0-9-]{1,48}$/.test(name)) return name
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 6)
  const plain = name.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase()
  return `${plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)}-${mark}`
}

export const decimalsOf = (resolution: number): number =>
  Math.min(6, Math.max(0, -Math.floor(Math.log10(resolution))))

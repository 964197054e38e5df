import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { LotCard } from '../../../agent/page/page-sources.ts'
import { readDots, readLabel } from '../../world/read-label.ts'
import { picturePixels, tsplPrints, zplPrints } from '../labels/printed-pixels.ts'
import { Phone, type PretendBox, pretendBox, signedInPhone } from './pretend-box.ts'

let box: PretendBox
afterEach(() => box?.close())

const GTIN = '09521234000013'

/** A printer on the network, and what each connection sent it. */
async function printer(treat: (socket: Socket) => void = (socket) => socket.end()) {
  const jobs: Buffer[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const pieces: Buffer[] = []
    socket.on('error', () => undefined)
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.on('end', () => {
      jobs.push(Buffer.concat(pieces))
      treat(socket)
    })
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  return {
    ...{ jobs, address: `127.0.0.1:${port}`, switchOn: () => listen(port) },
    switchOff: () => new Promise((resolve) => server.close(resolve)),
  }
}

const tspl = (address: string) =>
  ({ name: 'may-in', language: 'tspl', dpi: 203, size: '60x40', gapMm: 2, address }) as const

async function harvested(target: PretendBox): Promise<LotCard> {
  const input = { plot: 'lo-a', gtin: GTIN, massKg: 120.5, harvestedOn: '2026-11-23', person: 'p-TEST' }
  return target.sources.farmBook.recordHarvest(input)
}

describe('the page of a label', () => {
  it('shows the label, and offers it in every format, which all lead to the lot', async () => {
    box = await pretendBox()
    const lot = await harvested(box)
    const phone = new Phone(box.app)
    const page = await phone.get(`/lots/${lot.lot}/label?size=60x40`)
    expect(page.statusCode).toBe(200)
    const svg = /<svg[\s\S]*<\/svg>/.exec(page.body)?.[0] ?? ''
    expect(await readLabel(svg)).toEqual([lot.uri])
    // Its words for those who can't see it: the growing area is that of the lot's own entry.
    for (const word of [
      'Thanh long ruột đỏ loại 1',
      'Hàm Thạnh, Lâm Đồng',
      '23/11/2026',
      '120,5 kg',
      'VN-LDOR-0123',
    ])
      expect(svg).toContain(word)
    const links = [...page.body.matchAll(/href="(\/lots\/[^"]*\.\w+\?[^"]*)"/g)].map(([, link = '']) =>
      link.replaceAll('&amp;', '&'),
    )
    expect(links.map((link) => /label\.(\w+)/.exec(link)?.[1])).toEqual(['pdf', 'png', 'svg', 'zpl', 'tspl'])
    const file = async (format: string) => {
      const answer = await phone.get(links.find((link) => link.includes(`label.${format}`)) ?? '')
      expect(answer.statusCode).toBe(200)
      return answer
    }
    const png = await file('png')
    expect(png.headers['content-type']).toBe('image/png')
    expect(await readDots(await picturePixels(png.rawPayload))).toEqual([lot.uri])
    expect((await file('pdf')).headers['content-type']).toBe('application/pdf')
    const [printed] = zplPrints((await file('zpl')).rawPayload)
    expect(printed && (await readDots(printed))).toEqual([lot.uri])
  })

  it('without a size is that of the first printer', async () => {
    box = await pretendBox({ printers: [{ ...tspl('127.0.0.1:1'), size: '70x50' }] })
    const lot = await harvested(box)
    const svg = (await new Phone(box.app).get(`/lots/${lot.lot}/label.svg`)).body
    expect(svg).toContain('width="70mm" height="50mm"')
    const roll = await new Phone(box.app).get(`/lots/${lot.lot}/label?size=roll58`)
    expect(roll.body).toContain('Không máy in nào của hộp in được khổ này')
    expect(roll.body).toContain('label.escpos')
  })

  it('in a size, at a resolution or for a market that there is not is not found', async () => {
    box = await pretendBox()
    const lot = await harvested(box)
    for (const query of ['?size=1x1', '?dpi=72', '?market=moon', '?size=60x40&size=<b>'])
      for (const file of ['', '.png', '.pdf'])
        expect((await new Phone(box.app).get(`/lots/${lot.lot}/label${file}${query}`)).statusCode).toBe(404)
  })

  it('of a lot that is not there is not found, and of a withdrawn one says so', async () => {
    box = await pretendBox()
    expect((await new Phone(box.app).get('/lots/NOSUCHLOT/label')).statusCode).toBe(404)
    const lot = await harvested(box)
    Object.assign(box.sources.farmBook, { lot: async () => ({ ...lot, massKg: 0 }) })
    const page = await new Phone(box.app).get(`/lots/${lot.lot}/label`)
    expect(page.body).toContain('đã được rút lại')
    expect((await new Phone(box.app).get(`/lots/${lot.lot}/label.png`)).statusCode).toBe(422)
  })

  it('for China says what is missing: this lot was not packed', async () => {
    box = await pretendBox()
    const lot = await harvested(box)
    const page = await new Phone(box.app).get(`/lots/${lot.lot}/label?size=100x70&market=china`)
    expect(page.body).toContain('cần mã cơ sở đóng gói')
  })
})

describe('printing from the page', () => {
  const wish = { size: '60x40', market: 'home', printer: 'may-in', copies: '2' }

  it('sends the label as often as was asked for, and says that it was taken, or that labels have to be counted', async () => {
    const { jobs, address } = await printer()
    const breaking = await printer((socket) => socket.resetAndDestroy())
    box = await pretendBox({ printers: [tspl(address), { ...tspl(breaking.address), name: 'hỏng' }] })
    const lot = await harvested(box)
    const phone = await signedInPhone(box)
    await phone.get(`/lots/${lot.lot}/label?size=60x40`)
    const answer = await phone.post(`/lots/${lot.lot}/print`, wish)
    expect(answer.statusCode).toBe(303)
    const page = await phone.get(String(answer.headers.location))
    expect(page.body).toContain('Máy in đã nhận đủ')
    const prints = tsplPrints(jobs[0] as Buffer, 8)
    expect(prints).toHaveLength(2)
    expect(prints[1] && (await readDots(prints[1]))).toEqual([lot.uri])
    const broken = await phone.post(`/lots/${lot.lot}/print`, { ...wish, printer: 'hỏng' })
    const unsure = await phone.get(String(broken.headers.location))
    for (const part of ['Chưa chắc đã in xong', 'đếm tem đã ra']) expect(unsure.body).toContain(part)
  })

  it('prints a form once, at a double tap and at a reload', async () => {
    const { jobs, address } = await printer()
    box = await pretendBox({ printers: [tspl(address)] })
    const lot = await harvested(box)
    const phone = await signedInPhone(box)
    await phone.get(`/lots/${lot.lot}/label?size=60x40`)
    const form = { ...phone.hidden, ...wish }
    const path = `/lots/${lot.lot}/print`
    const answers = await Promise.all([phone.post(path, form), phone.post(path, form)])
    answers.push(await phone.post(path, form))
    expect(answers.map((answer) => answer?.statusCode)).toEqual([303, 303, 303])
    expect(jobs).toHaveLength(1)
    const changed = await phone.post(path, { ...form, copies: '9' })
    expect(changed.statusCode).toBe(409)
    expect(changed.body).toContain('đã dùng để in một lần rồi')
    expect(jobs).toHaveLength(1)
  })

  it('that reached nobody says what to look at, and the same form prints when the printer is on', async () => {
    const { jobs, address, switchOff, switchOn } = await printer()
    await switchOff()
    box = await pretendBox({ printers: [tspl(address)] })
    const lot = await harvested(box)
    const phone = await signedInPhone(box)
    await phone.get(`/lots/${lot.lot}/label?size=60x40`)
    const { order = '', ...hidden } = phone.hidden
    const form = { ...hidden, ...wish, order }
    const answer = await phone.post(`/lots/${lot.lot}/print`, form)
    expect(answer.statusCode).toBe(503)
    for (const part of ['Chưa in tem nào', 'cổng (thường là 9100)', 'value="2"', `value="${order}"`])
      expect(answer.body).toContain(part)
    await switchOn()
    expect((await phone.post(`/lots/${lot.lot}/print`, form)).statusCode).toBe(303)
    expect(jobs).toHaveLength(1)
  })

  it('refuses what it can not print, what is forged, and who has no PIN, says why, and sends nothing', async () => {
    const { jobs, address } = await printer()
    box = await pretendBox({ printers: [tspl(address)] })
    const lot = await harvested(box)
    const phone = await signedInPhone(box)
    await phone.get(`/lots/${lot.lot}/label?size=60x40`)
    const form = { ...phone.hidden, ...wish }
    for (const [change, status, says] of [
      [{ copies: '0' }, 400, 'từ 1 đến 100'],
      [{ copies: 'hai' }, 400, 'từ 1 đến 100'],
      [{ copies: '1.5' }, 400, 'từ 1 đến 100'],
      [{ copies: '101' }, 400, 'từ 1 đến 100'],
      [{ printer: 'x' }, 400, 'Chọn khổ hoặc máy in khác'],
      [{ size: 'roll58' }, 400, 'Chọn khổ hoặc máy in khác'],
      [{ size: '1x1' }, 404, 'Không có trang này'],
      [{ market: 'china' }, 400, 'cần mã cơ sở đóng gói'],
      [{ order: '' }, 403, 'hết hạn'],
      [{ order: '<script>' }, 403, 'hết hạn'],
    ] as const) {
      const answer = await phone.post(`/lots/${lot.lot}/print`, { ...form, ...change })
      expect(answer.statusCode, JSON.stringify(change)).toBe(status)
      expect(answer.body).toContain(says)
    }
    expect(jobs).toEqual([])
    expect((await phone.post(`/lots/${lot.lot}/print`, { ...form, form: 'forged' })).statusCode).toBe(403)
    const elsewhere = { origin: 'http://elsewhere.example' }
    expect((await phone.post(`/lots/${lot.lot}/print`, form, elsewhere)).statusCode).toBe(403)
    const stranger = new Phone(box.app)
    await stranger.get(`/lots/${lot.lot}/label?size=60x40`)
    const askedWho = await stranger.post(`/lots/${lot.lot}/print`, wish)
    expect(askedWho.headers.location).toMatch(/^\/sign-in\?next=/)
    expect(jobs).toEqual([])
    // What was refused has not spent the form.
    expect((await phone.post(`/lots/${lot.lot}/print`, form)).statusCode).toBe(303)
  })
})

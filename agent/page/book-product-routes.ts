import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ProductEntry } from '#contract/wire/farm-book.ts'
import type { BookDoor } from './book-door.ts'
import { sayBook } from './book-messages.ts'
import { productForm, productsContent, productWords, typedProduct } from './book-products.ts'
import { refusedEntry } from './book-refused.ts'
import { type BookTyped, typedOf } from './book-typed.ts'
import { type FieldError, linkTo } from './layout.ts'
import type { PageRoom } from './page-room.ts'
import { field } from './visit.ts'

/** The products that the farm uses, as their labels say. */
export function productRoutes(app: FastifyInstance, room: PageRoom, book: BookDoor): void {
  const { sources, visits, savedForms } = room
  const { plots } = sources.farmBook
  const askWho = (reply: FastifyReply, path: string) =>
    reply.redirect(`/sign-in?next=${encodeURIComponent(path)}`, 303)

  app.get('/book/products', async (request, reply) => {
    const visit = visits.of(request, reply)
    const body = productsContent(visit, await book.products(), visit.person !== null)
    return room.send(reply, visit, { title: sayBook(visit.language, 'products-title'), body, isBook: true })
  })

  /** Null for an id that the list does not have; undefined for a new product. */
  const asked = async (request: FastifyRequest): Promise<ProductEntry | undefined | null> => {
    const id = field(request.params, 'id')
    return id === 'new'
      ? undefined
      : ((await book.products()).find(({ productId }) => productId === id) ?? null)
  }

  const sendForm = (
    request: FastifyRequest,
    reply: FastifyReply,
    product: ProductEntry | undefined,
    typed: BookTyped,
    errors: readonly FieldError[] = [],
    status = 200,
  ): FastifyReply => {
    const visit = visits.of(request, reply)
    const title = product?.name ?? sayBook(visit.language, 'products-add')
    const body = productForm(visit, book, plots, product, typed, errors)
    return room.send(reply, visit, { title, body, isBook: true }, status)
  }

  app.get('/book/products/:id', async (request, reply) => {
    const product = await asked(request)
    if (product === null) return room.problem(request, reply, 404, 'not-found')
    if (!visits.of(request, reply).person)
      return askWho(reply, `/book/products/${product?.productId ?? 'new'}`)
    return sendForm(request, reply, product, typedProduct(product, room.newToken()))
  })

  app.post('/book/products/:id', async (request, reply) => {
    const visit = visits.of(request, reply)
    const { language, person } = visit
    const product = await asked(request)
    if (product === null) return room.problem(request, reply, 404, 'not-found')
    const path = `/book/products/${product?.productId ?? 'new'}`
    if (!person) return askWho(reply, path)
    const typed = typedOf(request.body)
    const token = typed['token'] ?? ''
    if (!visits.isFormOurs(request) || token === '')
      return room.problem(request, reply, 403, 'stale', linkTo(visit, path, 'stale-again'))
    const { words, errors } = productWords(language, typed, { plots, book }, product)
    if (errors.length > 0) return sendForm(request, reply, product, typed, errors, 400)
    try {
      await savedForms.once(
        token,
        JSON.stringify(words),
        async () => (await book.saveProduct(words)).productId,
      )
      return reply.redirect('/book/products', 303)
    } catch (error) {
      const names: Record<string, string> = {
        name: sayBook(language, 'product-name'),
        productKind: sayBook(language, 'product-kind'),
        intervals: sayBook(language, 'product-intervals'),
      }
      const refused = refusedEntry(language, error, (name) => names[name])
      if (!refused) throw error
      return sendForm(request, reply, product, typed, [refused.error], refused.status)
    }
  })

  app.post('/book/products/:id/retire', async (request, reply) => {
    const visit = visits.of(request, reply)
    const product = await asked(request)
    if (!product) return room.problem(request, reply, 404, 'not-found')
    if (!visit.person) return askWho(reply, '/book/products')
    if (!visits.isFormOurs(request))
      return room.problem(request, reply, 403, 'stale', linkTo(visit, '/book/products', 'stale-again'))
    await book.retireProduct(product.productId, field(request.body, 'isRetired') === '1')
    return reply.redirect('/book/products', 303)
  })
}

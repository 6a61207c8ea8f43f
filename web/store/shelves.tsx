import { useState } from "preact/hooks";
import { price, type Product } from "./api.ts";
import { add, type Line } from "./cart.ts";

const everything = "Everything";

/** The goods, by shelf. `products` is null while they are being loaded. */
export function Shelves({ products, inCart }: { products: Product[] | null; inCart: readonly Line[] }) {
  const [shelf, setShelf] = useState(everything);
  if (!products) return <Waiting />;
  const shelves = [everything, ...new Set(products.map((product) => product.shelf))];
  const shown = products.filter((product) => shelf === everything || product.shelf === shelf);
  return (
    <>
      <div class="filter" role="group" aria-label="Shelf">
        {shelves.map((name) => (
          <button key={name} type="button" aria-pressed={name === shelf} onClick={() => setShelf(name)}>
            {name}
          </button>
        ))}
      </div>
      <ul class="goods">
        {shown.map((product) => (
          <Card key={product.id} product={product} quantity={inCart.find((line) => line.product.id === product.id)?.quantity ?? 0} />
        ))}
      </ul>
    </>
  );
}

function Card({ product, quantity }: { product: Product; quantity: number }) {
  const [adding, setAdding] = useState(0);

  async function put() {
    setAdding((under) => under + 1);
    await add(product);
    setAdding((under) => under - 1);
  }

  return (
    <li class="card" data-testid={`product-${product.id}`}>
      <img src={`/art/${product.id}.svg`} alt="" width="400" height="400" loading="lazy" />
      {quantity > 0 && <span class="have">{quantity} in your cart</span>}
      <div class="about">
        <h2>{product.name}</h2>
        <p class="price">{price(product.priceCents)}</p>
        <p class="blurb">{product.blurb}</p>
      </div>
      <div class="buy">
        <button type="button" class="quiet" data-testid={`add-${product.id}`} aria-label={`Add ${product.name} to the cart`} onClick={() => void put()}>
          {adding > 0 ? "Adding…" : "Add to cart"}
        </button>
      </div>
    </li>
  );
}

function Waiting() {
  return (
    <ul class="goods" aria-busy="true" aria-label="Loading the goods">
      {Array.from({ length: 8 }, (_, i) => (
        <li key={i} class="card">
          <div class="skeleton picture" />
          <div class="skeleton words" />
        </li>
      ))}
    </ul>
  );
}

import { Cell } from "../kit/cell.ts";
import { say, sayProblem } from "../kit/notice.tsx";
import { follow } from "../kit/session.ts";
import { addToCart, loadCart, removeFromCart, setQuantity, type Cart, type Product } from "./api.ts";

interface Change {
  product: Product;
  /** The new quantity; 0 removes the product. */
  quantityAfter: (before: number) => number;
  send: () => Promise<Cart>;
}

/** What the page knows about the cart: the last response, and changes yet to be confirmed. */
export interface CartState {
  /** Null until it is loaded, and whenever nobody is logged in. */
  cart: Cart | null;
  pending: readonly Change[];
  /** The server did not answer. */
  failed: boolean;
}

const nothing: CartState = { cart: null, pending: [], failed: false };
export const cartState = new Cell<CartState>(nothing);

/**
 * Requests are sent one after the other, so that the last response is the newest. A new era drops
 * those that are waiting.
 */
let queue: Promise<void> = Promise.resolve();
let era = 0;

follow({
  arrived: () => void load(),
  hidden: () => (cartState.value = { ...cartState.value, cart: null }),
  left: () => {
    era++;
    cartState.value = nothing;
  },
});

/** Loads the cart; asks for a login if nobody is logged in. */
export function load(): Promise<boolean> {
  cartState.value = { ...cartState.value, failed: false };
  return enqueue(loadCart);
}

export async function add(product: Product): Promise<void> {
  const added = await change({ product, quantityAfter: (before) => before + 1, send: () => addToCart(product.id) });
  if (added) say({ text: `${product.name} is in your cart.`, tone: "good" });
}

export const setTo = (product: Product, quantity: number) =>
  change({ product, quantityAfter: () => quantity, send: () => setQuantity(product.id, quantity) });

export const remove = (product: Product) =>
  change({ product, quantityAfter: () => 0, send: () => removeFromCart(product.id) });

async function change(wanted: Change): Promise<boolean> {
  cartState.value = { ...cartState.value, pending: [...cartState.value.pending, wanted] };
  const done = await enqueue(wanted.send);
  cartState.value = { ...cartState.value, pending: cartState.value.pending.filter((other) => other !== wanted) };
  return done;
}

function enqueue(send: () => Promise<Cart>): Promise<boolean> {
  const mine = era;
  const done = queue.then(async () => {
    if (mine !== era) return false;
    try {
      const cart = await send();
      if (mine === era) cartState.value = { ...cartState.value, cart, failed: false };
      return mine === era;
    } catch (error) {
      sayProblem(error);
      if (mine === era) cartState.value = { ...cartState.value, failed: true };
      return false;
    }
  });
  queue = done.then(() => {});
  return done;
}

/** A line as it is shown, with pending changes. */
export interface Line {
  product: Product;
  quantity: number;
  saving: boolean;
}

/** The cart as it will be once everything pending is confirmed. */
export function lines({ cart, pending }: CartState, products: readonly Product[]): Line[] {
  const shown = new Map<string, Line>();
  for (const { productId, quantity } of cart?.items ?? []) {
    const product = products.find(({ id }) => id === productId);
    if (product) shown.set(productId, { product, quantity, saving: false });
  }
  for (const { product, quantityAfter } of cart ? pending : []) {
    const quantity = quantityAfter(shown.get(product.id)?.quantity ?? 0);
    shown.set(product.id, { product, quantity, saving: true });
  }
  return [...shown.values()].filter(({ quantity }) => quantity > 0);
}

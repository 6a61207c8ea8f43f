import { latchkey } from "../kit/session.ts";

export interface Product {
  id: string;
  name: string;
  blurb: string;
  shelf: string;
  priceCents: number;
}

export interface Catalogue {
  products: Product[];
  maxQuantity: number;
}

export interface Cart {
  items: { productId: string; name: string; priceCents: number; quantity: number; lineCents: number }[];
  count: number;
  totalCents: number;
}

const item = (product: string) => `/api/shopping-cart/${encodeURIComponent(product)}`;

export const loadCatalogue = () => latchkey.json<Catalogue>("/api/products");
export const loadCart = () => latchkey.json<Cart>("/api/load-shopping-cart");
export const addToCart = (product: string) => latchkey.json<Cart>(item(product), { method: "POST", body: { quantity: 1 } });
export const setQuantity = (product: string, quantity: number) => latchkey.json<Cart>(item(product), { method: "PUT", body: { quantity } });
export const removeFromCart = (product: string) => latchkey.json<Cart>(item(product), { method: "DELETE" });

const euros = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });
export const price = (cents: number) => euros.format(cents / 100);

import { useEffect, useRef } from "preact/hooks";
import { useCell } from "../kit/cell.ts";
import { Cross } from "../kit/notice.tsx";
import { useSession } from "../kit/session.ts";
import { useSlow } from "../kit/slow.ts";
import { price } from "./api.ts";
import { cartState, load, remove, setTo, type Line } from "./cart.ts";

interface Props {
  lines: Line[];
  max: number;
  close: () => void;
}

/** The cart, beside the goods. It is not modal: shopping can continue while it is open. */
export function CartPanel({ lines, max, close }: Props) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return (
    <aside ref={panel} class="cart" aria-labelledby="cart-title" tabIndex={-1} onKeyDown={(event) => event.key === "Escape" && close()}>
      <div class="cart-head">
        <h2 id="cart-title">Your cart</h2>
        <button type="button" class="icon" aria-label="Close the cart" onClick={close}>
          <Cross />
        </button>
      </div>
      <Content lines={lines} max={max} />
    </aside>
  );
}

function Content({ lines, max }: Omit<Props, "close">) {
  const { phase } = useSession();
  const { cart, failed } = useCell(cartState);
  const waiting = !cart && !failed && phase !== "out";
  const slow = useSlow(waiting);
  if (phase === "out") {
    return (
      <div class="cart-empty">
        <p>Log in to see what you have put aside.</p>
        <button type="button" class="primary" onClick={() => void load()}>Log in</button>
      </div>
    );
  }
  if (failed && !cart) {
    return (
      <div class="cart-empty">
        <p>Your cart couldn’t be loaded.</p>
        <button type="button" class="quiet" onClick={() => void load()}>Try again</button>
      </div>
    );
  }
  if (waiting) {
    return (
      <div class="cart-lines" aria-busy="true" aria-label="Loading your cart">
        <div class="skeleton line" />
        <div class="skeleton line" />
        <p class="hint" role="status">{slow && "This takes longer than usual…"}</p>
      </div>
    );
  }
  if (lines.length === 0) {
    return (
      <div class="cart-empty" data-testid="cart-empty">
        <p>Nothing in here yet. The kettle is a good start.</p>
      </div>
    );
  }
  return (
    <>
      <ul class="cart-lines">
        {lines.map((line) => <CartLine key={line.product.id} line={line} max={max} />)}
      </ul>
      <Total lines={lines} />
    </>
  );
}

function CartLine({ line: { product, quantity, saving }, max }: { line: Line; max: number }) {
  const field = useRef<HTMLInputElement>(null);

  function type() {
    const wanted = field.current?.valueAsNumber ?? NaN;
    if (Number.isInteger(wanted) && wanted >= 1 && wanted <= max) void setTo(product, wanted);
    else if (field.current) field.current.value = String(quantity);
  }

  return (
    <li class="cart-line" data-testid={`cart-item-${product.id}`} data-saving={saving}>
      <img src={`/art/${product.id}.svg`} alt="" width="72" height="72" />
      <h3>{product.name}</h3>
      <p class="line-price">{price(product.priceCents * quantity)}</p>
      <div class="stepper" role="group" aria-label={`Quantity of ${product.name}`}>
        <button type="button" aria-label="One less" disabled={quantity <= 1} onClick={() => void setTo(product, quantity - 1)}>−</button>
        <input
          ref={field} type="number" inputMode="numeric" min={1} max={max} value={quantity} aria-label="Quantity"
          data-testid={`qty-${product.id}`} onChange={type}
        />
        <button type="button" aria-label="One more" disabled={quantity >= max} onClick={() => void setTo(product, quantity + 1)}>+</button>
      </div>
      <button type="button" class="plain" data-testid={`remove-${product.id}`} aria-label={`Remove ${product.name}`} onClick={() => void remove(product)}>
        Remove
      </button>
    </li>
  );
}

function Total({ lines }: { lines: Line[] }) {
  const total = lines.reduce((sum, { product, quantity }) => sum + product.priceCents * quantity, 0);
  const saving = lines.some((line) => line.saving);
  return (
    <div class="total" aria-live="polite">
      <span>Total</span>
      <strong data-testid="cart-total" data-saving={saving}>{price(total)}</strong>
      <p class="hint">{saving ? "Saving…" : "Kept in your account, on every device."}</p>
    </div>
  );
}

import { useEffect, useState } from "preact/hooks";
import { Problem, words } from "../../client/src/index.ts";
import { Account } from "../kit/account.tsx";
import { useCell } from "../kit/cell.ts";
import { Dialogs } from "../kit/dialogs.tsx";
import { hush } from "../kit/notice.tsx";
import { useSession } from "../kit/session.ts";
import { loadCatalogue, type Catalogue } from "./api.ts";
import { cartState, lines, load } from "./cart.ts";
import { CartPanel } from "./cart-panel.tsx";
import icon from "./public/icon.svg";
import { Shelves } from "./shelves.tsx";

export function Shop() {
  const { phase } = useSession();
  const { catalogue, problem, retry } = useCatalogue();
  const [cartOpen, setCartOpen] = useState(false);
  const cartLines = lines(useCell(cartState), catalogue?.products ?? []);
  const count = cartLines.reduce((sum, { quantity }) => sum + quantity, 0);

  function openCart() {
    hush();
    setCartOpen(true);
    if (!cartState.value.cart) void load();
  }

  return (
    <>
      <a class="skip" href="#goods">Skip to the goods</a>
      <header class="top">
        <a class="brand" href="/">
          <img src={icon} alt="" width="32" height="32" />
          Halden
        </a>
        <Account />
        {(phase === "out" || phase === "unreachable") && (
          <button type="button" class="quiet" onClick={() => void load()}>
            Log in
          </button>
        )}
        <button type="button" class="primary cart-button" data-testid="cart-open" aria-expanded={cartOpen} onClick={() => (cartOpen ? setCartOpen(false) : openCart())}>
          Cart
          {count > 0 && <span class="count">{count}<span class="sr-only"> {count === 1 ? "thing" : "things"}</span></span>}
        </button>
      </header>
      <main id="goods">
        <div class="opening">
          <h1>Good things that stay.</h1>
          <p>A dozen objects for the kitchen, the living room and the garden. Chosen slowly, made to be mended.</p>
        </div>
        {problem && (
          <div class="trouble" role="alert">
            <p>{words(problem)}</p>
            <button type="button" class="quiet" onClick={retry}>Try again</button>
          </div>
        )}
        {!problem && <Shelves products={catalogue?.products ?? null} inCart={cartLines} />}
      </main>
      <footer>Halden is an example: everything here is made up, and nothing is sold.</footer>
      {cartOpen && <CartPanel lines={cartLines} max={catalogue?.maxQuantity ?? 1} close={() => setCartOpen(false)} />}
      <Dialogs reason="Your cart belongs to your account. Log in, and it goes on from there." logIn={() => void load()} />
    </>
  );
}

function useCatalogue() {
  const [catalogue, setCatalogue] = useState<Catalogue | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    setProblem(null);
    loadCatalogue().then(setCatalogue, (error: unknown) => setProblem(error instanceof Problem ? error : new Problem("unexpected")));
  }, [attempt]);
  return { catalogue, problem, retry: () => setAttempt(attempt + 1) };
}

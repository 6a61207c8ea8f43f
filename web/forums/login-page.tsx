import { whyAsked } from "../../client/src/index.ts";
import { Entrance } from "../kit/entrance.tsx";
import { useSession } from "../kit/session.ts";
import icon from "./public/icon.svg";

export function LoginPage() {
  const session = useSession();
  return (
    <main class="login-page">
      <div class="welcome">
        <img src={icon} alt="" width="88" height="88" />
        <h1>Nightjar</h1>
        <p>A small board for unhurried talk. Members read it in the evening, mostly.</p>
      </div>
      <section class="panel" aria-labelledby="login-page-title">
        <Entrance id="login-page-title" title="Come in" why={whyAsked(session)} />
      </section>
    </main>
  );
}

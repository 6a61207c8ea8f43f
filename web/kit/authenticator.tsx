import { useEffect, useState } from "preact/hooks";
import { Problem, words } from "../../client/src/index.ts";
import { CodeStep } from "./code-step.tsx";
import { CodeField } from "./field.tsx";
import { ProvedForm, type Proof } from "./proof.tsx";
import { QrCode } from "./qr-code.tsx";
import { finish, post, showCodes } from "./security.ts";

interface Secret {
  secret: string;
  uri: string;
}

interface Codes {
  recoveryCodes: string[];
}

/** Gives a secret to an authenticator app, and checks that it works. */
export function AuthenticatorForm() {
  const [made, setMade] = useState<Secret | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    setProblem(null);
    post<Secret>("/authenticator/secret").then(setMade, (error: unknown) => setProblem(error instanceof Problem ? error : new Problem("unexpected")));
  }, [attempt]);
  if (problem) {
    return (
      <div class="trouble-here" role="alert">
        <p>{words(problem)}</p>
        <button type="button" class="quiet" onClick={() => setAttempt(attempt + 1)}>Try again</button>
      </div>
    );
  }
  return made ? <Enable {...made} /> : <p class="hint" role="status">One moment…</p>;
}

function Enable({ secret, uri }: Secret) {
  async function send(proof: Proof, { code }: Record<string, string>) {
    const { recoveryCodes } = await post<Codes>("/authenticator", { ...proof, secret, code: code!.trim() });
    showCodes(recoveryCodes);
  }
  return (
    <ProvedForm id="authenticator" submit="Switch it on" submitting="Switching it on…" needs={["code"]} send={send}>
      <div class="pair">
        <QrCode text={uri} label="QR code with the secret for your authenticator app" />
        <div>
          <p>Scan this with your authenticator app, or type the secret into it:</p>
          <p><code class="secret" data-testid="authenticator-secret">{secret.replace(/.{4}(?=.)/g, "$& ")}</code></p>
        </div>
      </div>
      <CodeField first hint="The six digits that the app shows now." />
    </ProvedForm>
  );
}

export function AuthenticatorOffForm() {
  async function send(proof: Proof, { code }: Record<string, string>) {
    await post("/authenticator/remove", { ...proof, code: code!.trim() });
    finish("The authenticator is off: your password alone logs you in.");
  }
  return (
    <ProvedForm id="authenticator-off" submit="Switch it off" submitting="Switching it off…" needs={["code"]} send={send}>
      <CodeStep first />
    </ProvedForm>
  );
}

/** Makes new recovery codes, and invalidates the old ones. */
export function CodesForm() {
  async function send(proof: Proof) {
    showCodes((await post<Codes>("/recovery-codes", proof)).recoveryCodes);
  }
  return (
    <ProvedForm id="codes" submit="Make new codes" submitting="Making them…" first full send={send}>
      <p>They log you in when your authenticator isn’t at hand. The ones that you have now stop working.</p>
    </ProvedForm>
  );
}

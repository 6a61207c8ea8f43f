import { useEffect, useRef, useState } from "preact/hooks";
import { finish, securityState } from "./security.ts";

/** Shows recovery codes, this once. */
export function RecoveryCodes({ codes }: { codes: readonly string[] }) {
  const [done, setDone] = useState("");
  const first = useRef<HTMLParagraphElement>(null);
  useEffect(() => first.current?.focus(), []);

  async function copy() {
    try {
      await navigator.clipboard.writeText(codes.join("\n"));
      setDone("Copied.");
    } catch {
      setDone("This browser doesn’t let us copy them: mark them, and copy them by hand.");
    }
  }

  function download() {
    const url = URL.createObjectURL(new Blob([`Recovery codes for ${location.host}. Each is good once.\n\n${codes.join("\n")}\n`], { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: url, download: `recovery-codes-${location.hostname}.txt` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the download has begun by then
    setDone("Downloaded.");
  }

  const kept = securityState.value.task === "codes" ? "Your new recovery codes are the ones that count." : "The authenticator is on.";
  return (
    <div class="form" data-testid="recovery-codes">
      <p ref={first} tabIndex={-1}>Each of these logs you in once when your authenticator isn’t at hand. They aren’t shown again: keep them where you keep passwords.</p>
      <ul class="codes" aria-label="Recovery codes">
        {codes.map((code) => <li key={code}><code>{code}</code></li>)}
      </ul>
      <div class="buttons">
        <button type="button" class="quiet" data-testid="codes-copy" onClick={() => void copy()}>Copy</button>
        <button type="button" class="quiet" data-testid="codes-download" onClick={download}>Download</button>
      </div>
      <p class="hint" role="status" data-testid="codes-done">{done}</p>
      <button type="button" class="primary" data-testid="codes-kept" onClick={() => finish(kept)}>I have kept them</button>
    </div>
  );
}

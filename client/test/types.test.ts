import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const web = process.cwd(); // npm runs scripts in the folder of its package.json
const project = mkdtempSync(join(tmpdir(), "latchkey-types-"));
after(() => rmSync(project, { recursive: true }));

const app = `
import { Latchkey, Problem, whyAsked, whyEnded, words, type EndReason, type Session, type State, type User } from "@latchkey/client";
const latchkey = new Latchkey();
latchkey.subscribe(() => show(latchkey.state));
function show({ user, endReason }: State): void {
  const who: User | null = user, why: EndReason | null = endReason;
  const form: string | null = whyAsked(latchkey.state), code: string | undefined = latchkey.state.problem?.code;
  console.log(form, code);
  console.log(who?.email, who?.emailVerified, who?.imageUrl, who?.preferredLanguage, who?.timezone, whyEnded(why));
}
await latchkey.login({ email: "ada@example.com", password: "…" });
const sessions: Session[] = await latchkey.sessions();
try {
  await latchkey.json<{ items: string[] }>("/api/cart");
} catch (error) {
  if (error instanceof Problem) console.log(words(error), sessions.filter(({ deviceBound }) => deviceBound).length);
}
`;

/** Installs the package as npm packs it, without a network. */
function install(): void {
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", project, join(web, "../client")], { encoding: "utf8" });
  const home = join(project, "node_modules/@latchkey/client");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["xzf", join(project, packed.trim()), "-C", home, "--strip-components=1"]);
  writeFileSync(join(project, "package.json"), `{"type":"module"}`);
  writeFileSync(join(project, "app.ts"), app);
}

test("the packed types compile in a project of plain tsc", () => {
  install();
  for (const [module, resolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]] as const) {
    const strict = ["--strict", "--skipLibCheck", "false", "--noPropertyAccessFromIndexSignature", "--exactOptionalPropertyTypes"];
    const flags = ["--noEmit", ...strict, "--target", "es2022", "--lib", "es2024,dom,dom.iterable", "--module", module, "--moduleResolution", resolution];
    assert.doesNotThrow(() => execFileSync(join(web, "node_modules/.bin/tsc"), [...flags, "app.ts"], { cwd: project, stdio: ["ignore", "inherit", "inherit"] }), resolution);
  }
});

/** How many characters are left, once that begins to matter. */
export function Left({ text, max }: { text: string; max: number | undefined }) {
  const left = (max ?? Infinity) - text.length;
  return <span class="hint" role="status">{left <= 200 && `${left} characters left`}</span>;
}

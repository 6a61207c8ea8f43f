const units: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86400], ["hour", 3600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** How long ago something was, with the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const date = new Date(at);
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const [unit, length] = units.find(([, length]) => -seconds >= length) ?? ["second", 0];
  return (
    <time dateTime={at} title={exact.format(date)}>
      {length ? words.format(Math.ceil(seconds / length), unit) : "just now"}
    </time>
  );
}

/** One number with its name. */
export function Tile({ name, value, note, tone = "" }: { name: string; value: string; note?: string; tone?: string }) {
  return (
    <div class={`tile ${tone}`}>
      <span>{name}</span>
      <b>{value}</b>
      {note && <small>{note}</small>}
    </div>
  );
}

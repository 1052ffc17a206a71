/** Hours, minutes and seconds; days stand before them. */
export function bigClock(ms: number): { days: number; time: string } {
  const seconds = Math.ceil(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600) % 24;
  const days = Math.floor(seconds / 86_400);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return { days, time: days || hours ? `${two(hours)}:${rest}` : rest };
}

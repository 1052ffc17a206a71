import { dropPass, keptPass } from "./pass";
import { LineServer } from "./server";

/** Whoever has tickets makes room for the next in line; the server would find out by itself, only later. */
export function endVisit(event: string): void {
  if (!keptPass(event)) return;
  dropPass(event);
  new LineServer(event).leave().catch(() => undefined);
}

/** The last part of the path that a route such as `/events/{id}/seats` names. */
export function pathId(): string {
  return decodeURIComponent(location.pathname.split("/")[2] ?? "");
}

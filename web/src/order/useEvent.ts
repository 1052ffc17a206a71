import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import type { EventDetail } from "../api/types";

const asked = new Map<string, Promise<EventDetail | null>>();

/** The event of an order, for the names of its sections and grades; null until it comes, or when it does not. */
export function useEvent(id: string): EventDetail | null {
  const [event, setEvent] = useState<EventDetail | null>(null);
  useEffect(() => {
    let left = false;
    const answer = asked.get(id) ?? get<EventDetail>(`/api/events/${encodeURIComponent(id)}`).catch(() => null);
    asked.set(id, answer);
    void answer.then((found) => left || setEvent(found));
    return () => {
      left = true;
    };
  }, [id]);
  return event;
}

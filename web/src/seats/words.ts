import { nameOf, t } from "../i18n";
import { nameOfSeat, type SeatModel } from "./model";
import type { EventDetail, Item } from "../api/types";

/** "Section 101, row 3, seat 12" in the visitor's language. */
export function seatWords(model: SeatModel, seat: number): string {
  const { section, row, number } = nameOfSeat(model, seat);
  return t("seat.words", { section: nameOf(section.name), row: row.name, number });
}

/** The same for an item or a ticket of the API; standing places have no row. `sections` gives names for section ids. */
export function placeWords(place: Pick<Item, "seat" | "section" | "row" | "number">, sections: EventDetail["sections"] = []): string {
  const { row, number } = place;
  const named = sections.find((one) => one.id === place.section);
  const section = named ? nameOf(named.name) : place.section;
  if (row && number) return t("seat.words", { section, row, number });
  if (named) return number ? t("seat.place_number", { section, number }) : section;
  return number ? t("seat.standing_number", { section, number }) : t("seat.standing", { section });
}

export function gradeName(grade: string, event: EventDetail | null): string {
  const price = event?.prices.find((one) => one.grade === grade);
  return price ? nameOf(price.name) : grade;
}

export function sectionName(section: string, event: EventDetail | null): string {
  const named = event?.sections.find((one) => one.id === section);
  return named ? nameOf(named.name) : section;
}

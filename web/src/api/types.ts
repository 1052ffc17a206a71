/** The shapes of the HTTP contract, version 1. Times are RFC 3339 UTC, money is integer minor units. */
import type { Localised } from "../i18n";

export type Role = "fan" | "gate" | "promoter" | "operator";
export type EventStatus = "announced" | "on_sale" | "sold_out" | "closed";
export type SectionKind = "reserved" | "standing";

export interface Price {
  grade: string;
  name: Localised;
  amount: number;
  color: string;
}

export interface EventSummary {
  id: string;
  name: Localised;
  venue: { name: Localised; address?: Localised; time_zone?: string };
  starts_at: string;
  on_sale_at: string;
  off_sale_at: string;
  status: EventStatus;
  waiting_room: boolean;
  prices: Price[];
  currency?: string;
  poster?: string | null;
}

export interface EventDetail extends EventSummary {
  doors_at?: string | null;
  description?: Localised | null;
  max_per_person: number;
  currency: string;
  capacity: number;
  sections: { id: string; name: Localised; kind: SectionKind; grades: string[]; capacity: number }[];
  plan_version: string | number;
  plan_url: string;
  server_time: string;
}

export type Point = [number, number];

export interface PlanShape {
  kind: "rect" | "circle" | "polygon" | "text";
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  radius?: number;
  points?: Point[];
  text?: string;
  rotation?: number;
  color?: string;
}

export interface PlanRow {
  name: string;
  grade: string;
  numbers: string[];
  x: number[];
  y: number[];
  ids?: string[];
  accessible?: number[];
}

export interface PlanSection {
  id: string;
  name: Localised;
  kind: SectionKind;
  capacity: number;
  outline?: Point[];
  label?: Point;
  rows: PlanRow[];
  grade?: string;
}

export interface Plan {
  version: string | number;
  name: Localised | string;
  width: number;
  height: number;
  shapes: PlanShape[];
  sections: PlanSection[];
}

export interface SectionState {
  free: number;
  held: number;
  sold: number;
  taken?: string;
}

export interface Availability {
  event_id: string;
  plan_version: string | number;
  version: string | number;
  at: string;
  stale: boolean;
  free: number;
  sections: Record<string, SectionState>;
}

export interface Item {
  seat: string;
  section: string;
  row?: string | null;
  number?: string | null;
  grade: string;
  amount: number;
}

export interface Hold {
  hold_id: string;
  token: string;
  event_id: string;
  seats: string[];
  items: Item[];
  amount: number;
  currency: string;
  expires_at: string;
  server_time?: string;
  /** Set once an order was placed with it. */
  order_id?: string;
}

export const ORDER_STATES = ["placed", "reserved", "paid", "ticketed", "refused", "declined", "expired", "cancelled", "refunded"] as const;
export type OrderStatus = (typeof ORDER_STATES)[number];

export const PAYMENT_STATES = ["none", "pending", "captured", "declined", "unknown", "refund_due", "refunded"] as const;
export type PaymentStatus = (typeof PAYMENT_STATES)[number];

export interface OrderTicket {
  ticket_id: string;
  seat: string;
  section: string;
  row?: string | null;
  number?: string | null;
  grade: string;
  status: "valid" | "used" | "void";
  url: string;
  svg_url: string;
  pdf_url: string;
}

/** Why an order ended without tickets. */
export const REASONS = [
  "seats_lost",
  "limit_exceeded",
  "payment_declined",
  "payment_expired",
  "paid_too_late",
  "cancelled_by_buyer",
] as const;

export const LEDGER_KINDS = [
  "capture_requested",
  "captured",
  "declined",
  "voided",
  "outcome_unknown",
  "refund_requested",
  "refunded",
  "refund_failed",
  "fee_kept",
] as const;

/** An order as it comes: while it is still in the queue only its id and status are known. */
export type OrderAnswer = Pick<Order, "order_id" | "status"> & Partial<Order>;

export interface Order {
  order_id: string;
  event_id: string;
  event_name: Localised;
  starts_at: string;
  time_zone?: string;
  status: OrderStatus;
  reason?: string | null;
  amount: number;
  currency: string;
  items: Item[];
  payment: { status: PaymentStatus };
  tickets: OrderTicket[];
  ledger: { kind: string; amount: number; currency: string; at: string }[];
  created_at: string;
  cancellable: boolean;
  refund_amount?: number | null;
}

export interface Ticket {
  ticket_id: string;
  order_id: string;
  seat: string;
  section: string;
  row?: string | null;
  number?: string | null;
  grade: string;
  amount: number;
  status: "valid" | "used" | "void";
  code: string;
  holder: string;
}

export interface Account {
  account_id: string;
  email: string;
  name: string;
  role: Role;
}
export interface Session {
  expires_at: string;
  csrf_token: string;
  account: Account;
}

export interface CheckIn {
  result: "admitted" | "already" | "refused";
  ticket_id?: string;
  section?: string;
  row?: string | null;
  number?: string | null;
  seat?: string;
  admitted_at?: string;
  reason?: string;
}

export interface Sale {
  event_id: string;
  seats: { free: number; held: number; sold: number; capacity: number };
  orders: Partial<Record<OrderStatus, number>>;
  money: { captured: number; refunded: number; refund_due: number; currency: string };
  tickets: { issued: number; admitted: number; void: number };
  queue: { depth: number; oldest_seconds: number; dead: number };
  outbox: { unsent: number; oldest_seconds: number; dead: number };
  recent: { order_id: string; status: OrderStatus; amount: number; created_at: string }[];
}

export interface Demo {
  accounts: { email: string; password: string; role: Role }[];
  payment_tokens: { token: string; what: Localised }[];
}

export interface Message {
  id: string;
  to: string;
  subject: string;
  at: string;
  text: string;
}

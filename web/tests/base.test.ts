import { describe, expect, it } from "vitest";
import { problemText, Problem } from "../src/api/problem";
import { safeNext } from "../src/api/signing";
import { ServerClock } from "../src/base/clock";
import { minutesSeconds, money, when } from "../src/base/format";
import { backoff } from "../src/base/wait";
import { ko } from "./dictionaries";

describe("server clock", () => {
  const noon = Date.parse("2026-11-22T12:00:00Z");

  it("counts by the server although the device is an hour off", () => {
    let steady = 1000;
    const clock = new ServerClock(
      () => steady,
      () => noon + 3_600_000,
    );
    expect(clock.now()).toBe(noon + 3_600_000);
    clock.sync("2026-11-22T12:00:00Z", 900, 1000);
    expect(clock.now()).toBe(noon + 50);
    steady += 60_000;
    expect(clock.left("2026-11-22T12:07:00Z")).toBe(6 * 60_000 - 50);
  });

  it("is not set back by answers that caches kept", () => {
    let steady = 0;
    const clock = new ServerClock(
      () => steady,
      () => 0,
    );
    clock.sync(noon, 0, 0);
    steady = 10_000;
    clock.sync(noon + 4000, 9990, 10_000);
    expect(clock.now()).toBe(noon + 10_000);
  });

  it("repairs itself after a sleep that stopped the steady clock", () => {
    let steady = 0;
    const clock = new ServerClock(
      () => steady,
      () => 0,
    );
    clock.sync(noon, 0, 0);
    steady = 1000;
    clock.sync(noon + 600_000, 1000, 1000);
    expect(clock.now()).toBe(noon + 600_000);
  });

  it("ignores what is no time, and never counts below zero", () => {
    const clock = new ServerClock(
      () => 0,
      () => noon,
    );
    clock.sync("soon", 0, 0);
    expect(clock.synced).toBe(false);
    expect(clock.left("2020-01-01T00:00:00Z")).toBe(0);
  });
});

describe("formats", () => {
  it("show won without decimals and others with theirs", () => {
    expect(money(198_000, "KRW", "ko")).toBe("₩198,000");
    expect(money(1950, "EUR", "en")).toBe("€19.50");
  });

  it("show the venue's time whatever the device's zone", () => {
    expect(when("2026-12-31T15:30:00Z", "time", "ko", "Asia/Seoul")).toBe("00:30");
    expect(when("2026-12-31T15:30:00Z", "full", "ko", "Asia/Seoul")).toContain("2027");
    expect(when("2026-12-31T15:30:00Z", "full", "ko", "Asia/Seoul")).toMatch(/\(.\)/);
  });

  it("count down to 0:00 and not before", () => {
    expect([420_000, 61_000, 1, 0].map(minutesSeconds)).toEqual(["7:00", "1:01", "0:01", "0:00"]);
  });
});

describe("waiting", () => {
  it("doubles up to its cap, with jitter of a fifth", () => {
    expect(backoff(0, 500, 8000, () => 0.5)).toBe(500);
    expect(backoff(3, 500, 8000, () => 0.5)).toBe(4000);
    expect(backoff(30, 500, 8000, () => 1)).toBeCloseTo(9600);
    expect(backoff(30, 500, 8000, () => 0)).toBeCloseTo(6400);
  });
});

describe("problems", () => {
  it("are told by code, with their figures", () => {
    expect(problemText(new Problem("limit_exceeded", 409, { limit: 4, remaining: 1 }))).toContain("4");
    expect(problemText(new Problem("bad_credentials", 401))).toBe(ko["error.bad_credentials"]);
  });

  it("fall back to what the server said", () => {
    expect(problemText(new Problem("brand_new", 418, { detail: "short and stout" }))).toContain("short and stout");
    expect(problemText(new Problem("brand_new", 418))).toBe(ko["error.generic"]);
  });

  it("know what may be sent again", () => {
    expect(
      [new Problem("network", 0), new Problem("unavailable", 503), new Problem("rate_limited", 429, { retry_after: 2 })].every(
        (one) => one.transient,
      ),
    ).toBe(true);
    expect(new Problem("seats_taken", 409).transient).toBe(false);
    expect(new Problem("rate_limited", 429, { retry_after: 2 }).retryAfter).toBe(2000);
  });
});

describe("the way back after signing in", () => {
  it("stays on this site", () => {
    const home = "https://tickets.example";
    expect(safeNext("/events/evt_1/seats?x=1", home)).toBe("/events/evt_1/seats?x=1");
    for (const evil of ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", null]) {
      expect(safeNext(evil, home)).toBe("/");
    }
  });
});

import { describe, expect, it } from "vitest";
import { backoffMs, retryAfterMs } from "../../src/model/waiting.ts";
import { readAnswer } from "../../src/vt/answer.ts";
import { pauseMs, ruleOnAnswer, ruleOnBreak } from "../../src/vt/retry.ts";

const asIs = (text: string): string => text;
const rule = (status: number, body: string): string => {
  const ruling = ruleOnAnswer(readAnswer({ status, bytes: Buffer.from(body) }, asIs));
  return [ruling.verdict, "problem" in ruling ? ruling.problem : "", "why" in ruling ? ruling.why : ""]
    .join(" ")
    .trim();
};
const vt = (code: string): string => JSON.stringify({ error: { code, message: "words" } });

describe("the rule for an answer", () => {
  it.each([
    [200, '{"data":[]}', "keep"],
    [200, '{"data":null}', "keep"],
    [400, vt("BadRequestError"), "fail refused"],
    [400, vt("InvalidArgumentError"), "fail refused"],
    [400, vt("NotAvailableYet"), "wait  not-yet"],
    [400, vt("UnselectiveContentQueryError"), "fail refused"],
    [400, vt("UnsupportedContentQueryError"), "fail refused"],
    [401, vt("AuthenticationRequiredError"), "fail key"],
    [401, vt("UserNotActiveError"), "fail key"],
    [401, vt("WrongCredentialsError"), "fail key"],
    [403, vt("ForbiddenError"), "fail forbidden"],
    [404, vt("NotFoundError"), "missing"],
    [409, vt("AlreadyExistsError"), "missing"],
    [424, vt("FailedDependencyError"), "wait  transient"],
    [429, vt("QuotaExceededError"), "wait  quota"],
    [429, vt("TooManyRequestsError"), "wait  rate"],
    [429, vt("TooManyRequests"), "wait  rate"],
    [503, vt("TransientError"), "wait  transient"],
    [504, vt("DeadlineExceededError"), "wait  transient"],
  ])("%i %s is %s, as the API's table says", (status, body, expected) => {
    expect(rule(status, body)).toBe(expected);
  });

  it.each([
    [200, '{"data":[{"id"', "wait  transient"],
    [200, "", "wait  transient"],
    [200, "<html>", "wait  transient"],
    [429, "<title>429</title>429 Too Many Requests", "wait  rate"],
    [502, "<html>Bad Gateway", "wait  transient"],
    [502, '{"error":{"code":502,"message":"edge"}}', "wait  transient"],
    [500, "<html>", "wait  transient"],
    [500, '{"error":{"code":500}}', "wait  transient"],
    [500, vt("TransientError"), "wait  transient"],
    [500, vt("InternalError"), "fail unavailable"],
    [401, "<html>", "fail key"],
    [403, "<html>", "fail forbidden"],
  ])("%i %s, between us and the API, is %s", (status, body, expected) => {
    expect(rule(status, body)).toBe(expected);
  });

  it("goes by the status when the code is unknown", () => {
    for (const [status, expected] of [
      [400, "fail refused"],
      [404, "missing"],
      [418, "fail refused"],
      [429, "wait  rate"],
      [503, "wait  transient"],
      [599, "fail unavailable"],
    ] as const)
      expect(rule(status, vt("SomethingNewError"))).toBe(expected);
  });

  it("does not take a stranger's 404 for an unknown object: the base URL is wrong", () => {
    expect(rule(404, "<html>nginx")).toBe("fail setup");
    expect(rule(302, "")).toBe("fail setup");
    expect(rule(407, "")).toBe("fail setup");
  });
});

describe("the rule without a whole answer", () => {
  it.each([
    ["reset", "wait"],
    ["cut", "wait"],
    ["timeout", "wait"],
    ["unreachable", "wait"],
    ["certificate", "fail"],
    ["proxy", "fail"],
    ["too-large", "fail"],
    ["other", "fail"],
  ] as const)("%s: %s", (kind, verdict) => {
    expect(ruleOnBreak(kind).verdict).toBe(verdict);
  });
});

describe("Retry-After", () => {
  const now = new Date("2026-11-24T12:00:00Z");

  it.each([
    ["120", 120_000],
    ["0", 0],
    [" 7 ", 7_000],
    ["Tue, 24 Nov 2026 12:01:30 GMT", 90_000],
    ["Tuesday, 24-Nov-26 12:00:05 GMT", 5_000],
    ["Tue, 24 Nov 2026 11:00:00 GMT", 0],
  ])("%j is %i ms", (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });

  it.each([undefined, "", "soon", "-5", "1.5", "1e9", "99999999999", "2026-11-24T13:00:00Z", "Mon, 99 Foo"])(
    "%j says nothing",
    (header) => {
      expect(retryAfterMs(header, now)).toBeUndefined();
    },
  );
});

describe("the pause", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  const least = (): number => 0;
  const most = (): number => 0.999_999;

  it("is a minute for a 429 that does not say, and for a batch that is not ready", () => {
    for (const why of ["rate", "quota", "not-yet"] as const) {
      expect(pauseMs({ why, hitches: 1 }, now, least)).toBe(60_000);
      expect(pauseMs({ why, hitches: 1 }, now, most)).toBe(61_000);
    }
  });

  it("never undercuts Retry-After", () => {
    expect(pauseMs({ why: "rate", hitches: 1, retryAfter: "5" }, now, least)).toBe(5_000);
    expect(pauseMs({ why: "transient", hitches: 1, retryAfter: "5" }, now, most)).toBe(5_000);
    expect(pauseMs({ why: "transient", hitches: 9, retryAfter: "5" }, now, most)).toBe(30_000);
  });

  it("backs off exponentially with full jitter, to half a minute", () => {
    expect([1, 2, 3, 4, 7, 8, 50].map((hitches) => backoffMs(hitches, most))).toEqual([
      500, 1_000, 2_000, 4_000, 30_000, 30_000, 30_000,
    ]);
    expect(backoffMs(8, least)).toBe(0);
    expect(backoffMs(2, () => 0.5)).toBe(500);
  });
});

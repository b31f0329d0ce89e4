/** The errors of API v3, with the HTTP status each goes with ("API responses" of docs.virustotal.com). */

const STATUS = {
  BadRequestError: 400,
  InvalidArgumentError: 400,
  NotAvailableYet: 400,
  AuthenticationRequiredError: 401,
  WrongCredentialsError: 401,
  ForbiddenError: 403,
  NotFoundError: 404,
  QuotaExceededError: 429,
  TooManyRequestsError: 429,
  TransientError: 503,
  DeadlineExceededError: 504,
} as const;

export type ApiErrorCode = keyof typeof STATUS;

/** Thrown by an endpoint, sent as `{"error": {"code", "message"}}`. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  constructor(code: ApiErrorCode, message: string) {
    super(message);
    this.name = "ApiError";
    this.code = code;
  }
  get status(): number {
    return STATUS[this.code];
  }
}

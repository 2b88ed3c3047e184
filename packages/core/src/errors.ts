import { printable } from './printable.js';

/** What an error of Netloom can tell beside its message. */
export interface NetloomErrorDetails {
  /** The option or attribute at fault, as the caller wrote it: `ifname`, `peer.netns`, `nics[0].mac`. */
  field?: string | undefined;
  /** The kernel's own words (netlink extended acknowledgement), or those of the program that failed. */
  kernelMessage?: string | undefined;
  /** One thing to try. */
  hint?: string | undefined;
  /** The equivalent command of iproute2 (or QEMU). */
  command?: string | undefined;
  /** What was asked, in the kernel's terms: `RTM_NEWLINK`, `TUNSETIFF`. */
  request?: string | undefined;
  cause?: unknown;
}

const BRAND = Symbol.for('@netloom/core.NetloomError');
const ARGUMENT_BRAND = Symbol.for('@netloom/core.ArgumentError');
const NETLINK_BRAND = Symbol.for('@netloom/core.NetlinkError');
const DUMP_BRAND = Symbol.for('@netloom/core.DumpInterruptedError');

/**
 * Every error that Netloom throws on purpose. `code` is an errno name (`EEXIST`) or `ERR_NETLOOM_*`.
 * The message has up to four lines: what could not be done and why; the request, field, errno and the
 * kernel's words; a hint; the same as a command. `instanceof` works across copies of this package.
 */
export class NetloomError extends Error {
  override readonly name: string = 'NetloomError';
  readonly code: string;
  /** The first line of the message: `cannot <verb> <thing>: <reason>`. */
  readonly summary: string;
  declare readonly field?: string;
  declare readonly kernelMessage?: string;
  declare readonly hint?: string;
  declare readonly command?: string;
  declare readonly request?: string;

  constructor(code: string, summary: string, details: NetloomErrorDetails = {}) {
    super(
      composeMessage(code, summary, details),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.summary = summary;
    if (details.field !== undefined) this.field = details.field;
    if (details.kernelMessage !== undefined) this.kernelMessage = details.kernelMessage;
    if (details.hint !== undefined) this.hint = details.hint;
    if (details.command !== undefined) this.command = details.command;
    if (details.request !== undefined) this.request = details.request;
    brand(this, BRAND);
  }

  /** True for an error of any copy of this package. */
  static override [Symbol.hasInstance](this: unknown, value: unknown): boolean {
    const key = BRANDS.get(this);
    return key === undefined ? inheritsFrom(value, this) : hasBrand(value, key);
  }
}

/** A bad argument: found before anything was sent or changed. Code `ERR_NETLOOM_ARGUMENT`. */
export class ArgumentError extends NetloomError {
  override readonly name: string = 'ArgumentError';
  constructor(field: string, reason: string, details: NetloomErrorDetails = {}) {
    super('ERR_NETLOOM_ARGUMENT', `invalid ${field}: ${reason}`, { ...details, field });
    brand(this, ARGUMENT_BRAND);
  }
}

/** A request that the kernel refused. `code` is the errno's name, `errno` its number. */
export class NetlinkError extends NetloomError {
  override readonly name: string = 'NetlinkError';
  readonly errno: number;
  constructor(code: string, errno: number, summary: string, details: NetloomErrorDetails = {}) {
    super(code, summary, details);
    this.errno = errno;
    brand(this, NETLINK_BRAND);
  }
}

/** A dump that the kernel interrupted again and again; `partial` is what the last try read. */
export class DumpInterruptedError extends NetloomError {
  override readonly name: string = 'DumpInterruptedError';
  readonly partial: readonly unknown[];
  constructor(summary: string, partial: readonly unknown[], details: NetloomErrorDetails = {}) {
    super('ERR_NETLOOM_DUMP_INTERRUPTED', summary, details);
    this.partial = partial;
    brand(this, DUMP_BRAND);
  }
}

const BRANDS = new Map<unknown, symbol>([
  [NetloomError, BRAND],
  [ArgumentError, ARGUMENT_BRAND],
  [NetlinkError, NETLINK_BRAND],
  [DumpInterruptedError, DUMP_BRAND],
]);

function composeMessage(code: string, summary: string, details: NetloomErrorDetails): string {
  const lines = [summary];
  const what = [details.request, details.field].filter((part) => part !== undefined).join(' ');
  const words = details.kernelMessage === undefined ? '' : ` "${details.kernelMessage}"`;
  lines.push(`  ${what === '' ? code : `${what}: ${code}`}${words}`);
  if (details.hint !== undefined) lines.push(`  hint: ${details.hint}`);
  if (details.command !== undefined) lines.push(`  same as: ${details.command}`);
  return printable(lines.join('\n'));
}

// Brands are symbols from the global registry, so that two copies of the package know each other's errors.
function brand(target: object, key: symbol): void {
  Object.defineProperty(target, key, { value: true });
}

function hasBrand(value: unknown, key: symbol): boolean {
  return typeof value === 'object' && value !== null && key in value;
}

function inheritsFrom(value: unknown, constructor: unknown): boolean {
  return Function.prototype[Symbol.hasInstance].call(constructor, value);
}

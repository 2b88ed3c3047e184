import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Captured {
  readonly how: string;
  readonly request: string;
  readonly reply: string;
}

const path = fileURLToPath(new URL('../../../test/fixtures/rtnetlink-6.18.json', import.meta.url));
const { exchanges } = JSON.parse(readFileSync(path, 'utf8')) as { exchanges: Record<string, Captured> };

/** A request and what a real kernel answered, byte for byte. */
export function captured(name: string): { request: Uint8Array; reply: Uint8Array } {
  const exchange = exchanges[name];
  if (exchange === undefined) throw new Error(`${path} has no exchange ${name}`);
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
  return { request: bytes(exchange.request), reply: bytes(exchange.reply) };
}

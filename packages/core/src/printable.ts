/**
 * Text that a terminal shows and does not obey: control characters but line ends and tabs become `\x1b`.
 * Names of links, words of processes and output of guests are other people's text.
 */
export function printable(text: string): string {
  let shown = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const control = (code < 0x20 && code !== 0x0a && code !== 0x09) || (code >= 0x7f && code <= 0x9f);
    shown += control ? `\\x${code.toString(16).padStart(2, '0')}` : character;
  }
  return shown;
}

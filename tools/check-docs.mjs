// Checks the documentation: every ```ts block is type-checked against the packages' sources, and every
// relative link of a Markdown file leads to a file, and to a heading if it names one. A block that cannot stand
// alone says ```ts fragment and is left out.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { ROOT } from './steps.mjs';

/** Below docs/, so that the blocks find the packages as a program in this clone does. */
const BUILD = join(ROOT, 'docs/build');
const LEFT_OUT = /^(\.git|\.turbo|node_modules|dist|build|coverage)$|^docs\/reference\/api$/;

const faults = [];
let checked = 0;
const blocks = new Map();
for (const file of markdownFiles('')) {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const outside = takeBlocks(file, lines);
  checkLinks(file, outside);
}
checkTypes();
for (const fault of faults.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))) console.error(fault);
console.log(`docs: ${Math.max(0, checked - faults.length)} passed, ${faults.length} failed`);
if (faults.length > 0) process.exitCode = 1;

function markdownFiles(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (LEFT_OUT.test(entry.name) || LEFT_OUT.test(path)) return [];
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Notes the ts blocks and returns the file's lines with all code blanked out. */
function takeBlocks(file, lines) {
  let fence;
  return lines.map((line, at) => {
    const mark = /^\s*(```+|~~~+)\s*(.*)$/.exec(line);
    if (fence === undefined) {
      if (mark === null) return line.replaceAll(/`[^`]*`/g, '');
      fence = { mark: mark[1], info: mark[2].trim(), start: at + 1, text: [] };
      return '';
    }
    if (mark !== null && mark[2] === '' && mark[1].startsWith(fence.mark)) {
      if (fence.info === 'ts') note(file, fence);
      fence = undefined;
    } else fence.text.push(line);
    return '';
  });
}

/** Blank lines before the block, so that a fault's line is the line in the Markdown file. */
function note(file, { start, text }) {
  const name = `${file.replaceAll(/[/.]/g, '-')}-${start}.ts`;
  blocks.set(join(BUILD, name), { file, text: `${'\n'.repeat(start)}${text.join('\n')}\nexport {};\n` });
}

function checkTypes() {
  rmSync(BUILD, { recursive: true, force: true });
  mkdirSync(BUILD, { recursive: true });
  for (const [path, { text }] of blocks) writeFileSync(path, text);
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), (path) => ts.sys.readFile(path));
  const overrides = { composite: false, noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, ...overrides }, ROOT);
  const program = ts.createProgram([...blocks.keys()], options);
  for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (file === undefined) faults.push(text);
    else {
      const { line } = file.getLineAndCharacterOfPosition(start ?? 0);
      const where = blocks.get(file.fileName)?.file ?? relative(ROOT, file.fileName);
      faults.push(`${where}:${line + 1}: ${text}`);
    }
  }
  checked += blocks.size;
}

function checkLinks(file, lines) {
  for (const [at, line] of lines.entries()) {
    for (const [, target] of line.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s+(\S+)/g)) {
      if (target === undefined || /^[a-z][a-z+.-]*:/i.test(target)) continue;
      checked += 1;
      const fault = judge(file, decodeURI(target));
      if (fault !== undefined) faults.push(`${file}:${at + 1}: ${target}: ${fault}`);
    }
  }
}

function judge(file, target) {
  const [path, anchor] = target.split('#');
  if (path.startsWith('/')) return 'an absolute path';
  const full = path === '' ? join(ROOT, file) : resolve(ROOT, dirname(file), path);
  if (!existsSync(full)) return 'no such file';
  if (anchor === undefined || anchor === '' || !full.endsWith('.md')) return undefined;
  return headings(readFileSync(full, 'utf8')).includes(anchor) ? undefined : 'no such heading';
}

/** As GitHub makes anchors of headings. */
function headings(text) {
  const outside = text.replaceAll(/^(```+)[^\n]*\n[\s\S]*?^\1\s*$/gm, '');
  return [...outside.matchAll(/^#{1,6}\s+(.*)$/gm)].map(([, title]) =>
    title
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  );
}

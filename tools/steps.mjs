// The story of what is being done, on stderr: on a terminal a line that moves, elsewhere a line per step.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Exit codes: docs of the launcher, section "Exit codes". */
export const EXIT = { failed: 1, usage: 2, prerequisite: 3, interrupted: 130 };

const moving = process.stderr.isTTY && !process.env.CI;
const coloured = process.stderr.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
/** Of a failed program's output: npm says its reason first, compilers and tests say it last. */
const SHOWN = { first: 10, last: 40 };

const paint = (code, text) => (coloured ? `\u001B[${code}m${text}\u001B[0m` : text);
const mark = { done: paint(32, '✔'), failed: paint(31, '✖') };

export function say(text) {
  process.stderr.write(`${moving ? '\r\u001B[K' : ''}${text}\n`);
}

/** Says why it ends and what to type, then ends. */
export function fail(code, reason, tryThis) {
  say(`${mark.failed} ${reason}`);
  if (tryThis !== undefined) say(`  try: ${tryThis}`);
  process.exit(code);
}

/** Child groups that run now; a signal to us ends them first. */
const running = new Set();
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

let ending = false;

function end(signal) {
  ending = true;
  say(`${mark.failed} interrupted`);
  for (const group of running) kill(group, 'SIGTERM');
  const leave = () => process.exit(128 + NUMBERS[signal]);
  const started = Date.now();
  setInterval(() => {
    for (const group of running) if (!kill(group, 0)) running.delete(group);
    if (running.size === 0) leave();
    if (Date.now() - started < 10_000) return;
    for (const group of running) kill(group, 'SIGKILL');
    leave();
  }, 50);
}

function kill(group, signal) {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

let listening = false;
function listen() {
  if (listening) return;
  listening = true;
  for (const signal of Object.keys(NUMBERS)) process.once(signal, end);
}

/** Takes the signals back: from here on somebody else decides what Ctrl-C means. */
export function stopListening() {
  for (const signal of Object.keys(NUMBERS)) process.removeListener(signal, end);
}

/**
 * Runs a program and shows its last line while it works. Resolves to { code, output, seconds }; the caller
 * judges the code. Its output goes to `log` too, if that is given; `descriptor` becomes its descriptor 3.
 */
export async function run(title, [command, ...args], { env = {}, log, note, descriptor = 'ignore' } = {}) {
  listen();
  const started = performance.now();
  let output = '';
  let last = '';
  if (log !== undefined) {
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, '');
  }
  // A group of its own, so that the end of it is the end of what it started.
  const child = spawn(command, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', descriptor],
    env: { ...process.env, ...env },
  });
  if (child.pid !== undefined) running.add(child.pid);
  const take = (chunk) => {
    const text = stripVTControlCharacters(chunk);
    output += text;
    if (log !== undefined) appendFileSync(log, text);
    last =
      text
        .trimEnd()
        .split(/[\r\n]+/)
        .findLast((line) => line.trim() !== '')
        ?.trim() ?? last;
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take);

  const seconds = () => (performance.now() - started) / 1000;
  let frame = 0;
  const draw = () => {
    if (ending) return;
    frame += 1;
    const head = `  ${title} ${seconds().toFixed(0)} s `;
    const room = (process.stderr.columns ?? 80) - head.length - 1;
    const tail = room > 10 ? paint(2, last.slice(0, room)) : '';
    process.stderr.write(`\r\u001B[K${SPINNER[frame % SPINNER.length]}${head.slice(1)}${tail}`);
  };
  const timer = moving ? setInterval(draw, 100) : undefined;
  if (!moving) say(`  ${title}${note === undefined ? '' : ` (${note})`} …`);

  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += `${command}: ${error.message}\n`;
      resolve(127);
    });
    child.once('close', (status, signal) => resolve(status ?? 128 + (NUMBERS[signal] ?? 9)));
  });
  clearInterval(timer);
  if (ending) await new Promise(() => {}); // end() has the last word.
  // A child that is gone may have left others of its group behind: end() still finds them under this number.
  if (child.pid === undefined || !kill(child.pid, 0)) running.delete(child.pid);
  return { code, output, seconds: seconds() };
}

export function done(text, seconds) {
  say(`${mark.done} ${text} ${paint(2, `${seconds.toFixed(1)} s`)}`);
}

/** What a failed program said, and how it was called. */
export function showFailure(title, command, { code, output, seconds }, log) {
  say(`${mark.failed} ${title} failed after ${seconds.toFixed(1)} s (exit code ${code})`);
  const lines = output.trimEnd().split('\n');
  const left = lines.length - SHOWN.first - SHOWN.last;
  if (left > 0) lines.splice(SHOWN.first, left, `… ${left} lines …`);
  for (const line of lines) say(`  │ ${line}`);
  say(`  command: ${command.join(' ')}`);
  if (log !== undefined) say(`  all of it: ${relative(process.cwd(), log)}`);
}

/** A step without which nothing else makes sense. */
export async function mustRun(title, doneText, command, options = {}) {
  const result = await run(title, command, options);
  if (result.code !== 0) {
    showFailure(title, command, result, options.log);
    process.exit(EXIT.failed);
  }
  done(doneText, result.seconds);
  return result;
}

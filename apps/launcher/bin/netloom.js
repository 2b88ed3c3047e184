#!/usr/bin/env node
// Here before anything is built, so that npm links the command at installation.
import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  process.stderr.write('netloom is not built yet: npm run build\n');
  process.exitCode = 3;
}

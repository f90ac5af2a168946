import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

// The output depends on the code alone, so that equal code gives an equal artifact.
const output = process.env.CONVEYOR_OUTPUT ?? path.resolve('dist');
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
for (const name of ['server.mjs', 'src', 'package.json']) cpSync(name, path.join(output, name), { recursive: true });

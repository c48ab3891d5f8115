// batch-request as its README has it, in express. The calls name the API themselves.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const express = require('express');
const batch = require('batch-request')({ localOnly: false, max: 100 });

const app = express();
app.use(express.json({ limit: '32mb' }));
app.post('/batch', batch);
app.listen(Number(process.argv[2]), '127.0.0.1');

import { z } from 'zod';

// A step is a process that uses each schema once or twice: compiling a parser for each costs more than it gives back.
// Schemas look at this setting when they are made, so the start file loads it before the action.
z.config({ jitless: true });

// The table of the ops' documentation. Here it is empty, since each text stands in its record; a build moves them all into it.

import { type Documentation, provideDocumentation } from "../ir/index.ts";

const texts: Readonly<Record<string, Documentation>> = {};

provideDocumentation(texts);

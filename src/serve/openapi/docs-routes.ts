import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { SegprobeError } from '../../shared/errors.js';
import type { Routes } from '../route.js';

/** Of swagger-ui-dist, what its page loads. */
const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;
const INITIALIZER = 'start.js';
const DIST = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

// Scripts and styles are files, so that the policy needs no exception.
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>segprobe: the API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/${INITIALIZER}" defer></script>
  </head>
  <body><div id="api"></div></body>
</html>
`;
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, validatorUrl: null });\n`;

const fileParams = z.object({ file: z.enum([...FILES, INITIALIZER]) });

/**
 * The API's description and its page, with nothing from elsewhere.
 * @param describe - gives the description; asked once.
 */
export function createDocsRoutes(describe: () => object): Routes {
  let described: Buffer | undefined;
  return {
    '/openapi.json': {
      get: {
        operation: {
          tag: 'Operations',
          summary: 'This description',
          answers: {
            200: { description: 'OpenAPI 3.1', content: { 'application/json': z.looseObject({}) } },
          },
        },
        handler: (_request, response) => {
          described ??= Buffer.from(JSON.stringify(describe()));
          response.type('json').send(described);
        },
      },
    },
    '/docs': {
      get: {
        operation: {
          tag: 'Operations',
          summary: 'This description as a page',
          answers: { 200: { description: 'The page', content: { 'text/html': z.string() } } },
        },
        handler: (_request, response) => void response.type('html').send(PAGE),
      },
    },
    '/docs/:file': {
      get: {
        operation: {
          tag: 'Operations',
          summary: 'What the page loads',
          params: fileParams,
          answers: {
            200: {
              description: 'The file',
              content: { 'text/css': z.string(), 'text/javascript': z.string() },
            },
          },
          refusals: ['NOT_FOUND'],
        },
        handler: (request, response) => {
          const { data } = fileParams.safeParse(request.params);
          if (data === undefined) {
            throw new SegprobeError(
              'NOT_FOUND',
              `expected a file of the page, got ${request.path}`,
            );
          }
          if (data.file === INITIALIZER) response.type('js').send(START);
          else response.sendFile(data.file, { root: DIST, maxAge: '1h' });
        },
      },
    },
  };
}

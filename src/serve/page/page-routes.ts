import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import expressStaticGzip from 'express-static-gzip';
import { z } from 'zod';
import type { Operation, Routes } from '../route.js';
import { type PageFolders, preparePage } from './page-folders.js';

/** What the page loads: files beside it, and what lies in its folders. */
const FILES =
  /^\/((index\.html|service-worker\.js|files\.json|icon\.svg)$|(assets|samples|runtime)\/)/;
/** Files whose names change with what is in them. */
const IMMUTABLE = /[/\\](assets|runtime-[^/\\]+)[/\\]/;
const YEAR_SECONDS = 365 * 24 * 60 * 60;

const operation: Operation = {
  tag: 'Operations',
  summary: 'The page',
  answers: { 200: { description: 'The page', content: { 'text/html': z.string() } } },
};

/**
 * The page and its files, compressed as the browser likes them. They are built where they are asked for the first time, unless
 * `preparePage` was called before.
 *
 * @returns the page's route, and what answers for the files that it loads and leaves all others alone.
 */
export function createPage(): { readonly routes: Routes; readonly files: RequestHandler } {
  let handler: Promise<RequestHandler> | undefined;
  const handle: RequestHandler = async (request, response, next) => {
    handler ??= preparePage().then(serveFolders, (error: unknown) => {
      handler = undefined;
      throw error;
    });
    (await handler)(request, response, next);
  };
  return {
    routes: { '/': { get: { operation, handler: handle } } },
    files: (request, response, next) => {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      return isRead && FILES.test(request.path) ? handle(request, response, next) : next();
    },
  };
}

function serveFolders({ page, runtime, runtimeVersion }: PageFolders): RequestHandler {
  const serve = (folder: string): RequestHandler =>
    expressStaticGzip(folder, {
      enableBrotli: true,
      orderPreference: ['br', 'gzip'],
      serveStatic: { setHeaders: setCaching },
    });
  const servePage = serve(page);
  const serveRuntime = serve(runtime);
  const prefix = `/runtime/${runtimeVersion}/`;
  return (request, response, next) => {
    if (!request.path.startsWith(prefix)) {
      servePage(request, response, next);
      return;
    }
    request.url = request.url.slice(prefix.length - 1);
    serveRuntime(request, response, next);
  };
}

/** What keeps its name is asked for again each time; its ETag answers shortly. */
function setCaching(response: ServerResponse, file: string): void {
  const caching = IMMUTABLE.test(file) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache';
  response.setHeader('Cache-Control', caching);
}

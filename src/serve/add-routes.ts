import type { Express } from 'express';
import { SegprobeError } from '../shared/errors.js';
import { METHODS, type Routes } from './route.js';

/** Registers routes; a path's other methods are refused with the list of those it has. */
export function addRoutes(app: Express, routes: Routes): void {
  for (const [path, byMethod] of Object.entries(routes)) {
    const methods = METHODS.filter((method) => byMethod[method] !== undefined);
    for (const method of methods) app[method](path, byMethod[method]!.handler);
    const allowed = methods.flatMap((method) =>
      method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
    );
    app.all(path, (request, response) => {
      response.set('Allow', allowed.join(', '));
      if (request.method === 'OPTIONS') {
        response.status(204).end();
        return;
      }
      throw new SegprobeError(
        'METHOD_NOT_ALLOWED',
        `expected ${allowed.join(' or ')} for ${path}, got ${request.method}`,
      );
    });
  }
}

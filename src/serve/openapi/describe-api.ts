import { OpenApiGeneratorV31, OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { HTTP_STATUS, INTERNAL_CODE } from '../http-status.js';
import { problemSchema, type ProblemCode } from '../problem.js';
import { METHODS, TAGS, type Answer, type Operation, type Routes } from '../route.js';

type Document = ReturnType<OpenApiGeneratorV31['generateDocument']>;

export interface ApiDescription {
  /** Asked for by everybody. */
  readonly open: Routes;
  /** Behind an API key, if there are any, and a rate. */
  readonly closed: Routes;
  readonly version: string;
  readonly hasKeys: boolean;
}

/** What every route may refuse with. */
const EVERYWHERE: readonly ProblemCode[] = ['INVALID_REQUEST', 'SHUTTING_DOWN', INTERNAL_CODE];
const BEHIND_KEY: readonly ProblemCode[] = ['UNAUTHORIZED', 'RATE_LIMITED'];
/** What is refused that meets no route. */
const NOWHERE: readonly ProblemCode[] = [
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'REQUEST_TIMEOUT',
  'HEADERS_TOO_LARGE',
];
const KEY_SCHEMES = ['bearer', 'apiKey'];

/** Describes the service as OpenAPI 3.1, from the routes and the schemas that they parse by. */
export function describeApi({ open, closed, version, hasKeys }: ApiDescription): Document {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'apiKey', {
    ...{ type: 'apiKey', in: 'header', name: 'X-API-Key' },
  });
  const codes = new Set<ProblemCode>([...EVERYWHERE, ...BEHIND_KEY, ...NOWHERE]);
  for (const [routes, isClosed] of [
    [open, false],
    [closed, true],
  ] as const) {
    for (const [pattern, byMethod] of Object.entries(routes)) {
      for (const method of METHODS) {
        const route = byMethod[method];
        if (route === undefined) continue;
        const { operation } = route;
        const refusals = [
          ...EVERYWHERE,
          ...(isClosed ? BEHIND_KEY : []),
          ...(operation.refusals ?? []),
        ];
        for (const code of refusals) codes.add(code);
        registry.registerPath({
          method,
          path: pattern.replace(/:(\w+)/g, '{$1}'),
          tags: [operation.tag],
          summary: operation.summary,
          ...(isClosed && hasKeys && { security: KEY_SCHEMES.map((name) => ({ [name]: [] })) }),
          request: requestOf(operation),
          responses: { ...answersOf(operation), ...refusalsOf(refusals) },
        });
      }
    }
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'segprobe',
      version,
      description:
        'Segments pictures, attacks them, and says what broke. Refusals are `application/problem+json` with one of these codes:\n\n' +
        `| code | status |\n|---|---|\n${[...codes].sort().map(rowOf).join('\n')}`,
    },
    servers: [{ url: '/' }],
    tags: TAGS.map((name) => ({ name })),
  });
}

/** The status that goes with a code. */
export function statusOf(code: ProblemCode): number {
  return code === INTERNAL_CODE ? 500 : HTTP_STATUS[code];
}

function rowOf(code: ProblemCode): string {
  return `| \`${code}\` | ${statusOf(code)} |`;
}

type Registered = Parameters<OpenAPIRegistry['registerPath']>[0];

function requestOf({
  params,
  query,
  headers,
  body,
}: Operation): NonNullable<Registered['request']> {
  return {
    ...(params && { params }),
    ...(query && { query }),
    ...(headers && { headers }),
    ...(body && { body: { content: contentOf(body), required: true } }),
  };
}

function answersOf({ answers }: Operation): Registered['responses'] {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, content, headers }]) => [
      status,
      { description, ...(headers && { headers }), ...(content && { content: contentOf(content) }) },
    ]),
  );
}

function refusalsOf(codes: readonly ProblemCode[]): Registered['responses'] {
  const statuses = [...new Set(codes.map(statusOf))].sort();
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => statusOf(code) === status) as [ProblemCode];
      const schema = problemSchema.extend({ code: z.enum(own), status: z.literal(status) });
      return [
        status,
        { description: own.join(', '), content: { 'application/problem+json': { schema } } },
      ];
    }),
  );
}

function contentOf(content: NonNullable<Answer['content']>): Record<string, { schema: z.ZodType }> {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

import type { RequestHandler } from 'express';
import type { z } from 'zod';
import type { ErrorCode } from '../shared/errors.js';

/** What the routes are grouped by, in the order of the API's page. */
export const TAGS = [
  'Pictures',
  'Models',
  'Evaluations',
  'Open Inference Protocol',
  'Operations',
] as const;

/** What goes over the wire, by media type. */
export type Content = Readonly<Record<string, z.ZodType>>;

/** What is answered where nothing is refused. */
export interface Answer {
  readonly description: string;
  /** None for an answer without a body. */
  readonly content?: Content;
  readonly headers?: z.ZodObject;
}

/** What a route does, in words and schemas: the API's description is made of it, and the route parses its parameters by it. */
export interface Operation {
  readonly tag: (typeof TAGS)[number];
  readonly summary: string;
  /** Parts of the path, parameters of the query, headers. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: Content;
  readonly answers: Readonly<Record<number, Answer>>;
  /** What it refuses with, besides what every route may. */
  readonly refusals?: readonly ErrorCode[];
}

/** What answers a method of a path. */
export interface Route {
  readonly handler: RequestHandler;
  readonly operation: Operation;
}

export const METHODS = ['get', 'post', 'put', 'delete'] as const;
export type Method = (typeof METHODS)[number];

/** Routes by Express's pattern of their path, and by method. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<Method, Route>>>>>;

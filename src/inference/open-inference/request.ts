import { z } from 'zod';
import { SegprobeError, messageOf } from '../../shared/errors.js';

const parameters = z.looseObject({}).optional();
const tensorName = z.string().min(1).max(200);

/**
 * The JSON of an inference request; parameters that are not known are let pass.
 * @see https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
export const inferRequestSchema = z.looseObject({
  id: z.string().max(200).optional().describe('Given back with the answer.'),
  parameters: z
    .looseObject({ binary_data_output: z.boolean().optional() })
    .optional()
    .describe('binary_data_output: all outputs as bytes behind the JSON.'),
  inputs: z
    .array(
      z.looseObject({
        name: tensorName,
        shape: z.array(z.int().min(0)).max(8),
        datatype: z.string().max(20),
        parameters: z.looseObject({ binary_data_size: z.int().min(0).optional() }).optional(),
        data: z
          .array(z.unknown())
          .optional()
          .describe('Row by row, flat or nested; left out where the bytes come behind the JSON.'),
      }),
    )
    .min(1)
    .max(16),
  outputs: z
    .array(
      z.looseObject({
        name: tensorName,
        parameters: z.looseObject({ binary_data: z.boolean().optional() }).optional(),
      }),
    )
    .max(16)
    .optional()
    .describe('Which outputs are wanted; all unless said.'),
});

/** The JSON of an inference answer. */
export const inferResponseSchema = z.object({
  model_name: z.string(),
  id: z.string().optional(),
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.int()),
      parameters,
      data: z.array(z.number()).optional(),
    }),
  ),
});

export type InferRequest = z.infer<typeof inferRequestSchema>;

/**
 * Takes an inference request apart: JSON, and with the binary extension the bytes of tensors behind it.
 *
 * @param headerLength - bytes of the JSON; null where all of the body is.
 * @throws SegprobeError `INVALID_REQUEST` naming what is wrong.
 */
export function parseInferRequest(
  body: Uint8Array,
  headerLength: number | null,
): { readonly request: InferRequest; readonly binary: Uint8Array } {
  const length = headerLength ?? body.length;
  if (length > body.length) {
    throw invalid(`a body of at least ${length} bytes, as its header says, got ${body.length}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body.subarray(0, length)));
  } catch (cause) {
    throw invalid(`JSON, got ${messageOf(cause).slice(0, 200)}`, cause);
  }
  const parsed = inferRequestSchema.safeParse(json);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues as [z.core.$ZodIssue];
    throw invalid(`an inference request, got at ${path.join('.') || 'the top'}: ${message}`);
  }
  return { request: parsed.data, binary: body.subarray(length) };
}

/** A request that breaks the protocol. */
export function invalid(expectation: string, cause?: unknown): SegprobeError {
  return new SegprobeError('INVALID_REQUEST', `expected ${expectation}`, { cause });
}

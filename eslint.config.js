import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** What each folder of src/ may import from its neighbours (DESIGN: imports run one way). */
const MAY_IMPORT = {
  shared: [],
  data: ['shared'],
  graph: ['shared'],
  train: ['shared', 'data', 'graph'],
  inference: ['shared', 'data'],
  export: ['shared', 'data', 'graph', 'train', 'inference'],
  report: ['shared', 'data', 'inference'],
  client: ['shared'],
  serve: ['shared', 'data', 'inference', 'report'],
  cli: ['shared', 'data', 'graph', 'train', 'inference', 'export', 'report', 'serve'],
};

/** Packages that only some folders may import. */
const PACKAGE_HOMES = [
  { group: ['@tensorflow/*'], homes: ['graph', 'train', 'export'] },
  { group: ['onnxruntime-node'], homes: ['inference', 'export'] },
  { group: ['express', 'helmet', 'pino-http', '@fastify/busboy'], homes: ['serve'] },
  { group: ['libsql', 'bullmq', 'ioredis', 'yauzl'], homes: ['serve'] },
  { group: ['sharp', 'fast-png'], homes: ['data', 'inference', 'serve'] },
  { group: ['preact', 'preact/*', '@preact/*', 'comlink'], homes: ['client'] },
  { group: ['onnxruntime-web'], homes: ['client', 'export'] },
  { group: ['vite', 'express-static-gzip'], homes: ['serve'] },
  { group: ['commander'], homes: ['cli'] },
];

/** The import lines of a folder of src/, and further ones. */
function restrictImports(folder, further = []) {
  const allowed = MAY_IMPORT[folder];
  const patterns = [
    ...Object.keys(MAY_IMPORT)
      .filter((other) => other !== folder && !allowed.includes(other))
      .map((other) => ({
        regex: `^(\\.\\./)+${other}/`,
        message: `src/${folder} may import only ${allowed.join(', ') || 'nothing'} (eslint.config.js).`,
      })),
    ...PACKAGE_HOMES.filter(({ homes }) => !homes.includes(folder)).map(({ group, homes }) => ({
      group,
      message: `Only src/{${homes.join(',')}} may import this package (eslint.config.js).`,
    })),
    ...(folder === 'shared' || folder === 'client'
      ? [{ group: ['node:*'], message: `src/${folder} runs in the browser.` }]
      : []),
    ...further,
  ];
  return { 'no-restricted-imports': ['error', { patterns }] };
}

const importLines = [
  ...Object.keys(MAY_IMPORT).map((folder) => ({
    files: [`src/${folder}/**/*.{ts,tsx}`],
    rules: restrictImports(folder),
  })),
  {
    files: ['src/client/*.{ts,tsx}', 'src/client/{components,service-worker}/**/*.{ts,tsx}'],
    rules: restrictImports('client', [
      { group: ['onnxruntime-web'], message: 'Models run in src/client/worker alone.' },
    ]),
  },
];

export default tseslint.config(
  // src/simd/assembly is AssemblyScript, whose own compiler checks it.
  { ignores: ['.tsbuild/', 'dist/', 'node_modules/', 'models/', 'save/', 'src/simd/assembly/'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowArray: true, allowNumber: true },
      ],
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      eqeqeq: 'error',
    },
  },
  ...importLines,
  {
    files: ['src/{shared,data,graph,train,export}/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Draw from a seeded generator.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // supertest's bodies and mocha's hooks are untyped at the edge.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  { files: ['src/cli/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['**/*.js'], languageOptions: { globals: globals.node } },
  prettier,
);

/** Set by the build: the version of ONNX Runtime whose files lie beside the page. */
declare const RUNTIME_VERSION: string;
/** Set by the build: another for each. */
declare const BUILD: string;

declare module '*.css';

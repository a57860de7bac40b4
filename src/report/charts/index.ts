export { barChart, type BarChart, type BarGroup } from './bar-chart.js';
export type { LegendEntry } from './frame.js';
export { lineChart, type Axis, type LineChart, type LineSeries } from './line-chart.js';
export { pictureGrid, type PictureGrid } from './picture-grid.js';
export { sideBySide } from './side-by-side.js';
export { svgToPng } from './svg-to-png.js';
export { EMBEDDED, LIGHT, type ChartColors } from './theme.js';

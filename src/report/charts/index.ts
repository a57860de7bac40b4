export { barChart, type BarChart, type BarGroup } from './bar-chart.js';
export type { LegendEntry } from './frame.js';
export { heatMap, type HeatMap } from './heat-map.js';
export { lineChart, type Axis, type LineChart, type LineSeries } from './line-chart.js';
export { pictureGrid, type PictureGrid, toDataUri } from './picture-grid.js';
export { sideBySide } from './side-by-side.js';
export { svgToPng } from './svg-to-png.js';
export { EMBEDDED, LIGHT, type ChartColors } from './theme.js';

// Small plots: bars of equal width, and what they say in words.

import { formatCount, formatDuration } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const BARS = 60;
const WIDTH = 240;
const HEIGHT = 56;

/** A picture whose words can be read out. */
export function createPlot() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'No results yet');
  for (let i = 0; i < BARS; i++) {
    const bar = document.createElementNS(SVG, 'rect');
    bar.setAttribute('x', i * WIDTH / BARS);
    bar.setAttribute('width', WIDTH / BARS - 1);
    svg.append(bar);
  }
  return svg;
}

/** Shows how many results came in each part of the batch's time. Returns the words. */
export function plotThroughput(svg, results) {
  let first = Infinity;
  let last = -Infinity;
  for (let at = 0; at < results.count; at++) {
    first = Math.min(first, results.done(at));
    last = Math.max(last, results.done(at));
  }
  // A second at least: of less time no rate can be told.
  const span = Math.max(1000, last - first);
  const bars = new Array(BARS).fill(0);
  for (let at = 0; at < results.count; at++) {
    bars[Math.min(BARS - 1, Math.floor((results.done(at) - first) / span * BARS))]++;
  }
  const rate = results.count / (span / 1000);
  const peak = Math.max(...bars) / (span / BARS / 1000);
  return draw(svg, bars, `${formatRate(rate)} results/s on average, ${formatRate(peak)}/s at the peak, over ${formatDuration(span)}`);
}

/** Shows how long requests took from their acceptance to their result. Returns the words. */
export function plotTimes(svg, results) {
  const times = new Float64Array(results.count);
  for (let at = 0; at < results.count; at++) {
    times[at] = results.time(at);
  }
  times.sort();
  const longest = Math.max(1, times[times.length - 1]);
  const bars = new Array(BARS).fill(0);
  for (const time of times) {
    bars[Math.min(BARS - 1, Math.floor(time / longest * BARS))]++;
  }
  const percentile = share => formatDuration(times[Math.min(times.length - 1, Math.floor(times.length * share))]);
  return draw(svg, bars, `half within ${percentile(0.5)}, 95 % within ${percentile(0.95)}, all within ${formatDuration(longest)}`);
}

function draw(svg, bars, words) {
  const most = Math.max(1, ...bars);
  bars.forEach((value, i) => {
    // What is there can be seen.
    const height = value === 0 ? 0 : Math.max(2, value / most * HEIGHT);
    svg.children[i].setAttribute('y', HEIGHT - height);
    svg.children[i].setAttribute('height', height);
  });
  svg.setAttribute('aria-label', words);
  return words;
}

const formatRate = rate => rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate));

// Small plots: bars of equal width, and what they say in words.

import { formatCount, formatDuration, roundDuration } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const BARS = 60;
const WIDTH = 240;
const HEIGHT = 56;

// Results between two looks at the clock.
const CHUNK = 1024;

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
export async function plotThroughput(svg, results, pause) {
  // What comes meanwhile is for the next time.
  const count = results.count;
  let first = Infinity;
  let last = -Infinity;
  for (let at = 0; at < count; at++) {
    const done = results.done(at);
    first = Math.min(first, done);
    last = Math.max(last, done);
    if (at % CHUNK === 0) {
      await pause();
    }
  }
  // A second at least: of less time no rate can be told.
  const span = Math.max(1000, last - first);
  const bars = new Array(BARS).fill(0);
  for (let at = 0; at < count; at++) {
    bars[Math.min(BARS - 1, Math.floor((results.done(at) - first) / span * BARS))]++;
    if (at % CHUNK === 0) {
      await pause();
    }
  }
  const rate = count / (span / 1000);
  const peak = Math.max(...bars) / (span / BARS / 1000);
  return draw(svg, bars, `${formatRate(rate)} results/s on average, ${formatRate(peak)}/s at the peak, over ${formatDuration(span)}`);
}

/** Shows how long requests took from their acceptance to their result. Returns the words. */
export async function plotTimes(svg, results, pause) {
  const count = results.count;
  // Counted by what is shown of them, which are some thousand values; to sort all would be one long task.
  const counts = new Map();
  let longest = 1;
  for (let at = 0; at < count; at++) {
    const time = results.time(at);
    longest = Math.max(longest, time);
    const shown = roundDuration(time);
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
    if (at % CHUNK === 0) {
      await pause();
    }
  }
  const bars = new Array(BARS).fill(0);
  const sorted = [...counts].sort((a, b) => a[0] - b[0]);
  for (const [time, number] of sorted) {
    bars[Math.min(BARS - 1, Math.floor(time / longest * BARS))] += number;
  }
  const percentile = share => {
    let before = 0;
    for (const [time, number] of sorted) {
      before += number;
      if (before > Math.min(count - 1, Math.floor(count * share))) {
        return formatDuration(time);
      }
    }
    return formatDuration(longest);
  };
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

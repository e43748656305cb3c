import { medianOf } from '../figures';
import type { Point } from '../measurements/measurement';
import { median } from '../../statistics';
import type { Line, LinePlot } from './line-plot';
import { type ReportedCase, type ReportedPoint, shown } from './reported';

interface Axis {
  readonly title: string;
  of(point: ReportedPoint): number;
}

const AXES: readonly Axis[] = [
  { title: 'steps a run', of: ({ steps }) => steps },
  { title: 'runs in flight', of: ({ inFlight }) => inFlight },
];

/** What was varied. Undefined: nothing. */
export const axisOf = (points: readonly ReportedPoint[]): Axis | undefined =>
  AXES.find(({ of }) => new Set(points.map(of)).size > 1);

/** The curves of one load's engines, each the median of its runs; named after what was varied, if anything was. */
export function curvesOf(points: readonly ReportedPoint[], point: ReportedPoint): Line[] {
  const axis = axisOf(points);
  const suffix = axis === undefined ? '' : `, ${axis.of(point).toLocaleString('en')} ${axis.title}`;
  return point.engines.map((engine) => {
    const curves = shown(engine).map(({ curve = [] }) => curve);
    const line = (curves[0] ?? []).map(([x], index): Point => [
      x,
      median(curves.map((curve) => curve[index]?.[1] ?? NaN)),
    ]);
    return { name: `${engine.name}${suffix}`, points: line };
  });
}

/** Cost against what was varied, and what changes within a run: each with the name of its file. */
export function plotsOf({ benchCase, points }: ReportedCase): { readonly file: string; readonly plot: LinePlot }[] {
  const { name, cost, curve } = benchCase;
  const axis = axisOf(points);
  const ofSeries = (found: Axis): LinePlot => ({
    title: `${name}: ${cost.title}`,
    x: { title: found.title, isLogarithmic: true },
    y: { title: cost.title },
    lines: (points[0]?.engines ?? []).map(({ name: engine }) => ({
      name: engine,
      points: points.flatMap((point) =>
        point.engines
          .filter((each) => each.name === engine)
          .map((each): Point => [found.of(point), medianOf(cost, shown(each))]),
      ),
    })),
  });
  return [
    ...(axis === undefined ? [] : [{ file: `${name}.svg`, plot: ofSeries(axis) }]),
    ...(curve === undefined
      ? []
      : [
          {
            file: `${name}-curve.svg`,
            plot: {
              title: `${name}: ${curve.y}`,
              x: { title: curve.x },
              y: { title: curve.y },
              lines: points.flatMap((point) => curvesOf(points, point)),
            },
          },
        ]),
  ];
}

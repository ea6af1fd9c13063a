//! Draws docs/benchmarks/*.svg of docs/benchmarks/scaling.csv: `cargo run -p schtag-benches --example plots`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a report")]

use schtag_tests::project;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A plot: file name, `what` in the CSV, title, name of the x axis, name of the y axis, whether x is logarithmic.
type Plot = (&'static str, &'static str, &'static str, &'static str, &'static str, bool);

const PLOTS: [Plot; 5] = [
    ("size", "size_fuel", "Cost by size of the record", "bytes", "thousand units of fuel", true),
    ("rules", "rules_fuel", "Cost by number of rules", "rules", "thousand units of fuel", true),
    ("rules-time", "rules_time", "Time by number of rules (wasmtime)", "rules", "µs a record", true),
    (
        "share",
        "share_fuel",
        "Mean cost by share of matching events",
        "% of the records",
        "thousand units of fuel",
        false,
    ),
    (
        "workers",
        "workers_rate",
        "Throughput of schtag tag by workers",
        "--jobs",
        "thousand records a second",
        false,
    ),
];

const COLOURS: [&str; 3] = ["#1f6feb", "#d1242f", "#8250df"];
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;

type Series = BTreeMap<String, Vec<(f64, f64)>>;

fn main() {
    let folder = project::root().join("docs/benchmarks");
    let csv = std::fs::read_to_string(folder.join("scaling.csv")).unwrap();
    for (name, what, title, x, y, logarithmic) in PLOTS {
        let mut series = Series::new();
        for line in csv.lines() {
            // The third field may have commas in it; the others have none.
            let Some((key, rest)) = line.split_once(',') else { continue };
            let (Some((at, rest)), true) = (rest.split_once(','), key == what) else { continue };
            let Some((of, value)) = rest.rsplit_once(',') else { continue };
            let scale = if y.starts_with("thousand") { 1e-3 } else { 1.0 };
            let point = (at.parse().unwrap(), value.parse::<f64>().unwrap() * scale);
            series.entry(of.to_owned()).or_default().push(point);
        }
        let path = folder.join(format!("{name}.svg"));
        std::fs::write(&path, draw(&series, title, x, y, logarithmic)).unwrap();
        println!("{}", path.display());
    }
}

/// The next round number that leaves at most five steps up to `end`.
fn step(end: f64) -> f64 {
    let power = 10f64.powf((end / 5.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| end / step <= 5.0)
        .unwrap_or(end)
}

fn number(value: f64) -> String {
    if value >= 1_024.0 && value % 1_024.0 == 0.0 {
        format!("{}k", value / 1_024.0)
    } else {
        format!("{value}")
    }
}

fn draw(series: &Series, title: &str, x_name: &str, y_name: &str, logarithmic: bool) -> String {
    let (left, right, top, bottom) = (70.0, 20.0, 40.0, 50.0);
    let points = || series.values().flatten().copied();
    let scale = |x: f64| if logarithmic { x.max(1.0).log2() } else { x };
    let first = points().map(|(x, _)| scale(x)).fold(f64::INFINITY, f64::min);
    let last = points().map(|(x, _)| scale(x)).fold(f64::NEG_INFINITY, f64::max);
    let most = points().map(|(_, y)| y).fold(0.0, f64::max);
    let step = step(most.max(f64::MIN_POSITIVE));
    let end = (most / step).ceil() * step;
    let x_of = |x: f64| left + (scale(x) - first) / (last - first).max(1e-9) * (WIDTH - left - right);
    let y_of = |y: f64| HEIGHT - bottom - y / end * (HEIGHT - top - bottom);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{left}\" y=\"22\" font-size=\"15\" font-weight=\"bold\">{title}</text>\n"
    );
    for tick in 0..=(end / step).round() as u32 {
        let value = f64::from(tick) * step;
        let y = y_of(value);
        let shown = (value * 1e6).round() / 1e6;
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>",
            WIDTH - right
        );
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{shown}</text>",
            left - 6.0,
            y + 4.0
        );
    }
    let mut ticks: Vec<f64> = points().map(|(x, _)| x).collect();
    ticks.sort_by(f64::total_cmp);
    // Two series may have nearly the same x, and neighbours may be too close for their numbers.
    let mut written = f64::NEG_INFINITY;
    for x in ticks {
        let at = x_of(x);
        if at - written > 36.0 {
            written = at;
            let _ = writeln!(
                svg,
                "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - bottom + 18.0,
                number(x)
            );
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{x_name}</text>\n\
         <text transform=\"translate(18 {:.1}) rotate(-90)\" text-anchor=\"middle\">{y_name}</text>",
        (left + WIDTH - right) / 2.0,
        HEIGHT - 10.0,
        (top + HEIGHT - bottom) / 2.0
    );
    for (index, ((name, points), colour)) in series.iter().zip(COLOURS).enumerate() {
        let line: Vec<String> =
            points.iter().map(|(x, y)| format!("{:.1},{:.1}", x_of(*x), y_of(*y))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            line.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                x_of(*x),
                y_of(*y)
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
            left + 10.0,
            top + 14.0 + 16.0 * index as f64
        );
    }
    svg.push_str("</svg>\n");
    svg
}

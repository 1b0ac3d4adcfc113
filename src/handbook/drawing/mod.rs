//! Lifecycles as a drawing: statuses in layers from the start down, ways between them, and along a way what takes a case there by
//! itself. One SVG that needs nothing else. An end that very many statuses lead to is named in each of them: its arrows would
//! hide all others.

mod layout;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use layout::{Placed, Point, place};

use crate::domain::lifecycle::{Action, Class, Lifecycle, Status};
use crate::hypertext::escaped;

/// An end with so many ways to it is named, not drawn to.
const WAYS_TO_END_MIN: usize = 4;
/// Longest line of a label, in characters.
const LINE_CHARACTERS: usize = 24;
/// Longest text along a way, in characters.
const CAUSE_CHARACTERS_MAX: usize = 34;
const MARGIN: f64 = 28.0;
const HEADING: f64 = 58.0;
const LINE: f64 = 16.0;
const SMALL_LINE: f64 = 13.0;
/// Rough widths of a character of the heading, of the label, and of the small print.
const HEADING_CHARACTER: f64 = 12.4;
const CHARACTER: f64 = 7.6;
const SMALL_CHARACTER: f64 = 6.1;

const STYLE: &str = "\
text{font-family:'DejaVu Sans',Verdana,sans-serif;fill:#1c2733}\
.h{font-size:17px;font-weight:bold}.l{font-size:13px;text-anchor:middle}.c{font-size:10px;text-anchor:middle;fill:#5b6875}\
.w{fill:none;stroke:#5b6875;stroke-width:1.3}.b{stroke-dasharray:5 4;stroke:#8a5a9e}\
.t{font-size:9.5px;text-anchor:middle;fill:#33506b;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}\
.e{font-size:10px;text-anchor:middle;fill:#9a3324}.q{font-size:11px;fill:#5b6875}\
rect{stroke-width:1.4}.start rect{fill:#e3f4e6;stroke:#3b8a4c}.work rect{fill:#e6f0fb;stroke:#3f74ad}\
.waiting rect{fill:#fff3d6;stroke:#b98311}.decision rect{fill:#efe6f8;stroke:#7a4aa8}.resting rect{fill:#eef0f2;stroke:#7d8790}\
.terminal rect{fill:#dfe4e8;stroke:#2b3743;stroke-width:2.4}.annulled rect{fill:#fbe4e0;stroke:#b03a2a;stroke-width:2.4}";

/// Kinds of statuses with the words of the legend.
const LEGEND: [(Class, &str); 7] = [
    (Class::Start, "начало"),
    (Class::Work, "в работе"),
    (Class::Waiting, "ждёт"),
    (Class::Decision, "решение принято"),
    (Class::Resting, "приостановлено"),
    (Class::Terminal, "конец"),
    (Class::Annulled, "аннулировано"),
];

/// The drawing of these lifecycles, one below the other.
#[must_use]
pub fn svg(lifecycles: &[&Lifecycle]) -> String {
    let drawn: Vec<Drawn<'_>> = lifecycles.iter().map(|one| Drawn::of(one)).collect();
    let widest = drawn.iter().map(Drawn::width).fold(legend_width(), f64::max);
    let (width, mut height) = (widest + 2.0 * MARGIN, MARGIN);
    let mut body = String::new();
    legend(&mut body, height);
    height += 3.0 * LINE + MARGIN;
    for one in &drawn {
        one.write(&mut body, height);
        height += one.height() + MARGIN;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\">\n<title>{}</title>\n<style>{STYLE}</style>\n<defs><marker id=\"a\" viewBox=\"0 0 8 8\" \
         refX=\"7.5\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#5b6875\"/>\
         </marker></defs>\n<rect x=\"0\" y=\"0\" width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#fff\"/>\n{body}</svg>\n",
        escaped(lifecycles.first().map_or("", |one| one.label()))
    )
}

/// A lifecycle on its sheet.
struct Drawn<'l> {
    lifecycle: &'l Lifecycle,
    boxes: Vec<StatusBox<'l>>,
    ways: Vec<(usize, usize)>,
    placed: Placed,
}

/// A status as it is drawn.
struct StatusBox<'l> {
    status: &'l Status,
    label: Vec<String>,
    /// Ends that it leads to and that no arrow is drawn to.
    ends: Vec<String>,
}

impl<'l> Drawn<'l> {
    fn of(lifecycle: &'l Lifecycle) -> Self {
        let statuses = lifecycle.statuses();
        let named = named_ends(statuses);
        let boxes: Vec<StatusBox<'l>> = statuses
            .iter()
            .map(|status| {
                let ends = status.next.iter().filter(|next| named.contains(next.as_str()));
                let ends = ends.filter_map(|next| lifecycle.status(next)).map(|end| format!("→ {}", end.label));
                StatusBox { status, label: wrapped(&status.label), ends: ends.collect() }
            })
            .collect();
        let at = |code: &String| statuses.iter().position(|status| status.code == *code);
        let ways: Vec<(usize, usize)> = statuses
            .iter()
            .enumerate()
            .flat_map(|(from, status)| {
                let drawn = status.next.iter().filter(|next| !named.contains(next.as_str()));
                drawn.filter_map(at).map(move |to| (from, to)).collect::<Vec<_>>()
            })
            .collect();
        let sizes: Vec<(f64, f64)> = boxes.iter().map(StatusBox::size).collect();
        let placed = place(&sizes, &ways);
        Self { lifecycle, boxes, ways, placed }
    }

    fn width(&self) -> f64 {
        self.placed.width.max(chars(self.heading().chars().count()) * HEADING_CHARACTER)
    }

    fn heading(&self) -> String {
        let kind = self.lifecycle.kind();
        format!("{}: {} ({})", self.lifecycle.label(), kind.label, kind.code)
    }

    fn height(&self) -> f64 {
        HEADING + self.placed.height + 2.0 * LINE
    }

    fn write(&self, out: &mut String, top: f64) {
        let heading = escaped(&self.heading());
        let _ = writeln!(out, "<text class=\"h\" x=\"{MARGIN}\" y=\"{:.1}\">{heading}</text>", top + 20.0);
        let _ = writeln!(out, "<g transform=\"translate({MARGIN} {:.1})\">", top + HEADING);
        for ((from, to), bends) in self.ways.iter().zip(&self.placed.edges) {
            way(bends, from > to, out);
        }
        for (status, centre) in self.boxes.iter().zip(&self.placed.nodes) {
            status.write(*centre, out);
        }
        for (at, ((from, to), bends)) in self.ways.iter().zip(&self.placed.edges).enumerate() {
            let causes = causes(self.boxes[*from].status, &self.boxes[*to].status.code);
            words(bends, &causes, at, out);
        }
        out.push_str("</g>\n");
    }
}

impl StatusBox<'_> {
    fn size(&self) -> (f64, f64) {
        let longest = |lines: &[String], width: f64| {
            lines.iter().map(|line| chars(line.chars().count()) * width).fold(0.0, f64::max)
        };
        let width = longest(&self.label, CHARACTER)
            .max(longest(&self.ends, SMALL_CHARACTER))
            .max(chars(self.status.code.chars().count()) * SMALL_CHARACTER);
        let height = 14.0 + chars(self.label.len()) * LINE + chars(self.ends.len() + 1) * SMALL_LINE;
        (width + 22.0, height)
    }

    fn write(&self, centre: Point, out: &mut String) {
        let (width, height) = self.size();
        let class = class(self.status.class);
        let (left, top) = (centre.x - width / 2.0, centre.y - height / 2.0);
        let _ = writeln!(out, "<g class=\"{class}\">");
        let rect = |grown: f64, out: &mut String| {
            let _ = writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"7\"/>",
                left - grown,
                top - grown,
                width + 2.0 * grown,
                height + 2.0 * grown
            );
        };
        // What stands in force has a double border.
        if self.status.standing {
            rect(3.5, out);
        }
        rect(0.0, out);
        let mut y = top + 18.0;
        let mut line = |class: &str, text: &str, step: f64| {
            let _ =
                writeln!(out, "<text class=\"{class}\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>", centre.x, escaped(text));
            y += step;
        };
        self.label.iter().for_each(|text| line("l", text, LINE));
        line("c", &self.status.code, SMALL_LINE);
        self.ends.iter().for_each(|text| line("e", text, SMALL_LINE));
        out.push_str("</g>\n");
    }
}

/// Ends with so many ways to them that they are named in each status instead.
fn named_ends(statuses: &[Status]) -> BTreeSet<&str> {
    let ways = |code: &str| statuses.iter().filter(|status| status.next.iter().any(|next| next == code)).count();
    statuses
        .iter()
        .filter(|status| status.class.is_end() && ways(&status.code) >= WAYS_TO_END_MIN)
        .map(|status| status.code.as_str())
        .collect()
}

/// What takes a case from a status to another by itself, in few words.
fn causes(status: &Status, to: &str) -> String {
    let reactions = status.on.iter().filter(|reaction| reaction.to.as_deref() == Some(to));
    let timers = status.timers.iter().filter(|timer| {
        matches!(&timer.action, Action::Move { to: target, .. } | Action::Extract { to: target, .. } if target == to)
    });
    let words: Vec<String> = reactions
        .map(|reaction| reaction.happening.to_string())
        .chain(timers.map(|timer| format!("timer {}", timer.code)))
        .collect();
    let mut text = words.join(", ");
    if let Some((at, _)) = text.char_indices().nth(CAUSE_CHARACTERS_MAX) {
        text.truncate(at);
        text.push('…');
    }
    text
}

fn way(bends: &[Point], back: bool, out: &mut String) {
    let Some(first) = bends.first() else { return };
    let mut path = format!("M{:.1} {:.1}", first.x, first.y);
    for (at, pair) in bends.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        if at % 2 == 1 {
            // Through a layer: straight.
            let _ = write!(path, "L{:.1} {:.1}", to.x, to.y);
        } else {
            let middle = f64::midpoint(from.y, to.y);
            let _ = write!(path, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", from.x, to.x, to.x, to.y);
        }
    }
    let class = if back { "w b" } else { "w" };
    let _ = writeln!(out, "<path class=\"{class}\" marker-end=\"url(#a)\" d=\"{path}\"/>");
}

/// What stands along a way: in the gap at its beginning, neighbours on different lines.
fn words(bends: &[Point], text: &str, number: usize, out: &mut String) {
    if let ([from, to, ..], false) = (bends, text.is_empty()) {
        let line = chars(number % 3) * 11.0 - 8.0;
        let (x, y) = (f64::midpoint(from.x, to.x), f64::midpoint(from.y, to.y) + line);
        let _ = writeln!(out, "<text class=\"t\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Start => "start",
        Class::Work => "work",
        Class::Waiting => "waiting",
        Class::Decision => "decision",
        Class::Resting => "resting",
        Class::Terminal => "terminal",
        Class::Annulled => "annulled",
    }
}

/// Places of the legend's marks and words.
fn legend_marks() -> impl Iterator<Item = (f64, Class, &'static str)> {
    let mut x = MARGIN;
    LEGEND.into_iter().map(move |(class, words)| {
        let at = x;
        x += 40.0 + chars(words.chars().count()) * 7.2;
        (at, class, words)
    })
}

fn legend_width() -> f64 {
    legend_marks().last().map_or(0.0, |(x, _, words)| x + 30.0 + chars(words.chars().count()) * 7.2)
}

fn legend(out: &mut String, top: f64) {
    for (x, kind, words) in legend_marks() {
        let _ = writeln!(
            out,
            "<g class=\"{}\"><rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"18\" height=\"12\" rx=\"3\"/><text class=\"q\" \
             x=\"{:.1}\" y=\"{:.1}\">{words}</text></g>",
            class(kind),
            x + 24.0,
            top + 10.5
        );
    }
    let _ = writeln!(
        out,
        "<text class=\"q\" x=\"{MARGIN}\" y=\"{:.1}\">Пунктир — возврат; двойная рамка — действует; надпись у стрелки — что \
         переводит автоматически.</text>\n<text class=\"q\" x=\"{MARGIN}\" y=\"{:.1}\">«→» в рамке — конец, в который ведёт этот статус.</text>",
        top + 32.0,
        top + 48.0
    );
}

/// A label on lines of bearable length, broken at spaces.
fn wrapped(label: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in label.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < LINE_CHARACTERS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn chars(count: usize) -> f64 {
    u32::try_from(count).map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lifecycle::{Shelf, System};

    #[test]
    fn every_status_and_way_is_drawn() {
        let shelf = Shelf::load("kinds.toml", include_str!("../../../xsd/common/kinds.toml")).unwrap();
        let system = System::load("epgu.toml", include_str!("../../../xsd/epgu/lifecycle.toml"), &shelf).unwrap();
        let drawn = svg(&[system.main()]);
        for status in system.main().statuses() {
            assert!(drawn.contains(&format!(">{}</text>", status.code)), "{}", status.code);
        }
        let named = named_ends(system.main().statuses());
        assert!(named.contains("cancelled") && !named.contains("closed"));
        let ways = system.main().statuses().iter().flat_map(|status| &status.next);
        let arrows = ways.clone().filter(|next| !named.contains(next.as_str())).count();
        assert_eq!(drawn.matches("marker-end").count(), arrows);
        assert_eq!(drawn.matches("class=\"e\"").count(), ways.count() - arrows);
        assert!(drawn.contains(">payment:paid</text>") && drawn.contains("timer unpaid"));
        roxmltree::Document::parse(&drawn).unwrap();
    }

    #[test]
    fn labels_break_at_spaces() {
        for (label, lines) in [
            ("Получено", &["Получено"][..]),
            ("Ожидает дополнительных данных", &["Ожидает дополнительных", "данных"]),
            ("", &[]),
        ] {
            assert_eq!(wrapped(label), lines, "{label}");
        }
    }
}

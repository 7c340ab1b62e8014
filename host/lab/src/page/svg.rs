//! Marks and words of a chart.

use std::fmt::Write as _;

/// Colours of `style.css`.
const COLOURS: usize = 8;
const MARK_SIZE: f64 = 5.5;

/// Text for HTML and SVG: also safe inside of an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Where letters hang.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing under way.
#[derive(Debug, Default)]
pub(crate) struct Drawing(String);

impl Drawing {
    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = write!(
            self.0,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let ((x, y), text) = (at, escaped(text));
        let _ = write!(
            self.0,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    /// Text that reads upwards.
    pub(crate) fn upright(&mut self, at: (f64, f64), text: &str) {
        let ((x, y), text) = (at, escaped(text));
        let _ = write!(
            self.0,
            "<text transform=\"translate({x:.1} {y:.1}) rotate(-90)\" text-anchor=\"middle\">{text}</text>"
        );
    }

    pub(crate) fn curve(&mut self, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(self.0, "<polyline class=\"curve\" points=\"{}\"/>", points.join(" "));
    }

    /// A curve in the colour of a series. `title` is shown where a pointer rests on it.
    pub(crate) fn trace(&mut self, series: usize, points: &[(f64, f64)], title: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            self.0,
            "<polyline fill=\"none\" stroke=\"var(--s{})\" stroke-width=\"1.8\" points=\"{}\"><title>{}</title></polyline>",
            series % COLOURS,
            points.join(" "),
            escaped(title)
        );
    }

    /// A line in the colour of a series.
    pub(crate) fn bar(&mut self, series: usize, from: (f64, f64), to: (f64, f64)) {
        let (colour, (x1, y1), (x2, y2)) = (series % COLOURS, from, to);
        let _ = write!(
            self.0,
            "<line stroke=\"var(--s{colour})\" stroke-width=\"1.4\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// The mark of a series: its colour and its shape. `title` is shown where a pointer rests on it.
    pub(crate) fn mark(&mut self, series: usize, at: (f64, f64), title: &str) {
        let title = escaped(title);
        let _ = write!(
            self.0,
            "<path fill=\"var(--s{})\" d=\"{}\"><title>{title}</title></path>",
            series % COLOURS,
            shape(series, at)
        );
    }

    /// The whole picture, `width` by `height`; `label` says what it shows.
    pub(crate) fn into_svg(self, width: f64, height: f64, label: &str) -> String {
        let (body, label) = (self.0, escaped(label));
        format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">{body}</svg>")
    }
}

/// Circle, square, diamond, triangle up, triangle down, and again.
fn shape(series: usize, (x, y): (f64, f64)) -> String {
    let r = MARK_SIZE;
    let corners = |corners: &[(f64, f64)]| {
        let points: Vec<String> =
            corners.iter().map(|(dx, dy)| format!("{:.1} {:.1}", x + r * dx, y + r * dy)).collect();
        format!("M{}Z", points.join("L"))
    };
    match series % 5 {
        0 => format!("M{:.1} {y:.1}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z", x - r, d = 2.0 * r),
        1 => corners(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        2 => corners(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
        3 => corners(&[(0.0, -1.2), (1.15, 0.85), (-1.15, 0.85)]),
        _ => corners(&[(0.0, 1.2), (1.15, -0.85), (-1.15, -0.85)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_scheme_calls_itself_becomes_markup() {
        let mut drawing = Drawing::default();
        drawing.text("tick", (1.0, 2.0), Anchor::Middle, "<script>\"&'");
        let svg = drawing.into_svg(10.0, 10.0, "a \"chart\"");
        assert!(svg.contains("&lt;script&gt;&quot;&amp;&#39;</text>"), "{svg}");
        assert!(svg.contains("aria-label=\"a &quot;chart&quot;\""), "{svg}");
    }
}

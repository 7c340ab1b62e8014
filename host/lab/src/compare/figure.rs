//! A measured figure: the median of several runs and how far they lie apart.

use serde::Serialize;

/// Of several runs. Quartiles are interpolated between neighbours (R's type 7).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The middle one.
    pub median: f64,
    /// The lower quartile.
    pub q1: f64,
    /// The upper quartile.
    pub q3: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// How many.
    pub runs: usize,
}

impl Figure {
    /// Of the runs that gave a number; `None` where none did.
    #[must_use]
    pub fn of(runs: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = runs.iter().copied().filter(|run| run.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let at = |share| quantile(&sorted, share);
        Some(Self { median: at(0.5), q1: at(0.25), q3: at(0.75), min, max, runs: sorted.len() })
    }

    /// The same in units of `divisor`.
    #[must_use]
    pub fn divided(&self, divisor: f64) -> Self {
        let Self { median, q1, q3, min, max, runs } = *self;
        let of = |value: f64| value / divisor;
        Self { median: of(median), q1: of(q1), q3: of(q3), min: of(min), max: of(max), runs }
    }

    /// The interquartile range.
    #[must_use]
    pub fn iqr(&self) -> f64 {
        self.q3 - self.q1
    }

    /// The interquartile range in percent of the median.
    #[must_use]
    pub fn spread_percent(&self) -> f64 {
        match self.iqr() {
            0.0 => 0.0,
            iqr => 100.0 * iqr / self.median.abs(),
        }
    }
}

/// The value below which `share` of the ascending `sorted` lies; 0 of none.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let (low, high) = (sorted[below], sorted[last.min(below + 1)]);
    low + (high - low) * (place - place.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_their_neighbours() {
        let figure = Figure::of(&[5.0, 1.0, 3.0, 2.0, 4.0]).unwrap();
        assert_eq!((figure.q1, figure.median, figure.q3), (2.0, 3.0, 4.0));
        assert_eq!((figure.min, figure.max, figure.runs), (1.0, 5.0, 5));
        let even = Figure::of(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((even.q1, even.median, even.q3, even.iqr()), (1.75, 2.5, 3.25, 1.5));
        assert_eq!(even.spread_percent(), 60.0);
    }

    #[test]
    fn one_run_has_no_spread_and_none_no_figure() {
        assert_eq!(Figure::of(&[7.0]).map(|figure| figure.spread_percent()), Some(0.0));
        assert_eq!(Figure::of(&[]), None);
        assert_eq!(Figure::of(&[f64::NAN, f64::INFINITY]), None);
        assert_eq!(Figure::of(&[0.0, 0.0]).map(|figure| figure.spread_percent()), Some(0.0));
    }

    #[test]
    fn a_quantile_of_the_ends_is_an_end() {
        assert_eq!((quantile(&[1.0, 9.0], 0.0), quantile(&[1.0, 9.0], 1.0)), (1.0, 9.0));
        assert_eq!(quantile(&[1.0, 9.0], 0.25), 3.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }
}
